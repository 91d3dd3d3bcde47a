"""The records of videos with sound, of one corpus or several."""

import copy
import json
import math
import os
from array import array
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
from mmengine.dataset import BaseDataset

from avts_mm.media import locate
from avts_mm.media.annotation import Record

from .item_loading import UnreadableFiles, ends_after, seeded
from .pairs import KIND_NAMES, PairKind, PairTiming
from .usable_records import usable_records

_PATH = (str, os.PathLike)
Self = TypeVar('Self', bound='AVRecordDataset')


class AVRecordDataset(BaseDataset):
    """Records of videos with sound. What an item is, is up to subclasses.

    Records without sound, or shorter than a clip, are left out and counted
    in the log.

    Args:
        ann_file (str | list[str]): CSV file with the columns ``video, audio,
            start, duration, label``; see :mod:`avts_mm.media.annotation`.
            Of several corpora, one for each: the samplers make one plan of
            all.
        pipeline (list): Transforms.
        clip_seconds (float): Defaults to 1.0.
        hard_gap (float): Seconds; see :class:`PairTiming`. Defaults to 0.5.
        super_hard_overlap (tuple[float, float]): Seconds; see
            :class:`PairTiming`. Defaults to (0.25, 0.75).
        data_root (str | list[str]): What relative paths, that of ``ann_file``
            as well, are relative to; of several corpora one for all, or for
            each. It may be an address that fsspec knows, such as
            ``s3://bucket/corpus`` (docs/scaling_storage.md). Defaults to ''.
        test_mode (bool): Raise on unreadable files. Defaults to False.
        max_failures_in_a_row (int): Unreadable pairs in a row after which
            training stops. Defaults to 100.
        time_limit (float): Seconds that reading a pair may take; then its
            files are named and the process ends. Defaults to 60.
        bad_files (str, optional): Look at the files now: ``'stop'`` if one
            is of no use, or ``'leave_out'``; see :func:`usable_records`.
            Defaults to None: they are found when they are read.
        metainfo (dict, optional): Added to the dataset's.
        indices (int or Sequence[int], optional): Use the first (negative:
            last) few records, or these.
        backend_args (dict | list[dict], optional): Arguments of fsspec's
            file system for addresses, and of a local cache; see
            :class:`~avts_mm.media.remote.Address`. Of several corpora one
            for all, or for each.

    Attributes:
        durations (np.ndarray): float64 ``(N,)``, seconds of each record.
        video_ids (np.ndarray): int64 ``(N,)``, equal for records cut from
            one video.
        corpora (np.ndarray): uint16 ``(N,)``, which corpus each record is of.

    Raises:
        FileNotFoundError: There is no such annotation file.
        ListError: The annotation is malformed, or no record can be used.
        MediaError: The annotation cannot be read from its storage.
    """

    _fully_initialized: bool

    METAINFO = dict(kinds=KIND_NAMES)

    def __init__(
        self,
        ann_file: str | Sequence[str],
        pipeline: Sequence[dict | Callable] = (),
        clip_seconds: float = 1.0,
        hard_gap: float = 0.5,
        super_hard_overlap: Sequence[float] = (0.25, 0.75),
        data_root: str | Sequence[str] = '',
        test_mode: bool = False,
        max_failures_in_a_row: int = 100,
        time_limit: float = 60.0,
        bad_files: str | None = None,
        metainfo: Mapping | None = None,
        indices: int | Sequence[int] | None = None,
        backend_args: Mapping | Sequence[Mapping | None] | None = None,
    ) -> None:
        files = [ann_file] if isinstance(ann_file, _PATH) else ann_file
        roots = _each(data_root or '', len(files), 'data_root')
        args = _each(backend_args, len(files), 'backend_args')
        self._corpora = [
            (locate(root, file, some), root, some)
            for file, root, some in zip(files, roots, args)
        ]
        self.timing = PairTiming(clip_seconds, hard_gap, super_hard_overlap)
        self.unreadable = UnreadableFiles(
            max_failures_in_a_row,
            'Check data_root, and the files of '
            + ', '.join(str(file) for file, *_ in self._corpora),
        )
        self.time_limit = time_limit
        self.bad_files = bad_files
        super().__init__(
            ann_file=ann_file,
            metainfo=metainfo,
            data_root=data_root or '',
            data_prefix={},
            indices=indices,
            serialize_data=False,
            pipeline=list(pipeline),
            test_mode=test_mode,
        )

    def _join_prefix(self) -> None:
        """Each corpus has its own."""

    def full_init(self) -> None:
        """Read the annotation and leave out what cannot be used.

        Two million records as Python objects take gigabytes, and each worker
        copies them by merely counting references. So they are packed one by
        one, as mmengine does, into one piece of memory.
        """
        if self._fully_initialized:
            return
        records, ends, durations = bytearray(), array('q', [0]), array('d')
        hashes, corpora = array('q'), array('H')
        for number, (file, root, args) in enumerate(self._corpora):
            for record in usable_records(
                file, root, self._fault, self.bad_files, backend_args=args
            ):
                records += json.dumps(record[:-1]).encode()
                ends.append(len(records))
                durations.append(record.duration)
                hashes.append(hash((root, record.video)))
                corpora.append(number)
        self._records, self._ends = records, np.array(ends)
        self._places = np.arange(len(durations))
        self.durations = np.array(durations)
        self.corpora = np.array(corpora)
        # Equal paths have equal hashes; 64 bits keep different ones apart. A
        # video is known by its first record, in every process the same.
        _, first, video = np.unique(
            np.array(hashes), return_index=True, return_inverse=True
        )
        self.video_ids = first[video.reshape(-1)]
        self._fully_initialized = True
        if self._indices is not None:
            self.get_subset_(self._indices)

    def _fault(self, record: Record) -> str | None:
        clip = self.timing.clip_seconds
        if math.isnan(record.duration):
            return 'of empty duration (tools/data/build_list.py measures it)'
        if not record.audio:
            return 'without sound'
        if record.duration < clip - PairTiming.TOLERANCE:
            return f'shorter than {clip:g} s'
        return None

    def __len__(self) -> int:
        return len(self._places)

    def get_data_info(self, idx: int) -> dict:
        """One record.

        Returns:
            dict: ``video_path``, ``audio_path``, ``span`` (start and duration
            in seconds), ``class_label`` (-1 for none), ``prepared_bytes`` (0
            if not known), ``sample_idx``.
        """
        idx = range(len(self._places))[idx]
        place = self._places[idx]
        part = slice(self._ends[place], self._ends[place + 1])
        video, audio, start, duration, label, size = json.loads(
            self._records[part]
        )
        _, root, args = self._corpora[self.corpora[idx]]
        return dict(
            video_path=locate(root, video, args),
            audio_path=locate(root, audio, args),
            span=(start, duration),
            class_label=label,
            prepared_bytes=size,
            sample_idx=idx,
        )

    def get_subset_(self, indices: int | Sequence[int]) -> None:
        """Keep the first (negative: last) few records, or these."""
        if isinstance(indices, int):
            every = range(len(self._places))
            indices = every[:indices] if indices >= 0 else every[indices:]
        chosen = np.asarray(indices, np.int64)
        self._places = self._places[chosen]
        self.durations = self.durations[chosen]
        self.video_ids = self.video_ids[chosen]
        self.corpora = self.corpora[chosen]

    def get_subset(self: Self, indices: int | Sequence[int]) -> Self:
        """A dataset of a part of the records, this one unchanged."""
        subset = copy.copy(self)
        subset.get_subset_(indices)
        return subset

    def plan_info(self, index: Any) -> dict:
        """What the pipeline is given for an index; opens no file."""
        raise NotImplementedError

    def _load(self, index: Any, seed: int) -> dict:
        """Run the pipeline with chance that depends on a seed."""
        plan = self.plan_info(index)
        paths = plan['video_path'], plan['audio_path']
        with ends_after(self.time_limit, *paths), seeded(seed):
            return self.pipeline(plan)

    def _clip_info(
        self,
        kind: PairKind,
        picture: Mapping,
        sound: Mapping,
        starts: tuple[Any, Any],
    ) -> dict:
        """What the pipeline is given for a picture and a sound."""
        return dict(
            video_path=picture['video_path'],
            audio_path=sound['audio_path'],
            prepared_bytes=picture['prepared_bytes'],
            video_start=starts[0],
            audio_start=starts[1],
            clip_seconds=self.timing.clip_seconds,
            kind=int(kind),
            label=kind.label,
            video_span=picture['span'],
            audio_span=sound['span'],
            modality='RGB',
            start_index=0,
        )


def _each(value: Any, number: int, name: str) -> list:
    """A value for each corpus, of one for all or a list of them."""
    if value is None or isinstance(value, (*_PATH, Mapping)):
        return [value] * number
    if len(value) != number:
        raise ValueError(
            f'{name} has {len(value)} values for {number} annotation files; '
            'give one for all, or one for each'
        )
    return list(value)
