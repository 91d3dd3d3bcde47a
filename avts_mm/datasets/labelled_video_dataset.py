"""Labelled videos for recognition, from the same annotation files.

What `tools/data/prepare_av.py` has prepared for pretraining, with a label for
each video, can be finetuned on without another list or format.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from mmaction.registry import DATASETS
from mmengine.dataset import BaseDataset, force_full_init
from mmengine.logging import print_log

from avts_mm.media import locate
from avts_mm.media.annotation import ListError

from .item_loading import UnreadableFiles, ends_after
from .transforms.av_clips import LoadAVAudio
from .usable_records import usable_records


@DATASETS.register_module()
class LabelledVideoDataset(BaseDataset):
    """Annotated videos with their labels.

    The pipeline gets a dict with ``filename``, ``audio_path`` (empty of a
    video without sound), ``span`` (begin and duration in seconds of the part
    to draw clips from), ``label``, ``prepared_bytes``, and mmaction2's
    ``modality`` and ``start_index``; `LoadVideoClips` reads it, and
    mmaction2's transforms and `PackActionInputs` follow.

    In training an unreadable video is replaced by the next one of the list,
    with the label of that one: lists are mostly sorted by class, so the
    classes stay as frequent as they are. In testing it is an error.

    Args:
        ann_file (str): CSV file with the columns ``video, audio, start,
            duration, label``, or a list of mmaction2's, ``path label``; see
            :mod:`avts_mm.media.annotation`. Where the duration is empty, the
            whole video is meant.
        pipeline (list): Transforms.
        label_share (float): Use only this share of the videos of each class,
            at least one, to see what few labels do. Defaults to 1.0.
        share_seed (int): Decides which; of the same seed a larger share
            contains the smaller ones. Defaults to 0.
        data_root (str): What relative paths, that of ``ann_file`` as well,
            are relative to. Defaults to ''.
        data_prefix (dict, optional): As of mmaction2's ``VideoDataset``:
            ``dict(video=...)``, the folder of the videos below
            ``data_root``.
        max_failures_in_a_row (int): Unreadable videos in a row after which
            training stops. Defaults to 100.
        bad_files (str, optional): As of :class:`AVRecordDataset`.
        backend_args (dict, optional): As of :class:`AVRecordDataset`.
        **kwargs: Of mmengine's ``BaseDataset``, e.g. ``test_mode``.

    Raises:
        FileNotFoundError: There is no such annotation file.
        ValueError: The annotation is malformed or empty, or a record has no
            label.
    """

    ann_file: str

    # Seconds that reading a video may take; then the process ends.
    time_limit = 60.0

    def __init__(
        self,
        ann_file: str,
        pipeline: Sequence[dict | Callable] = (),
        label_share: float = 1.0,
        share_seed: int = 0,
        data_root: str = '',
        data_prefix: dict | None = None,
        max_failures_in_a_row: int = 100,
        bad_files: str | None = None,
        backend_args: Mapping | None = None,
        **kwargs,
    ) -> None:
        if not 0 < label_share <= 1:
            raise ValueError(
                f'label_share must be above 0 and at most 1, not {label_share}'
            )
        self.label_share = label_share
        self.share_seed = share_seed
        self.bad_files = bad_files
        self.backend_args = backend_args
        self.unreadable = UnreadableFiles(
            max_failures_in_a_row,
            f'Check the files of {ann_file}, and data_root={data_root!r}',
        )
        super().__init__(
            ann_file=ann_file,
            data_root=data_root,
            data_prefix=dict(data_prefix or {'video': ''}),
            pipeline=list(pipeline),
            **kwargs,
        )

    def _join_prefix(self) -> None:
        """As mmengine's, for any storage."""
        root, args = self.data_root or '', self.backend_args
        self.ann_file = locate(root, self.ann_file, args)
        folder = self.data_prefix['video']
        self.data_prefix['video'] = locate(root, folder, args)

    def load_data_list(self) -> list[dict]:
        """Read the annotation, and draw the share of it to use."""
        folder = self.data_prefix['video']
        sound = any(
            isinstance(step, LoadAVAudio) and not step.optional
            for step in self.pipeline.transforms
        )
        records = list(
            usable_records(
                self.ann_file,
                folder,
                bad_files=self.bad_files,
                sound=sound,
                backend_args=self.backend_args,
            )
        )
        unlabelled = [record for record in records if record.label < 0]
        if unlabelled:
            raise ListError(
                f'{self.ann_file}: {len(unlabelled)} of {len(records)} '
                f'records have no label, the first is {unlabelled[0].video}; '
                'number the classes from 0 in the column "label"'
            )
        kept = self._share(np.array([record.label for record in records]))
        if len(kept) < len(records):
            print_log(f'{len(kept)} of these are kept', logger='current')
        return [
            dict(
                filename=locate(folder, records[i].video, self.backend_args),
                audio_path=records[i].sound
                and locate(folder, records[i].sound, self.backend_args),
                span=(records[i].start, records[i].duration),
                label=records[i].label,
                prepared_bytes=records[i].prepared_bytes,
                modality='RGB',
                start_index=0,
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
    def __getitem__(self, idx: int) -> Any:
        """Load a video.

        Raises:
            MediaError: It cannot be read, in test mode.
            RuntimeError: Too many in a row cannot be read, in training.
        """
        if self.test_mode:
            return self.prepare_data(idx)
        return self.unreadable.load(
            idx, self.prepare_data, lambda i: (i + 1) % len(self)
        )

    def prepare_data(self, idx: int) -> Any:
        """Run the pipeline on a video."""
        info = self.get_data_info(idx)
        with ends_after(self.time_limit, info['filename']):
            return self.pipeline(info)
