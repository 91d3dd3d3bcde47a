"""Confidence intervals: known values, and how often they hold."""

import numpy as np
import pytest

from avts_mm.evaluation.functional.intervals import (
    auc_interval,
    paired_difference,
    share_interval,
    wilson_interval,
)
from avts_mm.evaluation.functional.sync import roc_auc


def test_wilson_interval():
    # Newcombe (1998), table I, 81 of 263, and 0 of 20, 1 of 29.
    low, high = wilson_interval(81 / 263, 263)
    assert (low, high) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson_interval(0.0, 20) == pytest.approx((0, 0.1611), abs=5e-5)
    low, high = wilson_interval(1 / 29, 29)
    assert (low, high) == pytest.approx((0.0061, 0.1718), abs=5e-5)
    assert wilson_interval(1.0, 20)[1] == 1.0
    for wrong in ((1.1, 5), (0.5, 0)):
        with pytest.raises(ValueError, match='share'):
            wilson_interval(*wrong)


def test_share_interval():
    right = np.array([1, 1, 1, 0, 1, 1, 0, 1, 1, 1.0])
    # Of independent cases: Wilson's, but for n - 1 in the variance.
    alone = share_interval(right, np.arange(10))
    assert alone == pytest.approx(wilson_interval(0.8, 9), abs=1e-12)
    # Repeating each video's case four times teaches nothing new.
    again = share_interval(np.repeat(right, 4), np.repeat(np.arange(10), 4))
    assert again == pytest.approx(alone)
    assert share_interval(np.ones(40), np.arange(40) // 4) == wilson_interval(
        1.0, 10
    )


def test_share_interval_of_a_balanced_accuracy():
    right = np.ones(100), np.repeat([0.0, 1.0], 5)
    videos = np.arange(100), np.arange(100, 110)
    low, high = share_interval(right, videos)
    # 0.75, and the variance is that of the ten, halved twice.
    expected = np.sqrt(0.25 * 0.25 / 10) * 1.96
    assert (low + high) / 2 == pytest.approx(0.75, abs=0.03)
    assert (high - low) / 2 == pytest.approx(expected, rel=0.1)


def test_share_interval_covers():
    rng = np.random.default_rng(2)
    videos = np.repeat(np.arange(50), 4)
    covered = 0
    for _ in range(400):
        ease = rng.beta(4, 1, 50)  # mean 0.8, alike within a video
        right = (rng.random(200) < np.repeat(ease, 4)).astype(float)
        low, high = share_interval(right, videos)
        covered += low <= 0.8 <= high
    assert 0.91 <= covered / 400 <= 0.98


def delong_variance(positives, negatives):
    """DeLong's variance by its definition."""
    wins = (positives[:, None] < negatives) + 0.5 * (
        positives[:, None] == negatives
    )
    of_positives, of_negatives = wins.mean(1), wins.mean(0)
    return of_positives.var(ddof=1) / len(positives) + of_negatives.var(
        ddof=1
    ) / len(negatives)


def test_auc_interval_without_videos_is_delongs():
    rng = np.random.default_rng(0)
    positives = rng.normal(0, 1, 200).round(1)  # many ties
    negatives = rng.normal(1, 1.5, 300).round(1)
    auc = roc_auc(positives, negatives)
    error = np.sqrt(delong_variance(positives, negatives))
    error /= auc * (1 - auc)
    bounds = np.log(auc / (1 - auc)) + 1.959964 * error * np.array([-1, 1])
    expected = 1 / (1 + np.exp(-bounds))
    each = np.arange(200), np.arange(200, 500)
    found = auc_interval(positives, negatives, *each)
    assert found == pytest.approx(expected)


def test_auc_interval_covers():
    """Four clips a video that resemble each other; the true AUC by size."""
    rng = np.random.default_rng(1)

    def sample(videos):
        shared = np.repeat(rng.normal(size=videos), 4)
        positives = shared + rng.normal(size=4 * videos)
        negatives = shared + rng.normal(size=4 * videos) + 1.5
        return positives, negatives, np.repeat(np.arange(videos), 4)

    truth = roc_auc(*sample(20000)[:2])
    clustered = plain = 0
    for _ in range(400):
        positives, negatives, videos = sample(40)
        low, high = auc_interval(positives, negatives, videos, videos)
        clustered += low <= truth <= high
        each = np.arange(160), np.arange(160, 320)
        low, high = auc_interval(positives, negatives, *each)
        plain += low <= truth <= high
    assert 0.91 <= clustered / 400 <= 0.98
    assert plain != clustered


def test_auc_interval_of_a_perfect_model():
    each = np.arange(50), np.arange(50, 100)
    low, high = auc_interval(np.zeros(50), np.ones(50), *each)
    assert high == 1.0 and 0.9 < low < 0.95
    fewer = auc_interval(
        np.zeros(50), np.ones(50), np.arange(50) // 5, np.arange(50) // 5
    )
    assert fewer[0] < low
    assert auc_interval([1.0], [2.0], [0], [1]) == (0.0, 1.0)


def test_paired_difference():
    right = np.array([1.0, 1.0, 1.0, 0.0, np.nan])
    other = np.array([1.0, 0.0, 0.0, 0.0, 1.0])
    mean, low, high = paired_difference(right, other, np.arange(5))
    assert mean == 0.5
    # Sample variance of 0, 1, 1, 0 is 1/3.
    assert high - mean == pytest.approx(1.95996 * np.sqrt(1 / 12), rel=1e-4)
    assert mean - low == pytest.approx(high - mean)
    together = paired_difference(right, other, np.array([0, 1, 1, 0, 2]))
    assert together[2] - together[0] > high - mean
