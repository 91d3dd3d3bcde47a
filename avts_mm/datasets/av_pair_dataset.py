"""From plans to samples: the dataset of audio-visual pairs.

Holds the annotation as columns (a few arrays, whatever the number of videos,
which workers share) and no state of the training: an :class:`AVPair` says all
there is to know about a sample.
"""

import copy
import os
import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
from mmaction.registry import DATASETS
from mmengine.dataset import BaseDataset, force_full_init
from mmengine.logging import print_log

from .pairs import KIND_NAMES, AVPair, PairKind, PairTiming
from .record_table import RecordTable, read_record_table
from .unreadable import UnreadableFiles

# What there are several of when a clip has several sounds.
OF_A_SOUND = (
    'audio_path',
    'audio_start',
    'audio_span',
    'kind',
    'label',
    'pair',
)


@DATASETS.register_module()
class AVPairDataset(BaseDataset):
    """Pairs of a picture clip and a sound clip from annotated videos.

    It is indexed by :class:`~avts_mm.datasets.pairs.AVPair` and therefore
    needs :class:`AVPairSampler` or :class:`AVPairTestSampler`. The pipeline
    gets a dict with ``video_path``, ``audio_path``, ``video_start``,
    ``audio_start`` and ``clip_seconds`` (seconds on the clock of either
    video), ``kind``, ``label`` (1 in sync, 0 not), ``pair``, ``video_span``,
    ``audio_span``, and mmaction2's ``modality`` and ``start_index``.

    Indexed by a tuple of pairs of one video, it loads a clip with several
    sounds. The first pair decides the picture; what belongs to a sound
    (``audio_path``, ``audio_start``, ``audio_span``, ``kind``, ``label``,
    ``pair``) is then a list.

    Records without sound, or shorter than a clip, are left out and counted
    in the log. A pair that turns out to be unreadable in training is replaced
    by another of the same kind, which the plan's seed decides; see
    :class:`~avts_mm.datasets.unreadable.UnreadableFiles`. In testing it is an
    error.

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
            in seconds), ``class_label`` (-1 for none), ``sample_idx``.
        """
        idx = range(len(self.table))[idx]
        table = self.table
        return dict(
            video_path=os.path.join(self.data_root, table.video[idx]),
            audio_path=os.path.join(self.data_root, table.audio[idx]),
            span=(float(table.start[idx]), float(table.duration[idx])),
            class_label=int(table.label[idx]),
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
    def get_subset(self, indices: int | Sequence[int]) -> 'AVPairDataset':
        """A dataset of a part of the records, this one unchanged."""
        subset = copy.copy(self)
        subset.get_subset_(indices)
        return subset

    def __getitem__(self, pair: AVPair | tuple[AVPair, ...]) -> dict:
        """Load a pair, or a clip with several sounds.

        Raises:
            TypeError: Indexed by a number: the wrong sampler.
            MediaError: A file cannot be read, in test mode.
            RuntimeError: Too many unreadable pairs in a row, in training.
        """
        pairs = (pair,) if isinstance(pair, AVPair) else pair
        if not (
            isinstance(pairs, tuple)
            and all(isinstance(p, AVPair) for p in pairs)
        ):
            raise TypeError(
                'AVPairDataset is indexed by AVPair, not by '
                f'{type(pair).__name__}; use sampler=dict(type='
                "'AVPairSampler') or dict(type='AVPairTestSampler')"
            )
        if self.test_mode:
            return self.prepare_data(pair)
        return self.unreadable.load(pair, self.prepare_data, self._replacement)

    def prepare_data(self, pair: AVPair | tuple[AVPair, ...]) -> dict:
        """Draw the moments of a pair and run the pipeline on it."""
        results = self.plan_info(pair)
        first = pair if isinstance(pair, AVPair) else pair[0]
        with seeded(first.seed):
            return self.pipeline(results)

    def plan_info(self, pair: AVPair | tuple[AVPair, ...]) -> dict:
        """What the pipeline is given for a pair; opens no file."""
        if isinstance(pair, AVPair):
            return self._pair_info(pair)
        first = self._pair_info(pair[0])
        infos = [first]
        for other in pair[1:]:
            infos.append(self._pair_info(other, first['video_start']))
        return first | {k: [info[k] for info in infos] for k in OF_A_SOUND}

    def _pair_info(self, pair: AVPair, moment: float | None = None) -> dict:
        picture = self.get_data_info(pair.video)
        sound = self.get_data_info(pair.audio)
        kind = PairKind(pair.kind)
        rng = np.random.Generator(np.random.Philox(pair.seed))
        video_start, audio_start = self.timing.draw(
            kind, picture['span'], sound['span'], rng, moment
        )
        return dict(
            video_path=picture['video_path'],
            audio_path=sound['audio_path'],
            video_start=video_start,
            audio_start=audio_start,
            clip_seconds=self.timing.clip_seconds,
            kind=int(kind),
            label=kind.label,
            pair=pair,
            video_span=picture['span'],
            audio_span=sound['span'],
            modality='RGB',
            start_index=0,
        )

    def _replacement(
        self, pair: AVPair | tuple[AVPair, ...]
    ) -> AVPair | tuple[AVPair, ...]:
        """The same kinds of another video, a function of the plan alone."""
        pairs = (pair,) if isinstance(pair, AVPair) else pair
        rng = np.random.Generator(np.random.Philox([pairs[0].seed, 1]))
        need = max(self.timing.min_duration(p.kind) for p in pairs)
        eligible = np.flatnonzero(
            self.durations >= need - PairTiming.TOLERANCE
        )
        video = int(rng.choice(eligible))
        ids = self.video_ids
        replaced = []
        for kind in (p.kind for p in pairs):
            audio = video
            if kind == PairKind.EASY:
                others = eligible[ids[eligible] != ids[video]]
                audio = int(rng.choice(others))
            seed = int(rng.integers(np.iinfo(np.int64).max))
            replaced.append(AVPair(video, audio, kind, seed))
        return replaced[0] if isinstance(pair, AVPair) else tuple(replaced)


@contextmanager
def seeded(seed: int):
    """Seed what transforms draw from, and leave it as it was."""
    numpy_state, python_state = np.random.get_state(), random.getstate()
    np.random.seed(np.random.SeedSequence(seed).generate_state(4))
    random.seed(seed)
    try:
        yield
    finally:
        np.random.set_state(numpy_state)
        random.setstate(python_state)
