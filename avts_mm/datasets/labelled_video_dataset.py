"""Labelled videos for recognition, from the same annotation files.

What `tools/data/prepare_av.py` has prepared for pretraining, with a label for
each video, can be finetuned on without another list or format.
"""

import os
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from mmaction.registry import DATASETS
from mmengine.dataset import force_full_init
from mmengine.logging import print_log

from avts_mm.media.annotation import iter_records

from .item_loading import ReplacesUnreadable, SeededDataset, UnreadableFiles


@DATASETS.register_module()
class LabelledVideoDataset(SeededDataset, ReplacesUnreadable):
    """Annotated videos with their labels.

    The pipeline gets a dict with ``filename``, ``span`` (begin and duration
    in seconds of the part to draw clips from), ``label``, ``prepared_bytes``,
    and mmaction2's ``modality`` and ``start_index``; `LoadVideoClips` reads
    it, and mmaction2's transforms and `PackActionInputs` follow.

    Args:
        ann_file (str): CSV file with the columns ``video, audio, start,
            duration, label``; see
            :mod:`avts_mm.media.annotation`.
        pipeline (list): Transforms.
        label_share (float): Use only this share of the videos of each class,
            at least one, to see what few labels do. Defaults to 1.0.
        share_seed (int): Decides which; of the same seed a larger share
            contains the smaller ones. Defaults to 0.
        data_root (str): What relative paths, that of ``ann_file`` as well,
            are relative to. Defaults to ''.
        test_mode (bool): Whether it is tested on; a video that cannot be read
            is then an error. Defaults to False.
        max_failures_in_a_row (int): Unreadable videos in a row after which
            training stops. Defaults to 100.
        metainfo (dict, optional): Added to the dataset's.
        indices (int or Sequence[int], optional): Use the first (negative:
            last) few records, or these.
        lazy_init (bool): Read the annotation at first use.
            Defaults to False.

    Attributes:
        largest_label (int): The largest number of a class in the file.

    Raises:
        FileNotFoundError: There is no such annotation file.
        ValueError: The annotation is malformed or empty, or a record has no
            label.
    """

    def __init__(
        self,
        ann_file: str,
        pipeline: Sequence[dict | Callable] = (),
        label_share: float = 1.0,
        share_seed: int = 0,
        data_root: str = '',
        test_mode: bool = False,
        max_failures_in_a_row: int = 100,
        metainfo: Mapping | None = None,
        indices: int | Sequence[int] | None = None,
        lazy_init: bool = False,
    ) -> None:
        if not 0 < label_share <= 1:
            raise ValueError(
                f'label_share must be above 0 and at most 1, not {label_share}'
            )
        self.label_share = label_share
        self.share_seed = share_seed
        self.unreadable = UnreadableFiles(
            max_failures_in_a_row,
            f'Check the files of {ann_file}, and data_root={data_root!r}',
        )
        super().__init__(
            ann_file=ann_file,
            metainfo=metainfo,
            data_root=data_root or '',
            data_prefix={},
            indices=indices,
            pipeline=list(pipeline),
            test_mode=test_mode,
            lazy_init=lazy_init,
        )

    def load_data_list(self) -> list[dict]:
        """Read the annotation, and draw the share of it to use."""
        records = list(iter_records(self.ann_file))
        if not records:
            raise ValueError(f'{self.ann_file} has only a header')
        unlabelled = [record for record in records if record.label < 0]
        if unlabelled:
            raise ValueError(
                f'{self.ann_file}: {len(unlabelled)} of {len(records)} '
                f'records have no label, the first is {unlabelled[0].video}; '
                'number the classes from 0 in the column "label"'
            )
        labels = np.array([record.label for record in records])
        self.largest_label = int(labels.max())
        kept = self._share(labels)
        print_log(
            f'{self.ann_file}: {len(kept)} of {len(records)} videos used',
            logger='current',
        )
        return [
            dict(
                filename=os.path.join(self.data_root, records[i].video),
                span=(records[i].start, records[i].duration),
                label=records[i].label,
                prepared_bytes=records[i].prepared_bytes,
            )
            for i in kept
        ]

    def _share(self, labels: np.ndarray) -> np.ndarray:
        """Indices of the first ``label_share`` of each class at random."""
        order = np.random.default_rng(self.share_seed).permutation(len(labels))
        kept = []
        for label in np.unique(labels):
            places = order[labels[order] == label]
            number = max(1, round(len(places) * self.label_share))
            kept.append(places[:number])
        return np.sort(np.concatenate(kept))

    @force_full_init
    def get_data_info(self, idx: int) -> dict:
        """One record, as the pipeline gets it."""
        info = super().get_data_info(idx)
        return dict(**info, modality='RGB', start_index=0)
