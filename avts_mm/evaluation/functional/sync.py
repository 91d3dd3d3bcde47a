"""How well distances tell pairs in sync from pairs that are not.

Functions of plain arrays. Throughout, a *positive* is a pair in sync and
should have the smaller distance; chance is 0.5 for all but the intervals.
"""

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np

CHANCE = 0.5


def roc_auc(positives: np.ndarray, negatives: np.ndarray) -> float:
    """Area under the ROC curve: how often a negative is farther apart.

    Args:
        positives (np.ndarray): Distances ``(P,)``.
        negatives (np.ndarray): Distances ``(N,)``.

    Returns:
        float: Share of all P x N comparisons in which the negative has the
        greater distance; ties count one half.
    """
    return float(_wins(positives, negatives).mean())


def _wins(positives: np.ndarray, negatives: np.ndarray) -> np.ndarray:
    """For each negative the share of positives that are nearer, ``(N,)``."""
    positives = _checked(positives)
    negatives = _checked(negatives)
    ordered = np.sort(positives)
    nearer = np.searchsorted(ordered, negatives, 'left')
    not_farther = np.searchsorted(ordered, negatives, 'right')
    return (nearer + not_farther) / (2 * len(positives))


def _checked(values: np.ndarray) -> np.ndarray:
    values = np.asarray(values, np.float64)
    if values.ndim != 1 or not len(values):
        raise ValueError(
            f'need distances of shape (N,), N > 0; got {values.shape}'
        )
    if not np.isfinite(values).all():
        raise ValueError('distances must be finite')
    return values


