"""How well distances tell pairs in sync from pairs that are not.

Functions of plain arrays. Throughout, a *positive* is a pair in sync and
should have the smaller distance; chance is 0.5 for all.
"""

import numpy as np


def roc_auc(positives: np.ndarray, negatives: np.ndarray) -> float:
    """Area under the ROC curve: how often a negative is farther apart.

    Args:
        positives (np.ndarray): Distances ``(P,)``.
        negatives (np.ndarray): Distances ``(N,)``.

    Returns:
        float: Share of all P x N comparisons in which the negative has the
        greater distance; ties count one half.
    """
    return float(win_shares(positives, negatives).mean())


def win_shares(positives: np.ndarray, negatives: np.ndarray) -> np.ndarray:
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
    """Rising thresholds from -inf to inf, midway between distances, and the
    shares of positives and of negatives that are below each."""
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


def halves(videos: np.ndarray) -> np.ndarray:
    """Split by video: of each entry, whether it is in the second half.

    Args:
        videos (np.ndarray): ``(N,)`` names or numbers; equal ones stay
            together. The split depends on the set of them, not on the order.

    Returns:
        np.ndarray: bool ``(N,)``.
    """
    names, which = np.unique(videos, return_inverse=True)
    order = np.random.default_rng(0).permutation(len(names))
    return (order % 2 == 1)[which.reshape(-1)]


def cross_fitted_decisions(
    positives: np.ndarray,
    negatives: np.ndarray,
    positive_videos: np.ndarray,
    negative_videos: np.ndarray,
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

    Returns:
        tuple[np.ndarray, np.ndarray] | None: Whether the decision is right,
        bool ``(P,)`` and ``(N,)``. None if a half lacks positives or
        negatives, as with a single video.
    """
    positives, negatives = _checked(positives), _checked(negatives)
    second = halves(np.concatenate([positive_videos, negative_videos]))
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
