"""Measures against hand-made cases, scikit-learn and simulation."""

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, roc_auc_score, roc_curve

from avts_mm.evaluation.functional.sync import (
    balanced_accuracy,
    best_threshold,
    cross_fitted_decisions,
    equal_error_rate,
    halves,
    paired_wins,
    roc_auc,
)


def cross_fitted_accuracy(*args):
    return balanced_accuracy(*cross_fitted_decisions(*args))


def distances(shift=1.0, seed=0, number=(200, 300), digits=1):
    """Distances with many ties."""
    rng = np.random.default_rng(seed)
    positives = rng.normal(0, 1, number[0]).round(digits)
    negatives = rng.normal(shift, 1.5, number[1]).round(digits)
    return positives, negatives


def labelled(positives, negatives):
    scores = np.concatenate([positives, negatives])
    return np.repeat([0, 1], [len(positives), len(negatives)]), scores


@pytest.mark.parametrize('shift', [-1.0, 0.0, 0.7, 3.0])
def test_auc_is_that_of_scikit_learn(shift):
    positives, negatives = distances(shift)
    expected = roc_auc_score(*labelled(positives, negatives))
    assert roc_auc(positives, negatives) == pytest.approx(expected, abs=1e-12)


def test_auc_of_small_cases():
    assert roc_auc([1, 2], [3, 4]) == 1
    assert roc_auc([3, 4], [1, 2]) == 0
    assert roc_auc([1, 1], [1, 1]) == 0.5
    assert roc_auc([1, 3], [2]) == 0.5
    assert roc_auc([1], [1, 2]) == 0.75


@pytest.mark.parametrize(
    'positives, negatives, expected',
    [
        ([1, 2], [3, 4], 0),
        ([3, 4], [1, 2], 1),
        ([1, 1], [1, 1], 0.5),
        ([1, 2, 5], [3, 6, 7], 1 / 3),
        # Missed falls from 1/2 to 0 where accepted stays 1/3.
        ([1, 4], [3, 6, 8], 1 / 3),
        # From (missed 1, accepted 0) to (0, 1) at once.
        ([2, 2], [2], 0.5),
    ],
)
def test_equal_error_rate(positives, negatives, expected):
    assert equal_error_rate(positives, negatives) == pytest.approx(expected)


@pytest.mark.parametrize('shift', [0.0, 0.7, 3.0])
def test_equal_error_rate_lies_on_the_roc_curve(shift):
    positives, negatives = distances(shift, digits=6)
    rate = equal_error_rate(positives, negatives)
    false_alarms, hits, _ = roc_curve(
        *labelled(positives, negatives), drop_intermediate=False
    )
    # The curve has steps of 1/200 and 1/300.
    off = np.hypot(false_alarms - rate, hits - (1 - rate))
    assert off.min() < 1 / 200


def test_best_threshold():
    assert best_threshold([1, 2], [4, 5]) == 3
    assert best_threshold([1, 2, 9], [4, 5, 6]) == 3
    # Of the equally good 2.5 and 4.5 and 6.5, the middle.
    assert best_threshold([1, 2, 5], [4, 7, 3]) in (2.5, 6)
    positives, negatives = distances(1.0)
    labels, scores = labelled(positives, negatives)
    found = best_threshold(positives, negatives)
    reached = balanced_accuracy_score(labels, scores > found)
    for threshold in np.linspace(-4, 6, 301):
        other = balanced_accuracy_score(labels, scores > threshold)
        assert reached >= other - 1e-12


def test_halves():
    videos = np.array(['a', 'b', 'a', 'c', 'd', 'b'])
    split = halves(videos)
    assert split[0] == split[2] and split[1] == split[5]
    assert split[[0, 1, 3, 4]].sum() == 2
    # The set of videos decides, not the order.
    order = np.array([5, 3, 1, 0, 2, 4])
    assert (halves(videos[order]) == split[order]).all()
    many = np.arange(1000)
    assert halves(many).sum() == 500
    assert 400 < (halves(many) == many % 2).sum() < 600


def test_accuracy_is_fitted_on_the_other_half():
    videos = np.arange(40)
    second = halves(videos)
    positives = np.where(second, 10.0, 0.0)
    negatives = positives + 1
    # Each half is separable by itself, at 0.5 and at 10.5; applied to the
    # other half, one accepts none and the other all.
    accuracy = cross_fitted_accuracy(positives, negatives, videos, videos)
    assert accuracy == 0.5
    accuracy = cross_fitted_accuracy(videos * 0.0, negatives, videos, videos)
    assert accuracy == 0.75  # half of the negatives are at 11, half at 1


def test_accuracy_at_chance_is_not_optimistic():
    rng = np.random.default_rng(0)
    videos = np.arange(30)
    found = [
        cross_fitted_accuracy(*rng.normal(size=(2, 30)), videos, videos)
        for _ in range(300)
    ]
    assert np.mean(found) < 0.51


def test_accuracy_is_balanced():
    positives, negatives = np.zeros(10), np.ones(1000)
    negatives[:500] = 0
    videos = np.arange(1000)
    accuracy = cross_fitted_accuracy(positives, negatives, videos[:10], videos)
    assert accuracy == pytest.approx(0.75)


def test_accuracy_of_one_video_is_unknown():
    one = np.zeros(3)
    assert cross_fitted_decisions([1, 2, 3], [4, 5, 6], one, one) is None


def test_paired_wins():
    assert paired_wins([1, 2, 3, 4], [2, 1, 3, 9]).tolist() == [1, 0, 0.5, 1]
    with pytest.raises(ValueError, match='2 positives, 1 negatives'):
        paired_wins([1, 2], [1])


def test_what_is_refused():
    for measure in (roc_auc, equal_error_rate, best_threshold):
        with pytest.raises(ValueError, match='shape'):
            measure([], [1])
        with pytest.raises(ValueError, match='finite'):
            measure([1, np.nan], [1])
