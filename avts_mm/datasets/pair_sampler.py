"""Which pairs an epoch is made of: the plan, drawn in the main process.

The plan is a pure function of (seed, epoch, mix). It travels to the workers
as the index, so the pairs are the same for any number of workers, a hook that
changes the mix reaches persistent workers too, and a resumed run needs no
state but its epoch.
"""

from collections.abc import Mapping
from math import ceil, lcm

import numpy as np
from mmaction.registry import DATA_SAMPLERS
from mmengine.dist import sync_random_seed

from .pair_plan import PairPlan, draw_partners, mix_pattern
from .pairs import PairKind
from .plan_sampler import PlanSampler


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

    With ``sounds_per_clip=K``, K at least 2, an index is a tuple of K pairs
    of one picture: a clip with its own sound and K - 1 others, which follow
    the mix. "Pairs" are then such clips in all that is said here about
    batches, ranks and the length of an epoch. The model weighs positives and
    negatives equally, so that the loss is the one of pairs in expectation.

    Args:
        dataset (:obj:`AVPairDataset`): Gives durations and timing.
        seed (int, optional): Same on all ranks; given by the Runner.
            None means a random one that the ranks agree on.
        mix (dict): Shares among the negatives. Defaults to ``dict(easy=1)``,
            the paper's first stage.
        pairs_per_video (int): Defaults to 1.
        shuffle (bool): Permute the videos, anew each epoch.
            Defaults to True.
        round_to (int): The pairs of a rank's epoch are rounded down to a
            multiple of this and of the first mix's period. The default, 8,
            suits the paper's mixes, alone or after each other.
        sounds_per_clip (int): Sounds that a clip is compared with.
            Defaults to 1, its own or another: plain pairs (paper).
        clips_per_open (int): So many successive pairs are of one video, whose
            file is then opened once for all of them, if they are in one
            batch. Ranks are dealt whole periods that do not part them. Saves
            time where files take long to enter, but the pairs of a batch are
            less varied: see docs/performance.md. Set ``pairs_per_video`` to
            a multiple, or an epoch has but a part of the videos, drawn anew.
            Defaults to 1: successive videos (paper).

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
        shuffle: bool = True,
        round_to: int = 8,
        sounds_per_clip: int = 1,
        clips_per_open: int = 1,
    ) -> None:
        super().__init__(dataset)
        counts = dict(
            pairs_per_video=pairs_per_video,
            round_to=round_to,
            sounds_per_clip=sounds_per_clip,
            clips_per_open=clips_per_open,
        )
        if min(counts.values()) < 1:
            raise ValueError(f'{", ".join(counts)} must be at least 1')
        self.seed = sync_random_seed() if seed is None else int(seed)
        self.epoch = 0
        self.pairs_per_video = pairs_per_video
        self.shuffle = shuffle
        self.sounds_per_clip = sounds_per_clip
        self.clips_per_open = clips_per_open
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
        self.pattern = mix_pattern(mix, self.sounds_per_clip)
        kinds = [PairKind(k) for k in np.unique(self.pattern)]
        self.eligible = self._eligible(kinds)
        self.mix = dict(mix)

    def set_epoch(self, epoch: int) -> None:
        """Set the epoch, which decides videos, partners and seeds."""
        self.epoch = int(epoch)

    def __len__(self) -> int:
        """Pairs per epoch on this rank."""
        # The runner's num_batch_per_epoch wraps the dataset in a shorter one.
        total = len(self.dataset) * self.pairs_per_video
        return max(total // (self.unit * self.world_size), 1) * self.unit

    def _share(self) -> int:
        """Successive pairs that go to one rank: the fewest whole periods that
        do not part the clips of one opening."""
        return lcm(len(self.pattern), self.clips_per_open)

    def epoch_plan(self) -> PairPlan:
        """The pairs of all ranks together, in the order of one process."""
        share = self._share()
        used = ceil(len(self) / share) * self.world_size * share
        # As many are drawn for any number of ranks, so that they are the same.
        pairs = len(self.dataset) * self.pairs_per_video
        total = max(ceil(pairs / share) * share, used)
        rng = np.random.Generator(
            np.random.Philox(np.random.SeedSequence([self.seed, self.epoch]))
        )
        kind = self.pattern[np.arange(total) % len(self.pattern)]
        seeds = rng.integers(np.iinfo(np.int64).max, size=kind.shape)
        clips = self.clips_per_open
        rounds = ceil(total / clips / len(self.eligible))
        video = np.tile(self.eligible, (rounds, 1))
        if self.shuffle:
            video = rng.permuted(video, axis=1)
        video = np.repeat(video.reshape(-1), clips)[:total]
        if kind.ndim == 2:
            video = video[:, None]
        own = np.broadcast_to(video, kind.shape)
        audio = own.copy()
        easy = kind == PairKind.EASY
        audio[easy] = draw_partners(
            own[easy], self.eligible, self.video_ids, rng
        )
        return PairPlan(video, audio, kind, seeds).take(slice(used))

    def plan(self) -> PairPlan:
        """The pairs of this rank: every ``world_size``-th share."""
        plan = self.epoch_plan()
        places = np.arange(len(plan.video)).reshape(-1, self._share())
        mine = places[self.rank :: self.world_size].reshape(-1)
        return plan.take(mine[: len(self)])
