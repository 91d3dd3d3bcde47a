"""Confidence intervals (95 %) of shares and of the area under the ROC curve.

Functions of plain arrays. Cases of one video are not independent.
"""

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np

from .sync import win_shares

# Deviations that a normal variable stays within with a probability of 95 %.
DEVIATIONS = NormalDist().inv_cdf(0.975)


def wilson_interval(share: float, number: float) -> tuple[float, float]:
    """Confidence interval of a share (Wilson, 1927).

    Args:
        share (float): Observed share, 0 to 1.
        number (float): Of how many *independent* cases: where several come
            from one video, the number of videos is the cautious choice.

    Returns:
        tuple[float, float]: Lower and upper bound.
    """
    if not 0 <= share <= 1 or number <= 0:
        raise ValueError(f'not a share of cases: {share} of {number}')
    z = DEVIATIONS
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


def share_interval(
    right: np.ndarray | Sequence[np.ndarray],
    videos: np.ndarray | Sequence[np.ndarray],
) -> tuple[float, float]:
    """Confidence interval of a share of cases, some of which are related.

    Wilson's interval for the number of independent cases that would have the
    variance found between videos.

    Args:
        right (np.ndarray): Success of each case, 0 to 1, ``(N,)``. Or several
            such arrays: the interval is then that of the mean of their
            means, such as a balanced accuracy.
        videos (np.ndarray): The video of each case, likewise.

    Returns:
        tuple[float, float]: Lower and upper bound.
    """
    parts = [right] if isinstance(right, np.ndarray) else right
    owners = [videos] if isinstance(videos, np.ndarray) else videos
    share = float(np.mean([part.mean() for part in parts]))
    off = [(part - part.mean()) / len(part) / len(parts) for part in parts]
    variance, number = _clustered(np.concatenate(off), np.concatenate(owners))
    if variance > 0:
        number = share * (1 - share) / variance
    return wilson_interval(share, number)


def _clustered(
    deviations: np.ndarray, clusters: np.ndarray
) -> tuple[float, float]:
    """Variance of the sum of deviations that are related within clusters,
    and the number of clusters."""
    names, which = np.unique(clusters, return_inverse=True)
    sums = np.bincount(which.reshape(-1), deviations, len(names))
    number = len(names)
    return float((sums**2).sum()) * number / max(number - 1, 1), number


def paired_difference(
    right: np.ndarray, other: np.ndarray, sources: np.ndarray
) -> tuple[float, float, float]:
    """How much better one classifier is than another on the same recordings.

    Args:
        right (np.ndarray): Success of each recording, 0 to 1, ``(R,)``; NaN
            where not tested.
        other (np.ndarray): The same of the other classifier.
        sources (np.ndarray): Recordings of one source count together.

    Returns:
        tuple[float, float, float]: Difference of the shares, and lower and
        upper bound of its 95 % interval by the normal approximation.
    """
    judged = ~(np.isnan(right) | np.isnan(other))
    gain = right[judged] - other[judged]
    mean = float(gain.mean())
    variance, _ = _clustered((gain - mean) / len(gain), sources[judged])
    spread = DEVIATIONS * variance**0.5
    return mean, mean - spread, mean + spread


def auc_interval(
    positives: np.ndarray,
    negatives: np.ndarray,
    positive_videos: np.ndarray,
    negative_videos: np.ndarray,
) -> tuple[float, float]:
    """Confidence interval of :func:`~.sync.roc_auc`.

    The variance is DeLong's (1988) in the form for clustered data of
    Obuchowski (1997): clips of one video, and the positive and the negative
    of one clip, are not independent. The bounds are those of the logit, so
    they stay within 0 and 1. At an AUC of exactly 0 or 1, where that variance
    is 0, Wilson's bound for as many cases as there are videos is given.

    Args:
        positives (np.ndarray): Distances ``(P,)``.
        negatives (np.ndarray): Distances ``(N,)``.
        positive_videos (np.ndarray): The video of each positive.
        negative_videos (np.ndarray): The video of each negative.

    Returns:
        tuple[float, float]: Lower and upper bound.
    """
    of_negatives = win_shares(positives, negatives)
    of_positives = 1 - win_shares(negatives, positives)
    auc = of_negatives.mean()
    number = np.array([len(of_positives), len(of_negatives)])
    clusters = np.concatenate([positive_videos, negative_videos])
    names, which = np.unique(clusters, return_inverse=True)
    parts = np.split(which.reshape(-1), number[:1])
    # Per cluster, how far its positives and its negatives are off the mean.
    sums = np.stack(
        [
            np.bincount(index, wins - auc, len(names))
            for index, wins in zip(parts, (of_positives, of_negatives))
        ]
    )
    present = np.array([len(np.unique(index)) for index in parts])
    if present.min() < 2:
        return 0.0, 1.0
    scale = present / (present - 1) / number**2
    variance = float((scale * (sums**2).sum(axis=1)).sum())
    both = len(names) / (len(names) - 1) / number.prod()
    variance += 2 * both * float((sums[0] * sums[1]).sum())
    if not 0 < auc < 1 or variance <= 0:
        return wilson_interval(float(auc), present.min())
    logit = np.log(auc / (1 - auc))
    spread = DEVIATIONS * np.sqrt(variance) / (auc * (1 - auc))
    low, high = 1 / (1 + np.exp(-(logit + np.array([-spread, spread]))))
    return float(low), float(high)
