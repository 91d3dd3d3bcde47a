"""Neighbours and the linear probe against plain definitions."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from avts_mm.evaluation.functional.classification import (
    classification_measures,
    knn_scores,
    probe_scores,
)
from avts_mm.evaluation.functional.intervals import wilson_interval


def clusters(n, d=6, classes=3, spread=1.0, seed=0):
    rng = np.random.default_rng(seed)
    centers = np.random.default_rng(99).normal(size=(classes, d))
    labels = np.arange(n) % classes + 5
    return centers[labels - 5] + spread * rng.normal(size=(n, d)), labels


@pytest.mark.parametrize('temperature', [0.07, 0.5, None])
def test_votes_of_the_nearest(temperature):
    train, labels = clusters(50)
    test, _ = clusters(20, seed=1)
    unit = [
        x / np.linalg.norm(x, axis=1, keepdims=True) for x in (test, train)
    ]
    similar = unit[0] @ unit[1].T
    expected = np.zeros((20, 3))
    for row, values in zip(expected, similar):
        for i in np.argsort(-values)[:7]:
            weight = (
                1 if temperature is None else np.exp(values[i] / temperature)
            )
            row[labels[i] - 5] += weight
    expected /= expected.sum(1, keepdims=True)
    scores, classes = knn_scores(train, labels, test, 7, temperature)
    assert classes.tolist() == [5, 6, 7]
    np.testing.assert_allclose(scores, expected, atol=1e-9)


def test_more_neighbours_than_clips_and_low_temperatures():
    train, labels = clusters(9)
    scores, _ = knn_scores(train, labels, train, 200, 1e-4)
    assert np.isfinite(scores).all()
    np.testing.assert_array_equal(scores.argmax(1), labels - 5)
    uniform, _ = knn_scores(train, labels, train, 200, None)
    np.testing.assert_allclose(uniform, 1 / 3)


def test_probe_is_logistic_regression_on_standardised_features():
    train, labels = clusters(60)
    train = train * 10.0 ** np.arange(6) + 5
    test = train[:10] + 1
    mean, std = train.mean(0), train.std(0)
    plain = LogisticRegression(C=0.1, max_iter=2000)
    plain.fit((train - mean) / std, labels)
    scores, classes, chosen = probe_scores(
        train, labels, test, strengths=[0.1]
    )
    assert chosen == 0.1 and classes.tolist() == [5, 6, 7]
    expected = plain.predict_proba((test - mean) / std)
    np.testing.assert_allclose(scores, expected, rtol=1e-6)


def test_probe_chooses_without_splitting_videos():
    """Noise that tells the video makes a weak penalty look good to a split
    of clips, and useless to a split of videos."""
    rng = np.random.default_rng(0)
    videos = np.repeat(np.arange(40), 4)
    labels = (videos % 2).astype(int)
    marks = rng.normal(size=(40, 60))[videos]
    signal = 2 * labels[:, None] + rng.normal(size=(160, 3))
    train = np.concatenate([marks, signal], 1)
    strengths = [1e-4, 1e2]
    grouped = probe_scores(train, labels, train, videos, strengths)[2]
    leaked = probe_scores(train, labels, train, None, strengths)[2]
    assert leaked == 1e2
    assert grouped == 1e-4


def test_folds_shrink_with_rare_classes():
    train, labels = clusters(30)
    labels[:] = 5
    labels[:2] = 6
    assert probe_scores(train, labels, train)[0].shape == (30, 2)
    labels[1] = 5
    with pytest.raises(ValueError, match='class 6 has a single'):
        probe_scores(train, labels, train)
    assert probe_scores(train, labels, train, strengths=[1.0])[2] == 1.0
    with pytest.raises(ValueError, match='one class'):
        probe_scores(train, np.full(30, 4), train)


def test_measures_by_video_and_by_clip():
    scores = np.array(
        [[0.9, 0.1], [0.4, 0.6], [0.45, 0.55], [0.2, 0.8], [0.1, 0.9]]
    )
    labels = np.array([3, 3, 3, 8, 3])
    groups = np.array(['a', 'a', 'a', 'b', 'c'])
    found = classification_measures(scores, np.array([3, 8]), labels, groups)
    assert found['metrics'] == dict(
        accuracy=pytest.approx(2 / 3),
        clip_accuracy=pytest.approx(2 / 5),
        mean_class_accuracy=pytest.approx(3 / 4),
    )
    assert found['intervals']['accuracy'] == wilson_interval(2 / 3, 3)
    assert found['chance'] == dict(
        accuracy=pytest.approx(2 / 3),
        clip_accuracy=pytest.approx(4 / 5),
        mean_class_accuracy=pytest.approx(1 / 2),
    )
    # Chance knows the training set alone; a class it lacks is missed.
    found = classification_measures(
        scores[:, :1], np.array([3]), labels, groups, np.array([8, 8, 3])
    )
    assert found['chance']['accuracy'] == pytest.approx(1 / 3)
    assert found['metrics']['accuracy'] == pytest.approx(2 / 3)


def test_bad_input():
    train, labels = clusters(12)
    with pytest.raises(ValueError, match='5 features'):
        knn_scores(train, labels, train[:, 1:])
    with pytest.raises(ValueError, match='number'):
        knn_scores(train, labels[1:], train)
    with pytest.raises(ValueError, match='k >= 1'):
        knn_scores(train, labels, train, 0)
    with pytest.raises(ValueError, match='temperature'):
        knn_scores(train, labels, train, 5, 0.0)
    with pytest.raises(ValueError, match='do not fit'):
        classification_measures(np.ones((3, 2)), [0, 1], [0, 1])
    with pytest.raises(ValueError, match='v: its clips have different'):
        classification_measures(np.ones((2, 2)), [0, 1], [0, 1], ['v', 'v'])
    train[0, 0] = np.inf
    with pytest.raises(ValueError, match='infinity'):
        probe_scores(train, labels, train)
