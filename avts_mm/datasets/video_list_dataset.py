"""Lists of videos with the number of a class each, for finetuning."""

import os

import numpy as np
from mmaction.datasets import VideoDataset
from mmaction.registry import DATASETS
from mmengine.logging import print_log

from avts_mm.media.annotation import open_text

from .item_loading import ReplacesUnreadable, SeededDataset, UnreadableFiles


@DATASETS.register_module()
class VideoListDataset(SeededDataset, ReplacesUnreadable, VideoDataset):
    """mmaction2's ``VideoDataset`` that looks at its list before training.

    The list has a line ``path label`` for each video; the label is what
    follows the last white space, so that names may hold spaces.

    Args:
        ann_file (str): The list.
        pipeline (Sequence[dict]): Transforms; what they find is ``filename``
            and ``label``.
        data_prefix (dict): ``video`` is the folder of relative paths.
        allow_missing (bool): Leave out videos that are not there, instead of
            stopping. Defaults to False.
        max_failures_in_a_row (int): Unreadable videos in a row after which
            training stops. Defaults to 100.
        kwargs: Further arguments of ``VideoDataset``.

    Attributes:
        largest_label (int): The largest number of a class in the list.

    Raises:
        FileNotFoundError: There is no such list, or videos are missing; says
            how many and which is the first.
        ValueError: The list is malformed or empty.
    """

    def __init__(
        self,
        ann_file: str,
        pipeline,
        data_prefix: dict | None = None,
        allow_missing: bool = False,
        max_failures_in_a_row: int = 100,
        **kwargs,
    ) -> None:
        self.allow_missing = allow_missing
        self.unreadable = UnreadableFiles(
            max_failures_in_a_row, f'Check the files of {ann_file}'
        )
        super().__init__(
            ann_file,
            pipeline,
            data_prefix=dict(data_prefix or dict(video='')),
            **kwargs,
        )

    def load_data_list(self) -> list[dict]:
        """Read the list and look for the videos."""
        if not os.path.isfile(self.ann_file):
            raise FileNotFoundError(
                f'{self.ann_file}: no such list of videos; make it (for '
                'UCF101 and HMDB51 by build_lists.py in tools/data), or '
                'correct data_root and ann_file in the config'
            )
        read = super().load_data_list if self.multi_class else self._read
        items = self._present(read())
        if not items:
            raise ValueError(f'{self.ann_file}: lists no video')
        self.largest_label = max(int(np.max(i['label'])) for i in items)
        return items

    def _read(self) -> list[dict]:
        folder = self.data_prefix.get('video') or ''
        items = []
        with open_text(self.ann_file, newline=None) as file:
            for number, line in enumerate(file, 1):
                if not line.strip():
                    continue
                *path, label = line.rsplit(maxsplit=1)
                if not path or not label.isdecimal() or len(label) > 18:
                    raise ValueError(
                        f'{self.ann_file}, line {number}: must be "path '
                        'label", the label an integer from 0 on, not '
                        f'{line.strip()[:80]!r}'
                    )
                name = os.path.join(folder, path[0])
                items.append(dict(filename=name, label=int(label)))
        return items

    def _present(self, items: list[dict]) -> list[dict]:
        present = [i for i in items if os.path.isfile(i['filename'])]
        if len(present) == len(items):
            return items
        missing = next(
            i['filename'] for i in items if not os.path.isfile(i['filename'])
        )
        text = (
            f'{self.ann_file}: {len(items) - len(present)} of {len(items)} '
            f'videos are missing, the first is {missing}'
        )
        if not self.allow_missing:
            raise FileNotFoundError(
                f'{text}; fetch them, correct data_root and data_prefix in '
                'the config, or set allow_missing=True to go on without'
            )
        print_log(f'{text}; left out', logger='current')
        return present
