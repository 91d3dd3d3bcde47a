"""Classes from frozen features: nearest neighbours and a linear probe.

Functions of plain arrays. Several clips may come from one video (a *group*):
no group is split in cross-validation, and the scores of a group's clips are
averaged before they are judged.
"""

from collections.abc import Sequence

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from .intervals import share_interval, wilson_interval


def knn_scores(
    train: np.ndarray,
    labels: np.ndarray,
    test: np.ndarray,
    k: int = 20,
    temperature: float | None = 0.07,
) -> tuple[np.ndarray, np.ndarray]:
    """Weighted votes of the nearest training clips by cosine similarity.

    A neighbour of similarity ``s`` has the weight ``exp(s / temperature)``
    (Wu et al., Unsupervised feature learning via non-parametric instance
    discrimination, CVPR 2018, who took 200 neighbours of ImageNet).

    Args:
        train (np.ndarray): Features ``(N, D)``.
        labels (np.ndarray): Classes ``(N,)``.
        test (np.ndarray): Features ``(M, D)``.
        k (int): Neighbours; at most N are used. Defaults to 20.
        temperature (float, optional): None gives all neighbours the same
            weight. Defaults to 0.07.

    Returns:
        tuple[np.ndarray, np.ndarray]: Shares of the votes ``(M, C)``, and
        the classes ``(C,)`` of the columns.

    Raises:
        ValueError: k or temperature is not positive, or scikit-learn finds
            that arrays do not fit each other or are not finite.
    """
    train, test = (np.asarray(x, np.float64) for x in (train, test))
    if k < 1 or (temperature is not None and not temperature > 0):
        raise ValueError(
            f'need k >= 1 and temperature > 0, got {k} and {temperature}'
        )

    def weigh(distances: np.ndarray) -> np.ndarray:
        # Only ratios matter; the nearest has 1, so that nothing overflows.
        nearest = distances.min(1, keepdims=True)
        return np.exp((nearest - distances) / temperature)

    neighbors = KNeighborsClassifier(
        min(k, len(train)),
        weights='uniform' if temperature is None else weigh,
        metric='cosine',
        algorithm='brute',
    )
    neighbors.fit(train, labels)
    return neighbors.predict_proba(test), neighbors.classes_


def probe_scores(
    train: np.ndarray,
    labels: np.ndarray,
    test: np.ndarray,
    groups: Sequence | None = None,
    strengths: Sequence[float] = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0),
) -> tuple[np.ndarray, np.ndarray, float]:
    """Probabilities of a logistic regression on standardised features.

    The inverse strength C of its regularisation is chosen by cross-validation
    inside the training set alone, in five parts, or less where a class has
    less videos; mean and deviation of the features, too, are those of
    training clips.

    Args:
        train (np.ndarray): Features ``(N, D)``.
        labels (np.ndarray): Classes ``(N,)``.
        test (np.ndarray): Features ``(M, D)``.
        groups (Sequence, optional): The video of each training clip ``(N,)``.
            Defaults to a video of its own for each.
        strengths (Sequence[float]): Values of C to choose from; of equally
            good ones the smallest.

    Returns:
        tuple[np.ndarray, np.ndarray, float]: Probabilities ``(M, C)``, the
        classes ``(C,)`` of the columns, and the chosen C.

    Raises:
        ValueError: A class has a single video, so that C cannot be chosen
            (give one strength then), or scikit-learn finds a single class, or
            arrays that do not fit each other or are not finite.
    """
    train, test = (np.asarray(x, np.float64) for x in (train, test))
    owners = np.arange(len(train)) if groups is None else np.asarray(groups)
    classes = np.unique(labels)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
    strengths = sorted(strengths)
    if len(strengths) > 1:
        videos = [len(np.unique(owners[labels == c])) for c in classes]
        if min(videos) < 2:
            alone = classes[int(np.argmin(videos))]
            raise ValueError(
                f'class {alone} has a single training video, so C cannot be '
                'chosen by cross-validation; add videos or give one C'
            )
        model = GridSearchCV(
            model,
            dict(logisticregression__C=strengths),
            scoring='accuracy',
            cv=StratifiedGroupKFold(
                min(5, *videos), shuffle=True, random_state=0
            ),
            error_score='raise',
        )
        model.fit(train, labels, groups=owners)
        chosen = model.best_params_['logisticregression__C']
    else:
        chosen = strengths[0]
        model.set_params(logisticregression__C=chosen).fit(train, labels)
    return model.predict_proba(test), model.classes_, float(chosen)


def classification_measures(
    scores: np.ndarray,
    classes: np.ndarray,
    labels: np.ndarray,
    groups: Sequence | None = None,
    train_labels: np.ndarray | None = None,
) -> dict[str, dict]:
    """Accuracy by video and by clip, with intervals and chance levels.

    Args:
        scores (np.ndarray): Of each test clip for each class ``(M, C)``.
        classes (np.ndarray): What the columns are ``(C,)``.
        labels (np.ndarray): True classes ``(M,)``; one that is not among
            ``classes`` counts as missed.
        groups (Sequence, optional): The video of each clip ``(M,)``.
            Defaults to a video of its own for each.
        train_labels (np.ndarray, optional): Chance is to always say the most
            frequent class of these. Defaults to ``labels``.

    Returns:
        dict: ``metrics``, ``intervals`` and ``chance``, each of ``accuracy``
        (scores averaged over a video's clips), ``clip_accuracy`` and, without
        interval, ``mean_class_accuracy`` (of videos).

    Raises:
        ValueError: Arrays do not fit each other, or clips of one video have
            different classes.
    """
    scores, labels = np.asarray(scores), np.asarray(labels)
    videos = np.arange(len(labels)) if groups is None else np.asarray(groups)
    if scores.shape != (len(labels), len(classes)) or videos.shape != (
        len(labels),
    ):
        raise ValueError(
            f'scores {scores.shape}, classes {np.shape(classes)}, labels '
            f'{labels.shape} and groups {videos.shape} do not fit each other'
        )
    names, first, which = np.unique(
        videos, return_index=True, return_inverse=True
    )
    which = which.reshape(-1)
    truth = labels[first]
    if (truth[which] != labels).any():
        wrong = videos[np.flatnonzero(truth[which] != labels)[0]]
        raise ValueError(f'{wrong}: its clips have different classes')
    sums = np.zeros((len(names), len(classes)))
    np.add.at(sums, which, scores)
    classes = np.asarray(classes)
    right = (classes[sums.argmax(1)] == truth).astype(float)
    clip_right = (classes[scores.argmax(1)] == labels).astype(float)
    counted = labels if train_labels is None else np.asarray(train_labels)
    values, counts = np.unique(counted, return_counts=True)
    frequent = values[counts.argmax()]
    present = np.unique(truth)
    by_class = [float(right[truth == c].mean()) for c in present]
    accuracy = float(right.mean())
    return dict(
        metrics=dict(
            accuracy=accuracy,
            clip_accuracy=float(clip_right.mean()),
            mean_class_accuracy=float(np.mean(by_class)),
        ),
        intervals=dict(
            accuracy=wilson_interval(accuracy, len(names)),
            clip_accuracy=share_interval(clip_right, videos),
        ),
        chance=dict(
            accuracy=float((truth == frequent).mean()),
            clip_accuracy=float((labels == frequent).mean()),
            mean_class_accuracy=float(frequent in present) / len(present),
        ),
    )
