"""From plans to samples: the dataset of audio-visual pairs.

It holds no state of the training: an :class:`AVPair` says all there is to
know about a sample.
"""

import copy
import json
import math
import os
from array import array
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
from mmaction.registry import DATASETS
from mmengine.dataset import BaseDataset

from avts_mm.media.annotation import Record

from .item_loading import UnreadableFiles, ends_after, seeded
from .pairs import KIND_NAMES, AVPair, PairKind, PairTiming
from .usable_records import usable_records

Self = TypeVar('Self', bound='AVRecordDataset')


class AVRecordDataset(BaseDataset):
    """Records of videos with sound. What an item is, is up to subclasses.

    Records without sound, or shorter than a clip, are left out and counted
    in the log.

    Args:
        ann_file (str): CSV file with the columns ``video, audio, start,
            duration, label``; see :mod:`avts_mm.media.annotation`.
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
        time_limit (float): Seconds that reading a pair may take; then its
            files are named and the process ends. Defaults to 60.
        bad_files (str, optional): Look at the files now: ``'stop'`` if one
            is of no use, or ``'leave_out'``; see :func:`usable_records`.
            Defaults to None: they are found when they are read.
        metainfo (dict, optional): Added to the dataset's.
        indices (int or Sequence[int], optional): Use the first (negative:
            last) few records, or these.

    Attributes:
        durations (np.ndarray): float64 ``(N,)``, seconds of each record.
        video_ids (np.ndarray): int64 ``(N,)``, equal for records cut from
            one video.

    Raises:
        FileNotFoundError: There is no such annotation file.
        ListError: The annotation is malformed, or no record can be used.
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
        time_limit: float = 60.0,
        bad_files: str | None = None,
        metainfo: Mapping | None = None,
        indices: int | Sequence[int] | None = None,
    ) -> None:
        self.timing = PairTiming(clip_seconds, hard_gap, super_hard_overlap)
        self.unreadable = UnreadableFiles(
            max_failures_in_a_row,
            f'Check the files of {ann_file}, and data_root={data_root!r}',
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

    def full_init(self) -> None:
        """Read the annotation and leave out what cannot be used.

        Two million records as Python objects take gigabytes, and each worker
        copies them by merely counting references. So they are packed one by
        one, as mmengine does, into one piece of memory.
        """
        if self._fully_initialized:
            return
        records, ends, durations = bytearray(), array('q', [0]), array('d')
        hashes = array('q')
        for record in usable_records(
            self.ann_file, self.data_root, self._fault, self.bad_files
        ):
            records += json.dumps(record[:-1]).encode()
            ends.append(len(records))
            durations.append(record.duration)
            hashes.append(hash(record.video))
        self._records, self._ends = records, np.array(ends)
        self._places = np.arange(len(durations))
        self.durations = np.array(durations)
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
        return dict(
            video_path=os.path.join(self.data_root, video),
            audio_path=os.path.join(self.data_root, audio),
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


@DATASETS.register_module()
class AVPairDataset(AVRecordDataset):
    """Pairs of a picture clip and a sound clip from annotated videos.

    It is indexed by :class:`~avts_mm.datasets.pairs.AVPair` and therefore
    needs :class:`AVPairSampler` or :class:`AVPairTestSampler`. The pipeline
    gets a dict with ``video_path``, ``audio_path``, ``video_start``,
    ``audio_start`` and ``clip_seconds`` (seconds on the clock of either
    video), ``kind``, ``label`` (1 in sync, 0 not), ``pair``, ``video_span``,
    ``audio_span``, ``prepared_bytes`` (of the video with the picture), and
    mmaction2's ``modality`` and ``start_index``.

    A pair that turns out to be unreadable in training is replaced by another
    of the same kind, which the plan's seed decides; see
    :class:`~avts_mm.datasets.item_loading.UnreadableFiles`. In testing it is
    an error.

    Args:
        kwargs: Of :class:`AVRecordDataset`.
    """

    def __getitem__(self, pair: AVPair) -> dict:
        """Load a pair.

        Raises:
            TypeError: Indexed by a number: the wrong sampler.
            MediaError: A file cannot be read, in test mode.
            RuntimeError: Too many unreadable pairs in a row, in training.
        """
        if not isinstance(pair, AVPair):
            raise TypeError(
                'AVPairDataset is indexed by AVPair, not by '
                f'{type(pair).__name__}; use sampler=dict(type='
                "'AVPairSampler') or dict(type='AVPairTestSampler')"
            )
        if self.test_mode:
            return self.prepare_data(pair)
        return self.unreadable.load(pair, self.prepare_data, self._replacement)

    def prepare_data(self, pair: AVPair) -> dict:
        """Run the pipeline on a pair. Chance is seeded by it."""
        return self._load(pair, pair.seed)

    def plan_info(self, pair: AVPair) -> dict:
        """What the pipeline is given for a pair; opens no file."""
        picture = self.get_data_info(pair.video)
        sound = picture
        if pair.audio != pair.video:
            sound = self.get_data_info(pair.audio)
        kind = PairKind(pair.kind)
        rng = np.random.Generator(np.random.Philox(pair.seed))
        if pair.clips == 1:
            spans = picture['span'], sound['span']
            starts = self.timing.draw(kind, *spans, rng)
            return dict(
                self._clip_info(kind, picture, sound, starts), pair=pair
            )
        moments = self.timing.moments(picture['span'], pair.clips, rng)
        return dict(
            self._clip_info(kind, picture, sound, (moments, moments)),
            pair=pair,
            label=[kind.label] * pair.clips,
            video_id=int(self.video_ids[pair.video]),
            timing=self.timing,
        )

    def _replacement(self, pair: AVPair) -> AVPair:
        """The same kind of another video, a function of the plan alone."""
        rng = np.random.Generator(np.random.Philox([pair.seed, 1]))
        need = self.timing.min_duration(pair.kind) - PairTiming.TOLERANCE
        eligible = np.flatnonzero(self.durations >= need)
        video = audio = int(rng.choice(eligible))
        if pair.kind == PairKind.EASY:
            ids = self.video_ids
            audio = int(rng.choice(eligible[ids[eligible] != ids[video]]))
        seed = int(rng.integers(np.iinfo(np.int64).max))
        return pair._replace(video=video, audio=audio, seed=seed)
