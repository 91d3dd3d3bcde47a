"""The pairs of an epoch as columns, and how their parts are drawn."""

from collections.abc import Iterator, Mapping
from math import lcm
from typing import NamedTuple

import numpy as np

from .pairs import AVPair, PairKind, parse_mix

MAX_PERIOD = 1024


class PairPlan(NamedTuple):
    """Pairs as four columns, each an array ``(N,)``; see :class:`AVPair`.

    Of clips with K sounds each: ``(N, K)``, or ``(N, 1)`` for ``video``,
    which the sounds share.
    """

    video: np.ndarray
    audio: np.ndarray
    kind: np.ndarray
    seed: np.ndarray

    def take(self, index) -> 'PairPlan':
        """The pairs at some places."""
        return PairPlan(*(column[index] for column in self))

    def pairs(
        self, chunk: int = 4096
    ) -> Iterator[AVPair | tuple[AVPair, ...]]:
        """Yield the pairs one by one; only ``chunk`` of them exist at once.

        Of clips with several sounds each: tuples of K pairs.
        """
        for begin in range(0, len(self.video), chunk):
            part = self.take(slice(begin, begin + chunk))
            shape = part.audio.shape
            columns = (np.broadcast_to(c, shape).ravel() for c in part)
            pairs = map(AVPair._make, zip(*(c.tolist() for c in columns)))
            if len(shape) == 1:
                yield from pairs
            else:
                yield from zip(*[pairs] * shape[1])


def mix_pattern(mix: Mapping, sounds_per_clip: int = 1) -> np.ndarray:
    """The shortest sequence of kinds that has a mix exactly.

    Half of it are positives, the negatives follow the mix. Repeated, it holds
    exact counts in any window of whole periods, and nearly exact ones
    anywhere: each place goes to the kind that is furthest behind its share.

    Args:
        mix (dict): Shares of the kinds of negatives; see
            :func:`~avts_mm.datasets.pairs.parse_mix`.
        sounds_per_clip (int): From 2 on, the sequence is one of clips, each
            with its own sound and the next few negatives. Defaults to 1.

    Returns:
        np.ndarray: int64 ``(period,)`` of :class:`PairKind`, or ``(period,
        sounds_per_clip)``. For ``dict(easy=3, hard=1)`` the period is 8:
        four positives, three easy and one hard negative. With 3 sounds it is
        2: a clip with two easy negatives, one with an easy and a hard one.

    Raises:
        ValueError: The mix is wrong, or its period exceeds 1024.
    """
    shares = parse_mix(mix)
    negatives = lcm(*(share.denominator for share in shares.values()))
    period = 2 * negatives
    if period > MAX_PERIOD:
        raise ValueError(
            f'mix {dict(mix)} repeats only after {period} pairs (at most '
            f'{MAX_PERIOD}); choose simpler ratios, such as dict(easy=3, '
            'hard=1)'
        )
    counts = {PairKind.POSITIVE: negatives}
    counts.update((kind, int(s * negatives)) for kind, s in shares.items())
    kinds = np.array(list(counts), np.int64)
    targets = np.array(list(counts.values()), np.int64)
    given = np.zeros_like(targets)
    pattern = np.empty(period, np.int64)
    for place in range(period):
        # In units of 1 / period, so that nothing is rounded. A kind that has
        # all its places is never furthest behind.
        behind = targets * (place + 1) - given * period
        chosen = int(behind.argmax())
        given[chosen] += 1
        pattern[place] = kinds[chosen]
    if sounds_per_clip == 1:
        return pattern
    others = sounds_per_clip - 1
    clips = lcm(negatives, others) // others
    sounds = np.full((clips, sounds_per_clip), int(PairKind.POSITIVE))
    in_turn = pattern[pattern != PairKind.POSITIVE]
    sounds[:, 1:] = np.resize(in_turn, (clips, others))
    return sounds


def draw_partners(
    videos: np.ndarray,
    eligible: np.ndarray,
    video_ids: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Draw a record of another video for each record, uniformly.

    Args:
        videos (np.ndarray): Records ``(N,)`` that want a partner.
        eligible (np.ndarray): Records that may be drawn.
        video_ids (np.ndarray): For every record of the dataset, which video
            it is cut from.
        rng (np.random.Generator): Source of chance.

    Returns:
        np.ndarray: Records ``(N,)``.

    Raises:
        ValueError: All eligible records are of one video.
    """
    if len(videos) and (video_ids[eligible] == video_ids[eligible[0]]).all():
        raise ValueError(
            'easy negatives need the sound of a different video, but the '
            'dataset has only one that is long enough; add videos or use '
            'hard negatives alone'
        )
    partners = eligible[rng.integers(len(eligible), size=len(videos))]
    while True:
        same = np.flatnonzero(video_ids[partners] == video_ids[videos])
        if not len(same):
            return partners
        partners[same] = eligible[rng.integers(len(eligible), size=len(same))]
