"""What a plan of pairs is, and what those who draw one have in common."""

from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import NamedTuple

import numpy as np
from mmengine.dist import get_dist_info
from mmengine.logging import print_log
from torch.utils.data import Sampler

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


class PlanSampler(Sampler):
    """What the samplers of pairs know about the data set and the ranks.

    Args:
        dataset (:obj:`AVPairDataset`): Gives durations, timing, corpora.
        easy_same_corpus (bool): Of several corpora, draw the sound of an easy
            negative from the corpus of its video, not from any.
    """

    eligible: np.ndarray  # records that pairs are made of
    clips = 1  # of each pair

    def __init__(self, dataset, easy_same_corpus: bool) -> None:
        for name in ('durations', 'timing', 'video_ids'):
            if not hasattr(dataset, name):
                raise TypeError(
                    f'{type(self).__name__} needs an AVPairDataset (or '
                    f'another dataset with .{name}), got '
                    f'{type(dataset).__name__}; name several corpora by '
                    'ann_file=[...] and data_root=[...] of one dataset'
                )
        self.dataset = dataset
        self.durations = np.asarray(dataset.durations, np.float64)
        self.timing: PairTiming = dataset.timing
        self.video_ids = np.asarray(dataset.video_ids)
        one = np.zeros(len(self.durations), int)
        self.corpora = np.asarray(getattr(dataset, 'corpora', one))
        self.easy_same_corpus = easy_same_corpus
        # Easy negatives join videos of one group.
        self.groups = self.corpora if easy_same_corpus else one
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
        ids, eligible, groups = self.video_ids, self.eligible, self.groups
        for group in np.unique(groups[eligible]):
            partners = eligible[groups[eligible] == group]
            easy = (kind == PairKind.EASY) & (groups[video] == group)
            easy = np.flatnonzero(easy)
            if len(easy) and (ids[partners] == ids[partners[0]]).all():
                same = ' of the same corpus' if self.easy_same_corpus else ''
                raise ValueError(
                    f'easy negatives need the sound of a different video{same}'
                    ', but the dataset has only one that is long enough; add '
                    'videos or use hard negatives alone'
                )
            while len(easy):
                chosen = rng.integers(len(partners), size=len(easy))
                audio[easy] = partners[chosen]
                easy = easy[ids[audio[easy]] == ids[video[easy]]]
        return audio
