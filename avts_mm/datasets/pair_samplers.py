"""Which pairs an epoch is made of: the plan, drawn in the main process.

The plan is a pure function of (seed, epoch, mix). It travels to the workers
as the index, so the pairs are the same for any number of workers, a hook that
changes the mix reaches persistent workers too, and a resumed run needs no
state but its epoch.
"""

from collections.abc import Mapping, Sequence
from math import ceil, lcm

import numpy as np
from mmaction.registry import DATA_SAMPLERS
from mmengine.dist import sync_random_seed

from .mix import mix_pattern
from .pair_plan import PairPlan, PlanSampler
from .pairs import PairKind


@DATA_SAMPLERS.register_module()
class AVPairSampler(PlanSampler):
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
        corpus_weights (Sequence[float], optional): Of several corpora, the
            share of each in the pairs of an epoch, in the order of the data
            set. Defaults to None: the number of their videos.
        easy_same_corpus (bool): Draw the sound of an easy negative from the
            corpus of its video, not from any. Defaults to False.
        round_to (int): The pairs of a rank's epoch are rounded down to a
            multiple of this and of the first mix's period. The default, 8,
            suits the paper's mixes, alone or after each other.

    Raises:
        TypeError: The dataset is of another kind.
        ValueError: The mix is wrong, or no video is long enough for it; the
            weights are not those of the corpora.
    """

    def __init__(
        self,
        dataset,
        seed: int | None = None,
        mix: Mapping | None = None,
        pairs_per_video: int = 1,
        clips_per_video: int = 1,
        round_to: int = 8,
        corpus_weights: Sequence[float] | None = None,
        easy_same_corpus: bool = False,
    ) -> None:
        super().__init__(dataset, easy_same_corpus)
        if min(pairs_per_video, clips_per_video, round_to) < 1:
            raise ValueError(
                'pairs_per_video, clips_per_video and round_to must be at '
                'least 1'
            )
        self.clips = clips_per_video
        self.seed = sync_random_seed() if seed is None else int(seed)
        self.epoch = 0
        self.pairs_per_video = pairs_per_video
        self.corpus_weights = self._weights(corpus_weights)
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
        video = self._videos(total, rng)
        audio = self._sounds(video, kind, rng)
        return PairPlan(video, audio, kind, seeds).take(slice(used))

    def _weights(self, weights: Sequence[float] | None) -> np.ndarray | None:
        """The share of each corpus."""
        if weights is None:
            return None
        shares, number = np.array(weights, float), self.corpora.max() + 1
        valid = shares.shape == (number,) and (shares >= 0).all()
        if not (valid and 0 < shares.sum() < np.inf):
            raise ValueError(
                f'corpus_weights must be {number} numbers from 0, one for '
                f'each corpus of the dataset, not {weights}'
            )
        return shares / shares.sum()

    def _videos(self, total: int, rng: np.random.Generator) -> np.ndarray:
        """So many records at random: each as often as others of its corpus,
        but for one."""
        if self.corpus_weights is None:
            return _repeated(self.eligible, total, rng)
        ends = np.rint(np.cumsum(self.corpus_weights) * total).astype(int)
        parts = []
        for corpus, count in enumerate(np.diff(ends, prepend=0)):
            mine = self.eligible[self.corpora[self.eligible] == corpus]
            if count and not len(mine):
                raise ValueError(
                    f'corpus {corpus} has a weight, but no video that is long '
                    'enough for the pairs; use longer videos, or 0'
                )
            if count:
                parts.append(_repeated(mine, count, rng))
        return rng.permutation(np.concatenate(parts))

    def plan(self) -> PairPlan:
        """The pairs of this rank: every ``world_size``-th period."""
        plan = self.epoch_plan()
        places = np.arange(len(plan.video)).reshape(-1, len(self.pattern))
        mine = places[self.rank :: self.world_size].reshape(-1)
        return plan.take(mine[: len(self)])


def _repeated(
    records: np.ndarray, total: int, rng: np.random.Generator
) -> np.ndarray:
    """So many records, all of them in random order again and again."""
    video = np.tile(records, (ceil(total / len(records)), 1))
    return rng.permuted(video, axis=1).reshape(-1)[:total]


@DATA_SAMPLERS.register_module()
class AVPairTestSampler(PlanSampler):
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
        easy_same_corpus (bool): As of :class:`AVPairSampler`.

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
        easy_same_corpus: bool = False,
    ) -> None:
        super().__init__(dataset, easy_same_corpus)
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
