"""Linear classification of recordings from frozen features of their parts.

The paper's protocol (section 4.3): a one-vs-all linear SVM on the features of
overlapping sub-clips; their scores are averaged over the recording, and the
highest class wins. What is measured on a fold has seen nothing of it: scaling
and C come from the other folds, and a recording is never torn apart.

Functions of plain arrays. Rows are sub-clips; ``recordings`` says which
recording, a number below R, each belongs to.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from .intervals import normal_quantile, share_interval
from .linear_svm import COSTS, average_scores, fit_fold


@dataclass
class FoldResult:
    """What came out for one fold.

    Attributes:
        fold (int): The fold that was tested.
        accuracy (float): Share of its recordings that were recognised.
        recordings (int): Their number.
        cost (float): The chosen C.
        inner_accuracy (dict[float, float]): C to the accuracy within the
            training folds, by which it was chosen.
    """

    fold: int
    accuracy: float
    recordings: int
    cost: float
    inner_accuracy: dict[float, float] = field(default_factory=dict)


@dataclass
class AudioSVMResult:
    """What came out over all folds.

    Attributes:
        folds (list[FoldResult]): One for each tested fold.
        accuracy (float): Mean of the folds' accuracies.
        std (float | None): Their standard deviation; None for one fold.
        interval (tuple[float, float]): 95 % confidence interval of the share
            of recordings recognised, for recordings of one source together.
        inner_accuracy (float): Mean over folds of what the chosen C had
            within the training folds. Settings can be compared by it without
            looking at the test.
        scores (np.ndarray): Mean scores ``(R, K)``, NaN where not tested.
        predictions (np.ndarray): int64 ``(R,)``, -1 where not tested.
        right (np.ndarray): float64 ``(R,)``, NaN where not tested.
    """

    folds: list[FoldResult]
    accuracy: float
    std: float | None
    interval: tuple[float, float]
    inner_accuracy: float
    scores: np.ndarray
    predictions: np.ndarray
    right: np.ndarray


def check_folds(
    labels: np.ndarray, folds: np.ndarray, sources: np.ndarray
) -> list[int]:
    """Refuse folds that cannot be tested, or not honestly.

    Args:
        labels (np.ndarray): Classes of the recordings, ``(R,)``.
        folds (np.ndarray): Their folds; 0 is for training alone.
        sources (np.ndarray): Equal for recordings cut from one original.

    Returns:
        list[int]: The folds to test.

    Raises:
        ValueError: A source is in several folds, there is nothing to test or
            to learn from, or a class is missing in the training folds.
    """
    for source in np.unique(sources):
        found = np.unique(folds[sources == source])
        if len(found) > 1:
            raise ValueError(
                f'recordings of one source ({source}) are in the folds '
                f'{found.tolist()}: what is learned from one would be tested '
                'on the other; put them into one fold'
            )
    tested = [int(fold) for fold in np.unique(folds) if fold > 0]
    if not tested or len(np.unique(folds)) < 2:
        raise ValueError(
            f'folds {np.unique(folds).tolist()}: need one to test, from 1, '
            'and another to learn from (0 is for training alone)'
        )
    for fold in tested:
        lost = set(labels[folds == fold]) - set(labels[folds != fold])
        if lost:
            raise ValueError(
                f'fold {fold} has classes that no other fold has: '
                f'{sorted(map(int, lost))}'
            )
    return tested


def cross_validate(
    features: np.ndarray,
    recordings: np.ndarray,
    labels: np.ndarray,
    folds: np.ndarray,
    sources: np.ndarray | None = None,
    costs: Sequence[float] = COSTS,
    seed: int = 0,
    jobs: int = 1,
    tested: Sequence[int] | None = None,
) -> AudioSVMResult:
    """Test every fold with what was learned on the others.

    Args:
        features (np.ndarray): Features of the sub-clips, ``(N, D)``.
        recordings (np.ndarray): The recording of each, ``(N,)``; every
            recording needs one.
        labels (np.ndarray): Classes of the recordings from 0, ``(R,)``.
        folds (np.ndarray): Their folds, ``(R,)``; 0 is for training alone.
        sources (np.ndarray, optional): Equal for recordings cut from one
            original, ``(R,)``. None means that none are.
        costs (Sequence[float]): C is chosen from these.
        seed (int): Of inner splits and solver. Defaults to 0.
        jobs (int): Threads. Defaults to 1.
        tested (Sequence[int], optional): Test these folds alone.

    Raises:
        ValueError: The arrays do not fit, or see :func:`check_folds`.
    """
    features = np.asarray(features)
    recordings, labels, folds = map(np.asarray, (recordings, labels, folds))
    number = len(labels)
    if sources is None:
        sources = np.arange(number)
    sources = np.asarray(sources)
    _check_shapes(features, recordings, labels, folds, sources)
    possible = check_folds(labels, folds, sources)
    unknown = set(tested or ()) - set(possible)
    if unknown:
        raise ValueError(f'no folds {sorted(unknown)} among {possible}')
    classes = int(labels.max()) + 1
    scores = np.full((number, classes), np.nan)
    results: list[FoldResult] = []
    memory: dict = {}
    for fold in tested or possible:
        train = folds != fold
        rows = train[recordings]
        # Recordings are numbered anew: what is fitted is handed nothing of
        # the test.
        renumbered = (np.cumsum(train) - 1)[recordings[rows]]
        model, inner = fit_fold(
            features[rows],
            renumbered,
            labels[train],
            folds[train],
            sources[train],
            costs,
            seed,
            jobs,
            memory,
        )
        found = model.scores(features[~rows], classes)
        means = average_scores(found, recordings[~rows], number)
        scores[~train] = means[~train]
        right = means[~train].argmax(1) == labels[~train]
        results.append(
            FoldResult(
                int(fold),
                float(right.mean()),
                len(right),
                float(model.svm.C),
                inner,
            )
        )
    return _summary(results, scores, labels, sources)


def _check_shapes(features, recordings, labels, folds, sources) -> None:
    number = len(labels)
    if features.ndim != 2 or recordings.shape != features.shape[:1]:
        raise ValueError(
            f'need features (N, D) and recordings (N,), got {features.shape} '
            f'and {recordings.shape}'
        )
    if folds.shape != labels.shape or sources.shape != labels.shape:
        raise ValueError(
            f'labels, folds and sources differ: {labels.shape}, '
            f'{folds.shape}, {sources.shape}'
        )
    if not np.isfinite(features).all():
        raise ValueError('features must be finite')
    if not np.array_equal(np.unique(recordings), np.arange(number)):
        raise ValueError(
            f'each of {number} recordings needs a row of features, and each '
            'row its recording'
        )


def _summary(results, scores, labels, sources) -> AudioSVMResult:
    judged = ~np.isnan(scores).all(1)
    predictions = np.full(len(labels), -1)
    predictions[judged] = scores[judged].argmax(1)
    right = np.where(judged, predictions == labels, np.nan)
    shares = [result.accuracy for result in results]
    inner = [
        result.inner_accuracy.get(result.cost, np.nan) for result in results
    ]
    return AudioSVMResult(
        results,
        float(np.mean(shares)),
        float(np.std(shares, ddof=1)) if len(shares) > 1 else None,
        share_interval(right[judged], sources[judged]),
        float(np.mean(inner)),
        scores,
        predictions,
        right,
    )


def confusion_matrix(
    labels: np.ndarray, predictions: np.ndarray, classes: int
) -> np.ndarray:
    """Counts ``(classes, classes)``: rows are the truth; -1 is left out."""
    matrix = np.zeros((classes, classes), np.int64)
    judged = predictions >= 0
    np.add.at(matrix, (labels[judged], predictions[judged]), 1)
    return matrix


def paired_difference(
    right: np.ndarray,
    other: np.ndarray,
    sources: np.ndarray,
    confidence: float = 0.95,
) -> tuple[float, float, float]:
    """How much better one classifier is than another on the same recordings.

    Args:
        right (np.ndarray): Success of each recording, 0 to 1, ``(R,)``; NaN
            where not tested.
        other (np.ndarray): The same of the other classifier.
        sources (np.ndarray): Recordings of one source count together.
        confidence (float): Defaults to 0.95.

    Returns:
        tuple[float, float, float]: Difference of the shares, and lower and
        upper bound by the normal approximation.
    """
    judged = ~(np.isnan(right) | np.isnan(other))
    gain = right[judged] - other[judged]
    mean = float(gain.mean())
    names, which = np.unique(sources[judged], return_inverse=True)
    sums = np.bincount(which.reshape(-1), gain - mean, len(names))
    count = len(names)
    variance = (sums**2).sum() / len(gain) ** 2 * count / max(count - 1, 1)
    spread = normal_quantile(confidence) * float(np.sqrt(variance))
    return mean, mean - spread, mean + spread
