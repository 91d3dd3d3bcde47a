"""A linear SVM on features of recordings' parts, and the choice of its C.

Functions of plain arrays. Rows are sub-clips; ``recordings`` says which
recording, a number below R, each belongs to.
"""

import hashlib
import warnings
from collections.abc import Sequence

import numpy as np
from joblib import Parallel, delayed
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

COSTS = (0.01, 0.1, 1.0, 10.0, 100.0, 1000.0)


class LinearClassifier:
    """Standardisation and a one-vs-all linear SVM.

    Standardised features are divided by the square root of their number, so
    that a row has a length near 1 and C means the same whatever the layer.

    Args:
        cost (float): C: the weight of errors against the margin.
        seed (int): Of the solver. Defaults to 0.
    """

    def __init__(self, cost: float, seed: int = 0) -> None:
        self.scaler = StandardScaler()
        # The primal problem: its solution does not depend on an order of
        # rows, and there are more rows than columns.
        self.svm = LinearSVC(
            C=cost, dual=False, tol=1e-3, max_iter=2000, random_state=seed
        )

    def fit(self, features: np.ndarray, labels: np.ndarray):
        """Learn from rows ``(N, D)`` and their classes ``(N,)``."""
        self.scaler.fit(features)
        with warnings.catch_warnings():
            warnings.simplefilter('ignore', ConvergenceWarning)
            self.svm.fit(self._scaled(features), labels)
        return self

    def scores(self, features: np.ndarray, classes: int) -> np.ndarray:
        """Signed distances ``(N, classes)``; -inf for unlearned classes."""
        found = self.svm.decision_function(self._scaled(features))
        if found.ndim == 1:  # of two classes
            found = np.stack([-found, found], axis=1)
        scores = np.full((len(features), classes), -np.inf)
        scores[:, self.svm.classes_] = found
        return scores

    def _scaled(self, features: np.ndarray) -> np.ndarray:
        scaled = self.scaler.transform(features)
        return scaled / np.sqrt(features.shape[1])


def average_scores(
    scores: np.ndarray, recordings: np.ndarray, number: int
) -> np.ndarray:
    """Mean scores of recordings, ``(number, K)``; NaN where one has no row.

    Args:
        scores (np.ndarray): Of the rows, ``(N, K)``.
        recordings (np.ndarray): The recording of each row, ``(N,)``.
        number (int): How many recordings there are.
    """
    means = np.full((number, scores.shape[1]), np.nan)
    for recording in np.unique(recordings):
        means[recording] = scores[recordings == recording].mean(0)
    return means


def inner_splits(
    labels: np.ndarray, folds: np.ndarray, sources: np.ndarray, seed: int = 0
) -> list[np.ndarray]:
    """Parts of the training recordings to hold out for the choice of C.

    Each training fold in turn if there are three or more, otherwise up to
    five parts drawn by source with like shares of the classes.

    Returns:
        list[np.ndarray]: bool ``(R,)`` each, True where held out.

    Raises:
        ValueError: There are fewer than two sources of some class.
    """
    names = np.unique(folds)
    if len(names) >= 3:
        return [folds == name for name in names]
    fewest = min(
        len(np.unique(sources[labels == label])) for label in np.unique(labels)
    )
    if fewest < 2:
        raise ValueError(
            'a class has recordings of a single source in the training '
            'folds, so C cannot be chosen; give one C (--costs 1)'
        )
    splitter = StratifiedGroupKFold(min(5, fewest), shuffle=True)
    splitter.random_state = seed
    splits = []
    for _, held in splitter.split(labels, labels, sources):
        mask = np.zeros(len(labels), bool)
        mask[held] = True
        splits.append(mask)
    return splits


def choose_cost(
    features: np.ndarray,
    recordings: np.ndarray,
    labels: np.ndarray,
    folds: np.ndarray,
    sources: np.ndarray,
    costs: Sequence[float] = COSTS,
    seed: int = 0,
    jobs: int = 1,
    memory: dict | None = None,
) -> tuple[float, dict[float, float]]:
    """Choose C by cross-validation within what it is given.

    Args:
        features (np.ndarray): Rows ``(N, D)``.
        recordings (np.ndarray): The recording of each row, ``(N,)``.
        labels, folds, sources (np.ndarray): Of the recordings, ``(R,)``.
        costs (Sequence[float]): To choose from.
        seed (int): Of splits and solver.
        jobs (int): Threads.
        memory (dict, optional): Of classifiers by what they learned from; see
            :func:`fit_once`.

    Returns:
        tuple: The best C, the smallest of equally good ones, and the
        accuracy for each. A single C is taken without a look.
    """
    costs = sorted(float(cost) for cost in costs)
    if len(costs) == 1:
        return costs[0], {}
    classes = int(labels.max()) + 1
    splits = inner_splits(labels, folds, sources, seed)
    tasks = [(held, cost) for held in splits for cost in costs]
    # The solver releases Python's lock.
    shares = Parallel(n_jobs=jobs, prefer='threads')(
        delayed(_held_out_accuracy)(
            features, recordings, labels, held, cost, classes, seed, memory
        )
        for held, cost in tasks
    )
    shares = np.reshape(shares, (len(splits), len(costs))).mean(0)
    best = int(np.argmax(shares))
    return costs[best], dict(zip(costs, map(float, shares)))


def fit_once(
    features: np.ndarray,
    labels: np.ndarray,
    cost: float,
    seed: int = 0,
    memory: dict | None = None,
) -> LinearClassifier:
    """Learn, or remember what was learned from the very same.

    Holding out fold 2 while fold 1 is tested leaves the same as holding out
    fold 1 while fold 2 is tested: half of all there is to learn. The memory
    goes by the contents of the arrays, so nothing else gets into it.

    Args:
        features (np.ndarray): Rows ``(N, D)``.
        labels (np.ndarray): Their classes ``(N,)``.
        cost (float): C.
        seed (int): Of the solver.
        memory (dict, optional): Looked into, and added to.
    """
    if memory is None:
        return LinearClassifier(cost, seed).fit(features, labels)
    digest = hashlib.blake2b(np.ascontiguousarray(features).data)
    digest.update(np.ascontiguousarray(labels).data)
    key = (digest.hexdigest(), features.shape, cost, seed)
    if key not in memory:
        memory[key] = LinearClassifier(cost, seed).fit(features, labels)
    return memory[key]


def _held_out_accuracy(
    features, recordings, labels, held, cost, classes, seed, memory
) -> float:
    test = held[recordings]
    model = fit_once(
        features[~test], labels[recordings[~test]], cost, seed, memory
    )
    scores = model.scores(features[test], classes)
    means = average_scores(scores, recordings[test], len(labels))
    present = ~np.isnan(means).all(1)
    return float((means[present].argmax(1) == labels[present]).mean())


def fit_fold(
    features: np.ndarray,
    recordings: np.ndarray,
    labels: np.ndarray,
    folds: np.ndarray,
    sources: np.ndarray,
    costs: Sequence[float] = COSTS,
    seed: int = 0,
    jobs: int = 1,
    memory: dict | None = None,
) -> tuple[LinearClassifier, dict[float, float]]:
    """Choose C and learn, from what it is given alone.

    Arguments are those of :func:`choose_cost`, of the training folds.

    Returns:
        tuple: The classifier, and the inner accuracy of each C.
    """
    cost, inner = choose_cost(
        features,
        recordings,
        labels,
        folds,
        sources,
        costs,
        seed,
        jobs,
        memory,
    )
    model = LinearClassifier(cost, seed)
    return model.fit(features, labels[recordings]), inner