def _rates(
    positives: np.ndarray, negatives: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Thresholds that differ in what they decide, and what they decide.

    Returns:
        tuple[np.ndarray, np.ndarray, np.ndarray]: Rising thresholds from -inf
        to inf, midway between distances; shares of positives and of negatives
        that are below each.
    """
    positives, negatives = _checked(positives), _checked(negatives)
    values = np.unique(np.concatenate([positives, negatives]))
    middles = (values[:-1] + values[1:]) / 2
    thresholds = np.concatenate([[-np.inf], middles, [np.inf]])
    below_positive, below_negative = (
        np.searchsorted(np.sort(x), thresholds, 'right') / len(x)
        for x in (positives, negatives)
    )
    return thresholds, below_positive, below_negative


def equal_error_rate(positives: np.ndarray, negatives: np.ndarray) -> float:
    """Error rate at the threshold where both kinds of error are as frequent.

    Between two thresholds the rates are interpolated linearly.
    """
    _, accepted, false_accepted = _rates(positives, negatives)
    missed = 1 - accepted
    excess = missed - false_accepted  # falls from 1 to -1
    after = int(np.argmax(excess <= 0))
    before = after - 1
    part = excess[before] / (excess[before] - excess[after])
    return float(missed[before] + part * (missed[after] - missed[before]))


def best_threshold(positives: np.ndarray, negatives: np.ndarray) -> float:
    """The threshold of greatest balanced accuracy: below it is in sync.

    Of several equally good ones, the middle one.
    """
    thresholds, accepted, false_accepted = _rates(positives, negatives)
    gain = accepted - false_accepted
    best = np.flatnonzero(gain >= gain.max() - 1e-12)
    return float(thresholds[best[len(best) // 2]])


def halves(videos: np.ndarray, seed: int = 0) -> np.ndarray:
    """Split by video: of each entry, whether it is in the second half.

    Args:
        videos (np.ndarray): ``(N,)`` names or numbers; equal ones stay
            together. The split depends on the set of them, not on the order.
        seed (int): Of the permutation. Defaults to 0.

    Returns:
        np.ndarray: bool ``(N,)``.
    """
    names, which = np.unique(videos, return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(names))
    return (order % 2 == 1)[which.reshape(-1)]


def cross_fitted_decisions(
    positives: np.ndarray,
    negatives: np.ndarray,
    positive_videos: np.ndarray,
    negative_videos: np.ndarray,
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray] | None:
    """Decide on each pair by a threshold that never saw its video.

    The threshold is fitted on one half of the videos and applied to the
    other, and the other way round.

    Args:
        positives (np.ndarray): Distances ``(P,)``.
        negatives (np.ndarray): Distances ``(N,)``.
        positive_videos (np.ndarray): The video of each positive ``(P,)``.
        negative_videos (np.ndarray): The video of the picture of each
            negative ``(N,)``.
        seed (int): Of the split. Defaults to 0.

    Returns:
        tuple[np.ndarray, np.ndarray] | None: Whether the decision is right,
        bool ``(P,)`` and ``(N,)``. None if a half lacks positives or
        negatives, as with a single video.
    """
    positives, negatives = _checked(positives), _checked(negatives)
    second = halves(np.concatenate([positive_videos, negative_videos]), seed)
    sides = second[: len(positives)], second[len(positives) :]
    positives_right = np.zeros(len(positives), bool)
    negatives_right = np.zeros(len(negatives), bool)
    for side in (False, True):
        fit = [part == side for part in sides]
        judge = [~part for part in fit]
        if not all(part.any() for part in fit):
            return None
        threshold = best_threshold(positives[fit[0]], negatives[fit[1]])
        positives_right[judge[0]] = positives[judge[0]] <= threshold
        negatives_right[judge[1]] = negatives[judge[1]] > threshold
    return positives_right, negatives_right


def balanced_accuracy(
    positives_right: np.ndarray, negatives_right: np.ndarray
) -> float:
    """Mean of the shares of right decisions about either class."""
    return float((np.mean(positives_right) + np.mean(negatives_right)) / 2)


def cross_fitted_accuracy(*args, **kwargs) -> float:
    """Balanced accuracy of :func:`cross_fitted_decisions`, or NaN."""
    right = cross_fitted_decisions(*args, **kwargs)
    return float('nan') if right is None else balanced_accuracy(*right)


def paired_wins(positives: np.ndarray, negatives: np.ndarray) -> np.ndarray:
    """Whether the positive of the *same clip* is the nearer one.

    Args:
        positives (np.ndarray): Distances ``(N,)`` of clips to their sound.
        negatives (np.ndarray): Distances ``(N,)`` of the same clips to
            another sound, in the same order.

    Returns:
        np.ndarray: float64 ``(N,)``: 1, 0, or 0.5 for a tie.
    """
    positives, negatives = _checked(positives), _checked(negatives)
    if len(positives) != len(negatives):
        raise ValueError(
            f'clips differ: {len(positives)} positives, '
            f'{len(negatives)} negatives'
        )
    return (positives < negatives) + 0.5 * (positives == negatives)


def wilson_interval(
    share: float, number: float, confidence: float = 0.95
) -> tuple[float, float]:
    """Confidence interval of a share (Wilson, 1927).

    Args:
        share (float): Observed share, 0 to 1.
        number (float): Of how many *independent* cases: where several come
            from one video, the number of videos is the cautious choice.
        confidence (float): Defaults to 0.95.

    Returns:
        tuple[float, float]: Lower and upper bound.
    """
    if not 0 <= share <= 1 or number <= 0:
        raise ValueError(f'not a share of cases: {share} of {number}')
    z = _quantile(confidence)
    middle = share + z * z / (2 * number)
    spread = z * np.sqrt(
        share * (1 - share) / number + (z / (2 * number)) ** 2
    )
    scale = 1 + z * z / number
    low, high = (middle - spread) / scale, (middle + spread) / scale
    # Exact at the ends, where rounding would leave 1e-17.
    return (
        0.0 if share == 0 else float(low),
        1.0 if share == 1 else float(high),
    )


def _quantile(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise ValueError(f'confidence must be in (0, 1), got {confidence}')
    return NormalDist().inv_cdf((1 + confidence) / 2)


def share_interval(
    right: np.ndarray | Sequence[np.ndarray],
    videos: np.ndarray | Sequence[np.ndarray],
    confidence: float = 0.95,
) -> tuple[float, float]:
    """Confidence interval of a share of cases, some of which are related.

    Wilson's interval for the number of independent cases that would have the
    variance found between videos.

    Args:
        right (np.ndarray): Success of each case, 0 to 1, ``(N,)``. Or several
            such arrays: the interval is then that of the mean of their
            means, such as a balanced accuracy.
        videos (np.ndarray): The video of each case, likewise.
        confidence (float): Defaults to 0.95.

    Returns:
        tuple[float, float]: Lower and upper bound.
    """
    parts = [right] if isinstance(right, np.ndarray) else right
    owners = [videos] if isinstance(videos, np.ndarray) else videos
    share = float(np.mean([part.mean() for part in parts]))
    names, which = np.unique(np.concatenate(owners), return_inverse=True)
    off = [(part - part.mean()) / len(part) / len(parts) for part in parts]
    sums = np.bincount(which.reshape(-1), np.concatenate(off), len(names))
    number: float = len(names)
    variance = float((sums**2).sum()) * number / max(number - 1, 1)
    if variance > 0:
        number = share * (1 - share) / variance
    return wilson_interval(share, number, confidence)


def auc_interval(
    positives: np.ndarray,
    negatives: np.ndarray,
    positive_videos: np.ndarray | None = None,
    negative_videos: np.ndarray | None = None,
    confidence: float = 0.95,
) -> tuple[float, float]:
    """Confidence interval of :func:`roc_auc`.

    The variance is DeLong's (1988) in the form for clustered data of
    Obuchowski (1997): clips of one video, and the positive and the negative
    of one clip, are not independent. The bounds are those of the logit, so
    they stay within 0 and 1. At an AUC of exactly 0 or 1, where that variance
    is 0, Wilson's bound for as many cases as there are videos is given.

    Args:
        positives (np.ndarray): Distances ``(P,)``.
        negatives (np.ndarray): Distances ``(N,)``.
        positive_videos (np.ndarray, optional): The video of each positive.
            None means that all cases are independent.
        negative_videos (np.ndarray, optional): The video of each negative.
        confidence (float): Defaults to 0.95.

    Returns:
        tuple[float, float]: Lower and upper bound.
    """
    z = _quantile(confidence)
    of_negatives = _wins(positives, negatives)
    of_positives = 1 - _wins(negatives, positives)
    auc = of_negatives.mean()
    number = np.array([len(of_positives), len(of_negatives)])
    if positive_videos is None or negative_videos is None:
        clusters = np.arange(number.sum())
    else:
        clusters = np.concatenate([positive_videos, negative_videos])
    names, which = np.unique(clusters, return_inverse=True)
    which = which.reshape(-1)
    # Per cluster, how far its positives and its negatives are off the mean.
    parts = (
        (which[: number[0]], of_positives),
        (
            which[number[0] :],
            of_negatives,
        ),
    )
    sums = np.zeros((2, len(names)))
    present = np.zeros(2)
    for row, (index, wins) in enumerate(parts):
        np.add.at(sums[row], index, wins - auc)
        present[row] = len(np.unique(index))
    if present.min() < 2:
        return 0.0, 1.0
    scale = present / (present - 1) / number**2
    variance = float((scale * (sums**2).sum(axis=1)).sum())
    both = len(names) / (len(names) - 1) / number.prod()
    variance += 2 * both * float((sums[0] * sums[1]).sum())
    if not 0 < auc < 1 or variance <= 0:
        return wilson_interval(float(auc), present.min(), confidence)
    logit = np.log(auc / (1 - auc))
    spread = z * np.sqrt(variance) / (auc * (1 - auc))
    low, high = 1 / (1 + np.exp(-(logit + np.array([-spread, spread]))))
    return float(low), float(high)
