"""The classifier's scores, what it holds out, and the choice of C."""

import numpy as np
import pytest

from avts_mm.evaluation.functional.linear_svm import (
    average_scores,
    choose_cost,
    inner_splits,
)


def test_scores_of_sub_clips_are_averaged():
    scores = np.array([[3.0, 0.0], [0.0, 2.0], [0.0, 2.0], [1.0, 0.0]])
    means = average_scores(scores, np.array([0, 0, 0, 2]), 3)
    assert means[0].tolist() == pytest.approx([1, 4 / 3])
    assert np.isnan(means[1]).all()
    assert means[2].tolist() == [1, 0]


def test_inner_splits_hold_out_whole_folds_or_sources():
    labels = np.tile(np.arange(3), 20)
    folds = np.arange(60) // 15 + 1
    sources = np.arange(60) // 6 * 10 + labels
    held = inner_splits(labels, folds, sources)
    assert [np.unique(folds[mask]).tolist() for mask in held] == [
        [1],
        [2],
        [3],
        [4],
    ]
    held = inner_splits(labels, np.zeros(60, int), sources)
    assert len(held) == 5
    assert (np.sum(held, axis=0) == 1).all()
    for mask in held:
        assert not set(sources[mask]) & set(sources[~mask])
        assert set(labels[mask]) == {0, 1, 2}


def test_c_of_equal_worth_is_the_smallest():
    labels, folds = np.arange(80) % 4, np.arange(80) // 4 % 5 + 1
    features = np.eye(4)[labels]
    cost, inner = choose_cost(
        features, np.arange(80), labels, folds, np.arange(80)
    )
    assert set(inner.values()) == {1.0}
    assert cost == 0.01
    only = choose_cost(features, labels, labels, folds, folds, [3])
    assert only == (3.0, {})


def test_single_source_of_a_class():
    labels = np.array([0, 0, 1, 1])
    with pytest.raises(ValueError, match='--costs 1'):
        inner_splits(labels, np.zeros(4), np.array([0, 0, 1, 2]))
