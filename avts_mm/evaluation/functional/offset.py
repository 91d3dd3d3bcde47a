"""How much later the sound is than the picture, from their embeddings.

Picture and sound of a film are embedded at evenly spaced steps of time. Every
picture is compared with the sounds up to some shift before and after it; the
shift at which they agree best, on average over the film, is the offset. The
comparison is kept as sums over short blocks of time, which is all that is
needed afterwards and small for a film of any length.
"""

from dataclasses import dataclass, field

import numpy as np

from .offset_sums import OffsetSums

BOOTSTRAP = 200
NEAR = 2  # steps: what counts as the same minimum
# Seconds that must be compared at a shift for it to count, and that are
# judged on their own to find drift.
MIN_OVERLAP, SEGMENT = 0.5, 20.0
REASONS = {
    'no_audio': 'the file has no sound',
    'no_video': 'the file has no pictures',
    'too_short': 'it is too short',
    'silent': 'there is next to no sound',
    'still': 'next to nothing moves in the picture',
    'too_little': 'too little picture and sound can be compared',
    'no_face': 'no face is seen that speaks, and motion and loudness do not '
    'tell either',
    'no_clear_minimum': 'no offset fits clearly better than the others',
    'beyond_range': 'the best offset is at the end of the range that was '
    'searched; search further',
}


@dataclass
class OffsetEstimate:
    """What was found out about a film.

    Attributes:
        offset (float | None): Seconds by which the sound is late; negative if
            it is early; None if that cannot be told.
        best (float | None): The same, told or not: where the curve is
            lowest. None if there is no curve.
        confidence (float): From 0 to 1: how often the same offset is found
            when the film is put together anew from its own blocks.
        clarity (float): How far the minimum lies below the rest of the curve,
            in units of its ordinary variation (1.48 times the median
            deviation).
        reason (str): Why it cannot be told, a key of ``REASONS``; else empty.
        shifts (np.ndarray): ``(S,)`` seconds.
        curve (np.ndarray): ``(S,)``, mean centred distance; NaN where too
            little could be compared.
        low, high (np.ndarray): ``(S,)``, 90 % of the bootstrapped curves lie
            between them.
        segments (list[tuple]): Begin, end, offset (or None) and confidence of
            parts of the film.
        drift (float | None): Seconds by which the sound gets later per second
            of the film; None if it stays, or cannot be told.
        found_by (str): ``'model'``; of a model of mouths ``'faces'``, or
            ``'motion'`` if they did not tell.
        faces (list[SeenFace]): Those that such a model has compared.
        excerpts (list[tuple]): Begin and end of the parts of a long film that
            were looked at, in seconds; empty if all of it was.
    """

    offset: float | None
    best: float | None
    confidence: float
    clarity: float
    reason: str
    shifts: np.ndarray
    curve: np.ndarray
    low: np.ndarray
    high: np.ndarray
    segments: list[tuple] = field(default_factory=list)
    drift: float | None = None
    found_by: str = 'model'
    faces: list = field(default_factory=list)
    excerpts: list[tuple] = field(default_factory=list)

    def in_sync(self, tolerance: float) -> bool | None:
        """Whether the offset is within ``tolerance`` s; None if unknown."""
        if self.offset is None:
            return None
        return abs(self.offset) <= tolerance and self.drift is None

    def describe(self, tolerance: float = 0.08) -> str:
        """The verdict as a sentence."""
        if self.offset is None:
            return f'Cannot tell: {REASONS[self.reason]}.'
        if self.drift is not None:
            known = [part[2] for part in self.segments if part[2] is not None]
            way = 'later' if self.drift > 0 else 'earlier'
            return (
                f'The sound drifts: {_late(known[0])} at the beginning, '
                f'{_late(known[-1])} at the end ({abs(self.drift) * 60:.3f} s '
                f'{way} every minute).'
            )
        if abs(self.offset) <= tolerance:
            return f'In sync (the sound is {_late(self.offset)}).'
        return f'The sound is {_late(self.offset)}.'


def _late(offset: float) -> str:
    if abs(offset) < 0.005:
        return '0.00 s late'
    return f'{abs(offset):.2f} s {"late" if offset > 0 else "early"}'


