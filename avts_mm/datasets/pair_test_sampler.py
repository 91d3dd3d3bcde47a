"""The fixed pairs that a model is judged on."""

from collections.abc import Sequence
from math import ceil

import numpy as np
from mmaction.registry import DATA_SAMPLERS

from .pair_plan import PairPlan, draw_partners
from .pairs import PairKind
from .plan_sampler import PlanSampler


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
        audio = video.copy()
        kind = np.tile(np.array(self.kinds, np.int64), len(clips))
        easy = np.flatnonzero(kind == PairKind.EASY)
        audio[easy] = draw_partners(
            video[easy], self.eligible, self.video_ids, rng
        )
        return PairPlan(video, audio, kind, np.repeat(seeds, len(self.kinds)))

    def plan(self) -> PairPlan:
        """The pairs of this rank: every ``world_size``-th clip."""
        plan = self.epoch_plan()
        clips = np.arange(len(plan.video)).reshape(-1, len(self.kinds))
        per_rank = len(self) // len(self.kinds)
        mine = np.arange(per_rank) * self.world_size + self.rank
        return plan.take(clips[mine % len(clips)].reshape(-1))
