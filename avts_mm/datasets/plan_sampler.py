"""What the samplers of pairs know about the dataset and the ranks."""

from collections.abc import Iterator, Sequence

import numpy as np
from mmengine.dist import get_dist_info
from mmengine.logging import print_log
from torch.utils.data import Sampler

from .pair_plan import PairPlan
from .pairs import AVPair, PairKind, PairTiming


class PlanSampler(Sampler):
    """Base class of the samplers: knows the dataset and the ranks.

    Args:
        dataset (:obj:`AVPairDataset`): Gives durations and timing.

    Raises:
        TypeError: The dataset is of another kind.
    """

    def __init__(self, dataset) -> None:
        for name in ('durations', 'timing'):
            if not hasattr(dataset, name):
                raise TypeError(
                    f'{type(self).__name__} needs an AVPairDataset (or '
                    f'another dataset with .durations and .timing), got '
                    f'{type(dataset).__name__}'
                )
        self.dataset = dataset
        self.durations = np.asarray(dataset.durations, np.float64)
        self.timing: PairTiming = dataset.timing
        ids = getattr(dataset, 'video_ids', None)
        if ids is None:
            ids = np.arange(len(self.durations))
        self.video_ids = np.asarray(ids)
        self.rank, self.world_size = get_dist_info()

    def plan(self) -> PairPlan:
        """The pairs of this rank, in order."""
        raise NotImplementedError

    def __iter__(self) -> Iterator[AVPair | tuple[AVPair, ...]]:
        return self.iter_from(0)

    def iter_from(self, first: int) -> Iterator[AVPair | tuple[AVPair, ...]]:
        """The pairs of this rank but for the first few."""
        return self.plan().take(slice(first, None)).pairs()

    def _eligible(self, kinds: Sequence[PairKind]) -> np.ndarray:
        """Records long enough for all of some kinds; others are reported."""
        seconds = max(self.timing.min_duration(kind) for kind in kinds)
        fits = self.durations >= seconds - PairTiming.TOLERANCE
        eligible = np.flatnonzero(fits)
        names = ', '.join(kind.name.lower() for kind in kinds)
        if not len(eligible):
            raise ValueError(
                f'none of the {len(fits)} videos lasts the {seconds:g} s '
                f'that pairs of these kinds need: {names}; use longer videos, '
                'a shorter clip_seconds or a smaller hard_gap'
            )
        short = np.flatnonzero(~fits)
        if len(short):
            first = ', '.join(map(self._name, short[:3]))
            print_log(
                f'{len(short)} of {len(fits)} videos are shorter than the '
                f'{seconds:g} s that pairs of these kinds need ({names}) and '
                f'left out: {first}{", …" if len(short) > 3 else ""}',
                logger='current',
            )
        return eligible

    def _name(self, index: int) -> str:
        try:
            info = self.dataset.get_data_info(int(index))
            return f'{info["video_path"]} ({self.durations[index]:g} s)'
        except (AttributeError, KeyError, TypeError):
            return f'record {index} ({self.durations[index]:g} s)'
