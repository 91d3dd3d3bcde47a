"""Linear classification of recordings from frozen features of their parts.

The paper's protocol (section 4.3): a one-vs-all linear SVM on the features of
overlapping sub-clips; their scores are averaged over the recording, and the
highest class wins. What is measured on a fold has seen nothing of it: scaling
and C come from the other folds, and a recording is never torn apart.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from joblib import parallel_config
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import (
    GridSearchCV,
    LeaveOneGroupOut,
    StratifiedGroupKFold,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import LinearSVC

from .intervals import share_interval

COSTS = (0.01, 0.1, 1.0, 10.0, 100.0, 1000.0)


@dataclass
class FoldResult:
    """What came out for one fold.

    Attributes:
        fold (int): The fold that was tested.
        accuracy (float): Share of its recordings that were recognised.
        recordings (int): Their number.
        cost (float): The chosen C.
        inner_accuracy (dict[float, float]): C to the accuracy within the
            training folds, by which it was chosen; empty for a single C.
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
        accuracy_std (float | None): Their deviation; None for one fold.
        interval (tuple[float, float]): 95 % confidence interval of the share
            of recordings recognised, for recordings of one source together.
        inner_accuracy (float | None): Mean over folds of what the chosen C
            had within the training folds, by which settings can be compared
            without looking at the test; None for a single C.
        predictions (np.ndarray): int64 ``(R,)``, -1 where not tested.
        right (np.ndarray): float64 ``(R,)``, NaN where not tested.
    """

    folds: list[FoldResult]
    accuracy: float
    accuracy_std: float | None
    interval: tuple[float, float]
    inner_accuracy: float | None
    predictions: np.ndarray
    right: np.ndarray


class RecordingSVM(ClassifierMixin, BaseEstimator):
    """Classifier of recordings, each an array ``(n, D)`` of its sub-clips.

    Standardised features are divided by the square root of their number, so
    that a row has a length near 1 and C means the same whatever the layer.

    Args:
        C (float): The weight of errors against the margin.
        seed (int): Of the solver. Defaults to 0.
    """

    def __init__(self, C: float = 1.0, seed: int = 0) -> None:
        self.C = C
        self.seed = seed

    def fit(self, recordings, labels) -> 'RecordingSVM':
        """Learn that every sub-clip is of its recording's class."""
        # The primal problem: its solution does not depend on an order of
        # rows, and there are more rows than columns.
        svm = LinearSVC(
            C=self.C,
            dual=False,
            tol=1e-3,
            max_iter=2000,
            random_state=self.seed,
        )
        shrink = FunctionTransformer(lambda x: x / np.sqrt(x.shape[1]))
        self.rows_ = make_pipeline(StandardScaler(), shrink, svm)
        with warnings.catch_warnings():
            warnings.simplefilter('ignore', ConvergenceWarning)
            self.rows_.fit(
                np.concatenate(list(recordings)),
                np.repeat(labels, list(map(len, recordings))),
            )
        self.classes_ = self.rows_.classes_
        return self

    def predict(self, recordings) -> np.ndarray:
        """The class of the highest mean score of each recording."""
        scores = self.rows_.decision_function(np.concatenate(list(recordings)))
        if scores.ndim == 1:  # of two classes
            scores = np.stack([-scores, scores], axis=1)
        ends = np.cumsum(list(map(len, recordings)))[:-1]
        means = [part.mean(0) for part in np.split(scores, ends)]
        return self.classes_[np.argmax(means, axis=1)]


def check_folds(
    labels: np.ndarray, folds: np.ndarray, sources: np.ndarray
) -> list[int]:
    """The folds to test; refuses what cannot be tested, or not honestly."""
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


def fit_fold(
    recordings: np.ndarray,
    labels: np.ndarray,
    folds: np.ndarray,
    sources: np.ndarray,
    costs: Sequence[float] = COSTS,
    seed: int = 0,
    jobs: int = 1,
) -> tuple[RecordingSVM, dict[float, float]]:
    """Choose C and learn, from what it is given alone.

    Each training fold is held out in turn if there are three or more,
    otherwise up to five parts drawn by source with like shares of the
    classes. Of equally good C the smallest is taken.

    Args:
        recordings (np.ndarray): Objects ``(R,)``: arrays ``(n, D)``.
        labels, folds, sources (np.ndarray): Of the recordings, ``(R,)``.
        costs (Sequence[float]): To choose from; one is taken without a look.
        seed (int): Of splits and solver.
        jobs (int): Threads.

    Returns:
        tuple: The classifier, and the inner accuracy of each C.

    Raises:
        ValueError: There are fewer than two sources of some class.
    """
    costs = sorted(map(float, costs))
    if len(costs) == 1:
        return RecordingSVM(costs[0], seed).fit(recordings, labels), {}
    groups, splits = folds, LeaveOneGroupOut()
    if len(np.unique(folds)) < 3:
        fewest = min(
            len(np.unique(sources[labels == c])) for c in np.unique(labels)
        )
        if fewest < 2:
            raise ValueError(
                'a class has recordings of a single source in the training '
                'folds, so C cannot be chosen; give one C (--costs 1)'
            )
        groups = sources
        splits = StratifiedGroupKFold(
            min(5, fewest), shuffle=True, random_state=seed
        )
    search = GridSearchCV(
        RecordingSVM(seed=seed),
        dict(C=costs),
        cv=splits,
        error_score='raise',
    )
    # The solver releases Python's lock.
    with parallel_config('threading', n_jobs=jobs):
        search.fit(recordings, labels, groups=groups)
    inner = map(float, search.cv_results_['mean_test_score'])
    return search.best_estimator_, dict(zip(costs, inner))


def cross_validate(
    features: np.ndarray,
    recordings: np.ndarray,
    labels: np.ndarray,
    folds: np.ndarray,
    sources: np.ndarray | None = None,
    costs: Sequence[float] = COSTS,
    seed: int = 0,
    jobs: int = 1,
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

    Raises:
        ValueError: The arrays do not fit, a source is in several folds, there
            is nothing to test or to learn from, or a class is missing in the
            training folds.
    """
    features = np.asarray(features)
    recordings, labels, folds = map(np.asarray, (recordings, labels, folds))
    number = len(labels)
    sources = np.arange(number) if sources is None else np.asarray(sources)
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
    tested = check_folds(labels, folds, sources)
    parts = np.empty(number, object)
    for n in range(number):
        parts[n] = features[recordings == n]
    predictions = np.full(number, -1)
    right = np.full(number, np.nan)
    results: list[FoldResult] = []
    for fold in tested:
        train, test = folds != fold, folds == fold
        about = labels[train], folds[train], sources[train]
        model, tried = fit_fold(parts[train], *about, costs, seed, jobs)
        predictions[test] = model.predict(parts[test])
        right[test] = predictions[test] == labels[test]
        accuracy = float(right[test].mean())
        results.append(
            FoldResult(fold, accuracy, int(test.sum()), model.C, tried)
        )
    shares = [result.accuracy for result in results]
    inner = [r.inner_accuracy[r.cost] for r in results if r.inner_accuracy]
    judged = predictions >= 0
    return AudioSVMResult(
        results,
        float(np.mean(shares)),
        float(np.std(shares, ddof=1)) if len(shares) > 1 else None,
        share_interval(right[judged], sources[judged]),
        float(np.mean(inner)) if inner else None,
        predictions,
        right,
    )
