"""The kinds of audio-visual pairs and where in time each is drawn.

A pair is planned in the main process (:class:`AVPair`, a few integers) and
given its moments in seconds where it is loaded (:class:`PairTiming`). Nothing
else in the package knows what makes a negative hard, or how long a video has
to be for it.
"""

import math
from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

import numpy as np


class PairKind(IntEnum):
    """What the sound of a pair is to its picture (AVTS paper, section 3)."""

    POSITIVE = 0  # the same moment of the same video
    EASY = 1  # a different video
    HARD = 2  # the same video, another moment, a gap between the two
    SUPER_HARD = 3  # the same video, shifted so little that they overlap

    @property
    def label(self) -> int:
        """1 if the kind is in sync, else 0."""
        return int(self is PairKind.POSITIVE)

    @classmethod
    def parse(cls, kind: 'str | int | PairKind') -> 'PairKind':
        """The kind for a name such as ``'super_hard'`` or for its number.

        Raises:
            ValueError: There is no such kind.
        """
        try:
            if isinstance(kind, str):
                return cls[kind.upper()]
            return cls(kind)
        except (KeyError, ValueError):
            raise ValueError(
                f'unknown kind of pair {kind!r}; choose from {KIND_NAMES}'
            ) from None


KIND_NAMES = tuple(kind.name.lower() for kind in PairKind)


class AVPair(NamedTuple):
    """The plan of one sample; what the sampler yields as the index.

    Attributes:
        video (int): Index of the record that gives the picture.
        audio (int): Index of the record that gives the sound.
        kind (int): A :class:`PairKind`.
        seed (int): Decides everything random about the sample: its moments
            and its augmentation.
        clips (int): Moments of the video, in sync each, in one sample.
    """

    video: int
    audio: int
    kind: int
    seed: int
    clips: int = 1


