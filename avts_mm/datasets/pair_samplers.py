"""Which pairs an epoch is made of: the plan, drawn in the main process.

The plan is a pure function of (seed, epoch, mix). It travels to the workers
as the index, so the pairs are the same for any number of workers, a hook that
changes the mix reaches persistent workers too, and a resumed run needs no
state but its epoch.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import repeat
from math import ceil, lcm
from typing import NamedTuple

import numpy as np
from mmaction.registry import DATA_SAMPLERS
from mmengine.dist import get_dist_info, sync_random_seed
from mmengine.logging import print_log
from torch.utils.data import Sampler

from .mix import mix_pattern
from .pairs import AVPair, PairKind, PairTiming


class PairPlan(NamedTuple):
    """Pairs as four columns, each an array ``(N,)``; see :class:`AVPair`."""

    video: np.ndarray
    audio: np.ndarray
    kind: np.ndarray
    seed: np.ndarray

    def take(self, index) -> 'PairPlan':
        """The pairs at some places."""
        return PairPlan(*(column[index] for column in self))

    def pairs(self, clips: int = 1, chunk: int = 4096) -> Iterator[AVPair]:
        """Yield the pairs one by one; only ``chunk`` of them exist at once."""
        for begin in range(0, len(self.video), chunk):
            part = self.take(slice(begin, begin + chunk))
            columns = (column.tolist() for column in part)
            yield from map(AVPair, *columns, repeat(clips))


class _PlanSampler(Sampler):
    """What the samplers of pairs know about the data set and the ranks."""

    eligible: np.ndarray  # records that pairs are made of
    clips = 1  # of each pair

    def __init__(self, dataset) -> None:
        for name in ('durations', 'timing', 'video_ids'):
            if not hasattr(dataset, name):
                raise TypeError(
                    f'{type(self).__name__} needs an AVPairDataset (or '
                    f'another dataset with .{name}), got '
                    f'{type(dataset).__name__}'
                )
        self.dataset = dataset
        self.durations = np.asarray(dataset.durations, np.float64)
        self.timing: PairTiming = dataset.timing
        self.video_ids = np.asarray(dataset.video_ids)
        self.rank, self.world_size = get_dist_info()

    def plan(self) -> PairPlan:
        """The pairs of this rank, in order."""
        raise NotImplementedError

    def __iter__(self) -> Iterator[AVPair]:
        return self.iter_from(0)

    def iter_from(self, first: int) -> Iterator[AVPair]:
        """The pairs of this rank but for the first few."""
        return self.plan().take(slice(first, None)).pairs(self.clips)

    def _eligible(self, kinds: Sequence[PairKind]) -> np.ndarray:
        """Records long enough for all of some kinds; others are reported."""
        seconds = max(self.timing.min_duration(kind) for kind in kinds)
        fits = self.durations >= seconds - PairTiming.TOLERANCE
        names = ', '.join(kind.name.lower() for kind in kinds)
        if not fits.any():
            raise ValueError(
                f'none of the {len(fits)} videos lasts the {seconds:g} s '
                f'that pairs of these kinds need: {names}; use longer videos, '
                'a shorter clip_seconds or a smaller hard_gap'
            )
        short = np.flatnonzero(~fits)
        if len(short):
            first = ', '.join(
                f'{self.dataset.get_data_info(i)["video_path"]} '
                f'({self.durations[i]:g} s)'
                for i in short[:3].tolist()
            )
            print_log(
                f'{len(short)} of {len(fits)} videos are shorter than the '
                f'{seconds:g} s that pairs of these kinds need ({names}) and '
                f'left out: {first}{", …" if len(short) > 3 else ""}',
                logger='current',
            )
        return np.flatnonzero(fits)

    def _sounds(
        self, video: np.ndarray, kind: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """The records ``(N,)`` that give the sound: the video itself, or for
        an easy negative one of another video, drawn uniformly."""
        audio = video.copy()
        easy = np.flatnonzero(kind == PairKind.EASY)
        ids, eligible = self.video_ids, self.eligible
        if len(easy) and (ids[eligible] == ids[eligible[0]]).all():
            raise ValueError(
                'easy negatives need the sound of a different video, but the '
                'dataset has only one that is long enough; add videos or use '
                'hard negatives alone'
            )
        while len(easy):
            audio[easy] = eligible[rng.integers(len(eligible), size=len(easy))]
            easy = easy[ids[audio[easy]] == ids[video[easy]]]
        return audio


@DATA_SAMPLERS.register_module()
class AVPairSampler(_PlanSampler):
    """Plan positives and negatives 1:1, with an exact mix in every batch.

    Kinds follow a periodic pattern (:func:`mix_pattern`) of, say, 8 pairs for
    easy : hard = 3 : 1, and ranks are dealt whole periods in turn. Hence a
    batch whose size is a multiple of the period has exact counts on every
    rank, ranks are disjoint, and the batches of one step over W ranks are
    together the batch that one process with W times the batch size has.

    Every video gives ``pairs_per_video`` pairs an epoch. The length of an
    epoch never changes: where a mix excludes short videos, the others come
    more often.

    Args:
        dataset (:obj:`AVPairDataset`): Gives durations and timing.
        seed (int, optional): Same on all ranks; given by the Runner.
            None means a random one that the ranks agree on.
        mix (dict): Shares among the negatives. Defaults to ``dict(easy=1)``,
            the paper's first stage.
        pairs_per_video (int): Defaults to 1.
        clips_per_video (int): From 2 on, a sample is so many moments of one
            video, in sync each, for a head that compares all clips of a batch
            with all sounds (``all_pairs=True``); the mix then weighs what it
            finds there. "Pairs" are such samples in all that is said here
            about batches, ranks and the length of an epoch. Defaults to 1.
        round_to (int): The pairs of a rank's epoch are rounded down to a
            multiple of this and of the first mix's period. The default, 8,
            suits the paper's mixes, alone or after each other.

    Raises:
        TypeError: The dataset is of another kind.
        ValueError: The mix is wrong, or no video is long enough for it.
    """

    def __init__(
        self,
        dataset,
        seed: int | None = None,
        mix: Mapping | None = None,
        pairs_per_video: int = 1,
        clips_per_video: int = 1,
        round_to: int = 8,
    ) -> None:
        super().__init__(dataset)
        if min(pairs_per_video, clips_per_video, round_to) < 1:
            raise ValueError(
                'pairs_per_video, clips_per_video and round_to must be at '
                'least 1'
            )
        self.clips = clips_per_video
        self.seed = sync_random_seed() if seed is None else int(seed)
        self.epoch = 0
        self.pairs_per_video = pairs_per_video
        self.set_mix(dict(easy=1) if mix is None else mix)
        self.unit = lcm(round_to, len(self.pattern))

    @staticmethod
    def check_mix(mix: Mapping) -> None:
        """Raise ValueError for a mix that :meth:`set_mix` would refuse."""
        mix_pattern(mix)

    def set_mix(self, mix: Mapping) -> None:
        """Set the mix of negatives; takes effect at the next iteration."""
        if getattr(self, 'mix', None) == dict(mix):
            return
        pattern = mix_pattern(mix)
        kinds = [PairKind(k) for k in np.unique(pattern)]
        self.eligible = self._eligible(kinds)
        self.pattern = np.zeros(1, int) if self.clips > 1 else pattern
        self.mix = dict(mix)

    def set_epoch(self, epoch: int) -> None:
        """Set the epoch, which decides videos, partners and seeds."""
        self.epoch = int(epoch)

    def __len__(self) -> int:
        """Pairs per epoch on this rank."""
        # The runner's num_batch_per_epoch wraps the dataset in a shorter one.
        total = len(self.dataset) * self.pairs_per_video
        return max(total // (self.unit * self.world_size), 1) * self.unit

    def epoch_plan(self) -> PairPlan:
        """The pairs of all ranks together, in the order of one process."""
        period = len(self.pattern)
        used = ceil(len(self) / period) * self.world_size * period
        # As many are drawn for any number of ranks, so that they are the same.
        pairs = len(self.dataset) * self.pairs_per_video
        total = max(ceil(pairs / period) * period, used)
        rng = np.random.Generator(
            np.random.Philox(np.random.SeedSequence([self.seed, self.epoch]))
        )
        kind = np.resize(self.pattern, total)
        seeds = rng.integers(np.iinfo(np.int64).max, size=total)
        video = np.tile(self.eligible, (ceil(total / len(self.eligible)), 1))
        video = rng.permuted(video, axis=1).reshape(-1)[:total]
        audio = self._sounds(video, kind, rng)
        return PairPlan(video, audio, kind, seeds).take(slice(used))

    def plan(self) -> PairPlan:
        """The pairs of this rank: every ``world_size``-th period."""
        plan = self.epoch_plan()
        places = np.arange(len(plan.video)).reshape(-1, len(self.pattern))
        mine = places[self.rank :: self.world_size].reshape(-1)
        return plan.take(mine[: len(self)])


@DATA_SAMPLERS.register_module()
class AVPairTestSampler(_PlanSampler):
    """Plan the fixed pairs that a model is judged on.

    Every clip (a moment of a video) comes with every kind of sound, so that
    the kinds are compared on the same pictures and the true sound can be set
    against a shifted one. The plan depends on the seed alone.

    The pairs of a clip stay on one rank. Ranks that would have fewer clips
    repeat some; the metric counts a repeated pair once.

    Args:
        dataset (:obj:`AVPairDataset`): Gives durations and timing.
        kinds (Sequence[str]): Kinds of pairs for each clip.
            Defaults to ('positive', 'easy', 'hard').
        clips_per_video (int): Moments drawn per video. Defaults to 1.
        seed (int): The Runner hands its own seed to a sampler whose config
            names none: write ``seed=0`` to judge all runs on the same pairs.
            Defaults to 0.

    Raises:
        TypeError: The dataset is of another kind.
        ValueError: Unknown kind, or no video is long enough for all kinds.
    """

    def __init__(
        self,
        dataset,
        kinds: Sequence[str] = ('positive', 'easy', 'hard'),
        clips_per_video: int = 1,
        seed: int | None = 0,
    ) -> None:
        super().__init__(dataset)
        self.kinds = [PairKind.parse(kind) for kind in kinds]
        if not self.kinds or len(set(self.kinds)) < len(self.kinds):
            raise ValueError(
                f'kinds should name each kind once, got {tuple(kinds)}'
            )
        if clips_per_video < 1:
            raise ValueError('clips_per_video must be at least 1')
        self.clips_per_video = clips_per_video
        self.seed = int(seed or 0)
        self.eligible = self._eligible(self.kinds)

    def __len__(self) -> int:
        """Pairs on this rank, the same number on all."""
        clips = len(self.eligible) * self.clips_per_video
        return ceil(clips / self.world_size) * len(self.kinds)

    def epoch_plan(self) -> PairPlan:
        """The pairs of all ranks together, without repetition."""
        rng = np.random.Generator(
            np.random.Philox(np.random.SeedSequence(self.seed))
        )
        clips = np.repeat(self.eligible, self.clips_per_video)
        seeds = rng.integers(np.iinfo(np.int64).max, size=len(clips))
        video = np.repeat(clips, len(self.kinds))
        kind = np.tile(np.array(self.kinds, np.int64), len(clips))
        audio = self._sounds(video, kind, rng)
        return PairPlan(video, audio, kind, np.repeat(seeds, len(self.kinds)))

    def plan(self) -> PairPlan:
        """The pairs of this rank: every ``world_size``-th clip."""
        plan = self.epoch_plan()
        clips = np.arange(len(plan.video)).reshape(-1, len(self.kinds))
        per_rank = len(self) // len(self.kinds)
        mine = np.arange(per_rank) * self.world_size + self.rank
        return plan.take(clips[mine % len(clips)].reshape(-1))
