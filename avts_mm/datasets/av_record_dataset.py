"""Annotated videos as records: what data sets of pairs and of clips share.

The annotation is held as columns (a few arrays, whatever the number of
videos, which workers share).
"""

import copy
import os
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import numpy as np
from mmengine.dataset import BaseDataset, force_full_init
from mmengine.logging import print_log

from .pairs import KIND_NAMES, PairTiming
from .record_table import RecordTable, read_record_table
from .unreadable import UnreadableFiles

Self = TypeVar('Self', bound='AVRecordDataset')


class AVRecordDataset(BaseDataset):
    """Records of videos with sound. What an item is, is up to subclasses.

    Records without sound, or shorter than a clip, are left out and counted
    in the log.

    Args:
        ann_file (str): CSV file with the columns ``video, audio, start,
            duration, label``; see
            :func:`~avts_mm.datasets.record_table.read_record_table`.
        pipeline (list): Transforms.
        clip_seconds (float): Defaults to 1.0.
        hard_gap (float): Seconds; see :class:`PairTiming`. Defaults to 0.5.
        super_hard_overlap (tuple[float, float]): Seconds; see
            :class:`PairTiming`. Defaults to (0.25, 0.75).
        data_root (str): What relative paths, that of ``ann_file`` as well,
            are relative to. Defaults to ''.
        test_mode (bool): Raise on unreadable files. Defaults to False.
        max_failures_in_a_row (int): Unreadable pairs in a row after which
            training stops. Defaults to 100.
        metainfo (dict, optional): Added to the dataset's.
        indices (int or Sequence[int], optional): Use the first (negative:
            last) few records, or these.
        lazy_init (bool): Read the annotation at first use.
            Defaults to False.

    Raises:
        FileNotFoundError: There is no such annotation file.
        ValueError: The annotation is malformed, or no record can be used.
    """

    _fully_initialized: bool

    METAINFO = dict(kinds=KIND_NAMES)

    def __init__(
        self,
        ann_file: str,
        pipeline: Sequence[dict | Callable] = (),
        clip_seconds: float = 1.0,
        hard_gap: float = 0.5,
        super_hard_overlap: Sequence[float] = (0.25, 0.75),
        data_root: str = '',
        test_mode: bool = False,
        max_failures_in_a_row: int = 100,
        metainfo: Mapping | None = None,
        indices: int | Sequence[int] | None = None,
        lazy_init: bool = False,
    ) -> None:
        self.timing = PairTiming(clip_seconds, hard_gap, super_hard_overlap)
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
            serialize_data=False,
            pipeline=list(pipeline),
            test_mode=test_mode,
            lazy_init=lazy_init,
        )

    def full_init(self) -> None:
        """Read the annotation and leave out what cannot be used."""
        if self._fully_initialized:
            return
        self.table = self._usable(read_record_table(self.ann_file))
        self._fully_initialized = True
        if self._indices is not None:
            self.get_subset_(self._indices)

    def _usable(self, table: RecordTable) -> RecordTable:
        clip = self.timing.clip_seconds
        silent = table.audio.lengths() == 0
        short = ~silent & (table.duration < clip - PairTiming.TOLERANCE)
        counts = {
            'without sound': int(silent.sum()),
            f'shorter than {clip:g} s': int(short.sum()),
        }
        left_out = ', '.join(f'{n} {why}' for why, n in counts.items() if n)
        keep = np.flatnonzero(~(silent | short))
        if not len(keep):
            raise ValueError(
                f'{self.ann_file} has no record that can be used: it has '
                f'{len(table)} ({left_out or "only a header"}); see '
                'tools/data/prepare_av.py for making one from videos'
            )
        print_log(
            f'{self.ann_file}: {len(keep)} of {len(table)} videos used'
            + (f', left out: {left_out}' if left_out else ''),
            logger='current',
        )
        return table.take(keep) if left_out else table

    @force_full_init
    def __len__(self) -> int:
        return len(self.table)

    @property
    @force_full_init
    def durations(self) -> np.ndarray:
        """float64 ``(N,)``: seconds of each record."""
        return self.table.duration

    @property
    @force_full_init
    def video_ids(self) -> np.ndarray:
        """int64 ``(N,)``: equal for records cut from one video."""
        return self.table.video_ids

    @force_full_init
    def get_data_info(self, idx: int) -> dict:
        """One record.

        Returns:
            dict: ``video_path``, ``audio_path``, ``span`` (start and duration
            in seconds), ``class_label`` (-1 for none), ``prepared_bytes`` (0
            if not known), ``sample_idx``.
        """
        idx = range(len(self.table))[idx]
        table = self.table
        return dict(
            video_path=os.path.join(self.data_root, table.video[idx]),
            audio_path=os.path.join(self.data_root, table.audio[idx]),
            span=(float(table.start[idx]), float(table.duration[idx])),
            class_label=int(table.label[idx]),
            prepared_bytes=int(table.prepared_bytes[idx]),
            sample_idx=idx,
        )

    @force_full_init
    def get_subset_(self, indices: int | Sequence[int]) -> None:
        """Keep the first (negative: last) few records, or these."""
        every = np.arange(len(self.table))
        if isinstance(indices, int):
            chosen = every[:indices] if indices >= 0 else every[indices:]
        else:
            chosen = every[np.asarray(indices, np.int64)]
        self.table = self.table.take(chosen)

    @force_full_init
    def get_subset(self: Self, indices: int | Sequence[int]) -> Self:
        """A dataset of a part of the records, this one unchanged."""
        subset = copy.copy(self)
        subset.get_subset_(indices)
        return subset