class PairTiming:
    """Draw the moments of picture and sound of a pair.

    No kind of pair can be told from one of its halves: of a video, picture
    and sound are drawn at equally likely moments whatever the kind is. To
    this end the moments of a hard negative are an *exchangeable* pair
    ``(s1, s2)``, uniform over all that are at least ``clip + gap`` apart, and
    the other kinds use its first half: a positive ``s1`` twice, an easy
    negative the ``s1`` of either video. Without that, positives in the middle
    of a video would differ from negatives near its ends, and a network would
    learn where in the clip it is instead of whether sound fits picture.
    The sound of a super-hard negative is ``s1`` shifted by a map that keeps a
    uniform moment uniform, hence that half is equal up to a slight tilt.

    A video too short for hard negatives has uniform moments.

    Args:
        clip_seconds (float): Length of a clip. Defaults to 1.0.
        hard_gap (float): Least time, in seconds, between the end of one
            clip and the start of the other in a hard negative; below 0 they
            may overlap by so much. Defaults to 0.5.
        super_hard_overlap (tuple[float, float]): Least and greatest time, in
            seconds, that picture and sound of a super-hard negative share.
            Defaults to (0.25, 0.75).

    Raises:
        ValueError: A length that is impossible.
    """

    # Annotated durations are rounded; a span may lack this much.
    TOLERANCE = 1e-6

    def __init__(
        self,
        clip_seconds: float = 1.0,
        hard_gap: float = 0.5,
        super_hard_overlap: Sequence[float] = (0.25, 0.75),
    ) -> None:
        if not (math.isfinite(clip_seconds) and clip_seconds > 0):
            raise ValueError(f'clip_seconds must be > 0, got {clip_seconds}')
        if not (math.isfinite(hard_gap) and hard_gap > -clip_seconds):
            raise ValueError(
                f'hard_gap must be greater than -clip_seconds, got {hard_gap}'
            )
        least, most = super_hard_overlap
        if not 0 <= least <= most < clip_seconds:
            raise ValueError(
                'super_hard_overlap must be (least, greatest) seconds with '
                f'0 <= least <= greatest < clip_seconds={clip_seconds}, '
                f'got {tuple(super_hard_overlap)}'
            )
        self.clip_seconds = float(clip_seconds)
        self.hard_gap = float(hard_gap)
        self.super_hard_overlap = (float(least), float(most))

    def min_duration(self, kind: int) -> float:
        """Seconds a video must last to give a pair of a kind."""
        kind = PairKind.parse(kind)
        if kind is PairKind.HARD:
            return 2 * self.clip_seconds + self.hard_gap
        if kind is PairKind.SUPER_HARD:
            # Every moment must have a partner, on one side at least.
            return 3 * self.clip_seconds - 2 * self.super_hard_overlap[1]
        return self.clip_seconds

    def draw(
        self,
        kind: int,
        video_span: tuple[float, float],
        audio_span: tuple[float, float],
        rng: np.random.Generator,
    ) -> tuple[float, float]:
        """Draw where the picture and where the sound of a pair start.

        For one state of ``rng`` and one ``video_span`` the picture starts at
        the same moment for every kind.

        Args:
            kind (int): A :class:`PairKind`.
            video_span (tuple[float, float]): Start and duration, in seconds,
                of what may be used of the video that gives the picture.
            audio_span (tuple[float, float]): The same for the sound; only
                an easy negative has another one than ``video_span``.
            rng (np.random.Generator): Source of chance.

        Returns:
            tuple[float, float]: Start of the picture and start of the sound,
            seconds on the clock of their own video.

        Raises:
            ValueError: The span is too short for the kind.
        """
        kind = PairKind.parse(kind)
        spans = (video_span, audio_span)
        for _, duration in spans if kind is PairKind.EASY else spans[:1]:
            if duration < self.min_duration(kind) - self.TOLERANCE:
                raise ValueError(
                    f'a {kind.name.lower()} pair needs a video of '
                    f'{self.min_duration(kind):g} s, this one has '
                    f'{duration:g} s'
                )
        start = video_span[0]
        room = max(video_span[1] - self.clip_seconds, 0.0)
        first, second = self._two_moments(room, rng)
        if kind is PairKind.POSITIVE:
            return start + first, start + first
        if kind is PairKind.HARD:
            return start + first, start + second
        if kind is PairKind.EASY:
            other_room = max(audio_span[1] - self.clip_seconds, 0.0)
            other, _ = self._two_moments(other_room, rng)
            return start + first, audio_span[0] + other
        return start + first, start + self._shifted(first, room, rng)

    def moments(
        self, span: tuple[float, float], count: int, rng: np.random.Generator
    ) -> np.ndarray:
        """Draw several moments of a video, as far apart as those of a hard
        negative where it is long enough.

        Args:
            span (tuple[float, float]): Start and duration, in seconds, of
                what may be used of the video.
            count (int): How many, at least 2.
            rng (np.random.Generator): Source of chance.

        Returns:
            np.ndarray: ``(count,)``, in any order: exchangeable.
        """
        room = max(span[1] - self.clip_seconds, 0.0)
        apart = min(self.clip_seconds + self.hard_gap, room / (count - 1))
        places = np.sort(rng.uniform(0, room - (count - 1) * apart, count))
        return span[0] + rng.permutation(places + apart * np.arange(count))

    def kinds(
        self, video: np.ndarray, start: np.ndarray
    ) -> dict[str, np.ndarray]:
        """What clips are to each other's sounds.

        Args:
            video (np.ndarray): Which video each of N clips is from.
            start (np.ndarray): Where it begins there (s).

        Returns:
            dict[str, np.ndarray]: Name of each kind to bool ``(N, N)``, a row
            for each picture and a column for each sound. A pair of none of
            them is neither in sync nor a negative: one moment twice, or
            moments that overlap more or less than a super-hard negative's.
        """
        same = np.equal.outer(video, video)
        apart = np.abs(np.subtract.outer(start, start))
        least, most = self.super_hard_overlap
        low, high = self.clip_seconds - most, self.clip_seconds - least
        slack = self.TOLERANCE
        return dict(
            positive=np.eye(len(video), dtype=bool),
            easy=~same,
            hard=same & (apart >= self.clip_seconds + self.hard_gap - slack),
            super_hard=same & (low - slack <= apart) & (apart <= high + slack),
        )

    def _two_moments(
        self, room: float, rng: np.random.Generator
    ) -> tuple[float, float]:
        """Exchangeable moments in [0, room], far apart where they can be."""
        apart = self.clip_seconds + self.hard_gap
        if room < apart - self.TOLERANCE:
            first, second = rng.uniform(0, room, 2)
            return float(first), float(second)
        # Sorted uniforms, the later one pushed away by ``apart``, are uniform
        # over the pairs that far apart; the coin makes them exchangeable.
        apart = min(apart, room)
        early, late = np.sort(rng.uniform(0, room - apart, 2)).tolist()
        late = min(late + apart, room)
        return (early, late) if rng.random() < 0.5 else (late, early)

    def _shifted(
        self, moment: float, room: float, rng: np.random.Generator
    ) -> float:
        """Another moment in [0, room] whose clip overlaps that of ``moment``.

        The range is cut into an even number of blocks as long as the shift,
        and neighbouring blocks change places: every moment has exactly one
        partner, so a uniform moment stays uniform up to the very ends.
        """
        least, most = self.super_hard_overlap
        low, high = self.clip_seconds - most, self.clip_seconds - least
        pairs_min = max(math.ceil(room / (2 * high) - 1e-9), 1)
        pairs_max = math.floor(room / (2 * low) + 1e-9)
        if pairs_min <= pairs_max:
            blocks = 2 * int(rng.integers(pairs_min, pairs_max + 1))
            block = min(int(moment / room * blocks), blocks - 1)
            shift = room / blocks
            return moment + (shift if block % 2 == 0 else -shift)
        # The overlap is nearly fixed and no cut fits: any shift that stays
        # inside. One side always has room, see min_duration.
        high = min(high, max(moment, room - moment))
        shift = float(rng.uniform(low, high)) if high > low else low
        places = [moment - shift, moment + shift]
        places = [p for p in places if 0 <= p <= room] or places[:1]
        return float(np.clip(places[rng.integers(len(places))], 0, room))