def estimate_offset(
    sums: OffsetSums, reason: str = '', **options: float
) -> OffsetEstimate:
    """The offset of a film, if it can be told.

    Args:
        sums (OffsetSums): What was compared.
        reason (str): Why nothing can be said, a key of ``REASONS``. Defaults
            to '', something may be.
        options: ``min_confidence`` (0.8) and ``min_clarity`` (3.5), below
            which nothing is said; ``min_compared`` (1.5), seconds that must
            be compared at the minimum for it to be told: of less the
            bootstrap is too sure.

    Returns:
        OffsetEstimate
    """
    estimate = _estimate(sums, reason, **options)
    seconds = sums.step * sums.block
    number, length = len(sums.sums), max(1, round(SEGMENT / seconds))
    if reason or number < 2 * length:
        return estimate
    for begin in range(0, number - length // 2, length):
        last = begin + 1.5 * length > number
        end = number if last else begin + length
        part = sums.sums[begin:end], sums.counts[begin:end]
        found = _estimate(
            OffsetSums(*part, sums.step, sums.block), '', **options
        )
        span = begin * seconds, end * seconds
        estimate.segments.append((*span, found.offset, found.confidence))
    _find_drift(estimate, sums.step)
    return estimate


def _score(
    sums: np.ndarray, counts: np.ndarray, least: float
) -> tuple[np.ndarray, np.ndarray]:
    """Mean distance at each shift, and the same weighted by its certainty."""
    enough = counts >= max(least, 0.2 * counts.max(), 1)
    curve = np.where(enough, sums / np.maximum(counts, 1), np.nan)
    # The mean of n values varies with 1 / sqrt(n): shifts that leave little
    # to compare would otherwise give the deepest minima by chance.
    return curve, curve * np.sqrt(counts / max(counts.max(), 1))


def _estimate(
    sums: OffsetSums,
    reason: str,
    min_confidence: float = 0.8,
    min_clarity: float = 3.5,
    min_compared: float = 1.5,
) -> OffsetEstimate:
    shifts = np.arange(-sums.radius, sums.radius + 1) * sums.step
    least = MIN_OVERLAP / sums.step
    curve, score = _score(sums.sums.sum(0), sums.counts.sum(0), least)
    if not reason and np.isfinite(score).sum() < 2 * NEAR + 3:
        reason = 'too_little'
    if reason:
        nothing = np.full(len(shifts), np.nan)
        return OffsetEstimate(
            None, None, 0.0, 0.0, reason, shifts, nothing, nothing, nothing
        )
    best = int(np.nanargmin(score))
    rest = np.abs(np.arange(len(score)) - best) > NEAR + 1
    rest = score[rest & np.isfinite(score)]
    middle = np.median(rest)
    spread = 1.4826 * np.median(np.abs(rest - middle))
    clarity = float((middle - score[best]) / max(spread, 1e-12))

    rng = np.random.default_rng(0)
    blocks = len(sums.sums)
    curves, same = [], 0
    for _ in range(BOOTSTRAP):
        times = np.bincount(rng.integers(0, blocks, blocks), minlength=blocks)
        again, scored = _score(times @ sums.sums, times @ sums.counts, least)
        curves.append(again)
        if np.isfinite(scored).any():
            same += abs(int(np.nanargmin(scored)) - best) <= NEAR
    confidence = same / BOOTSTRAP
    low, high = np.full((2, len(shifts)), np.nan)
    known = np.isfinite(curves).any(0)
    bounds = np.nanpercentile(np.array(curves)[:, known], (5, 95), 0)
    low[known], high[known] = bounds
    offset = shifts[best] + sums.step * _vertex(score, best)
    if sums.counts.sum(0)[best] * sums.step < min_compared:
        reason = 'too_little'
    elif confidence < min_confidence or clarity < min_clarity:
        reason = 'no_clear_minimum'
    elif best in (0, len(score) - 1):
        reason = 'beyond_range'
    return OffsetEstimate(
        None if reason else float(offset),
        float(offset),
        confidence,
        clarity,
        reason,
        shifts,
        curve,
        low,
        high,
    )


def _vertex(score: np.ndarray, best: int) -> float:
    """Where a parabola through the minimum and its neighbours is lowest."""
    if not 0 < best < len(score) - 1:
        return 0.0
    left, middle, right = score[best - 1 : best + 2]
    bend = left - 2 * middle + right
    if not np.isfinite(bend) or bend <= 0:
        return 0.0
    return float(np.clip(0.5 * (left - right) / bend, -0.5, 0.5))


def _find_drift(estimate: OffsetEstimate, step: float) -> None:
    """Note a drift if the segments' offsets lie on a line that rises."""
    known = [
        ((begin + end) / 2, offset)
        for begin, end, offset, _ in estimate.segments
        if offset is not None
    ]
    if len(known) < 3:
        return
    from scipy.stats import theilslopes

    times, offsets = np.array(known).T
    slope, _, low, high = theilslopes(offsets, times, 0.99)
    total = slope * (times[-1] - times[0])
    if (low > 0 or high < 0) and abs(total) > 2 * step:
        estimate.drift = float(slope)
        # The curve over the whole film is smeared; its middle is not.
        middle = float(np.median(offsets))
        if estimate.offset is None and estimate.reason != 'beyond_range':
            estimate.offset, estimate.reason = middle, ''
