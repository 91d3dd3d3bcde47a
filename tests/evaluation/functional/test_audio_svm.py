"""Linear classification of recordings, and that nothing leaks into it."""

import numpy as np
import pytest
from sklearn.svm import LinearSVC

from avts_mm.evaluation.functional import audio_svm
from avts_mm.evaluation.functional.audio_svm import (
    RecordingSVM,
    cross_validate,
    fit_fold,
)


def make(classes=4, folds=5, each=4, clips=5, size=24, signal=1.0, seed=0):
    """Recordings with `signal` of their class, noise of their own and more
    noise in every sub-clip."""
    rng = np.random.default_rng(seed)
    number = classes * folds * each
    labels = np.arange(number) % classes
    fold = np.arange(number) // classes % folds + 1
    centres = rng.normal(size=(classes, size))
    own = rng.normal(size=(number, size))
    recordings = np.repeat(np.arange(number), clips)
    features = signal * centres[labels] + own
    features = features[recordings]
    features += 0.1 * rng.normal(size=features.shape)
    return features, recordings, labels, fold


def test_classes_are_recognised():
    features, recordings, labels, folds = make(signal=2.0)
    result = cross_validate(features, recordings, labels, folds)
    assert [f.fold for f in result.folds] == [1, 2, 3, 4, 5]
    assert [f.recordings for f in result.folds] == [16] * 5
    assert result.accuracy > 0.9
    assert result.accuracy == np.mean([f.accuracy for f in result.folds])
    assert result.accuracy_std == np.std(
        [f.accuracy for f in result.folds], ddof=1
    )
    assert result.interval[0] < result.accuracy <= result.interval[1]
    assert np.array_equal(result.right, result.predictions == labels)
    for fold in result.folds:
        inner = fold.inner_accuracy
        assert tuple(inner) == audio_svm.COSTS
        assert inner[fold.cost] == max(inner.values())
    assert result.inner_accuracy == pytest.approx(
        np.mean([f.inner_accuracy[f.cost] for f in result.folds])
    )


def test_two_classes_and_one_test_fold():
    features, recordings, labels, folds = make(2, 2, 10, signal=2.0)
    folds = np.where(folds == 2, 0, 1)  # 0 is for training alone
    result = cross_validate(features, recordings, labels, folds)
    assert [f.fold for f in result.folds] == [1]
    assert result.accuracy_std is None
    assert result.accuracy > 0.8
    tested = folds == 1
    assert (result.predictions[tested] >= 0).all()
    assert (result.predictions[~tested] == -1).all()
    assert np.isnan(result.right[~tested]).all()


# What must not leak.


def leaking_accuracy(features, recordings, labels):
    """What is found if sub-clips, not recordings, are parted at random."""
    test = np.random.default_rng(1).random(len(features)) < 0.2
    clips, truth = features[:, None], labels[recordings]
    model = RecordingSVM(10.0).fit(clips[~test], truth[~test])
    return model.score(clips[test], truth[test])


def test_sub_clips_of_a_recording_stay_together():
    # The labels mean nothing; but every recording sounds like itself.
    features, recordings, labels, folds = make(signal=0.0, size=120, each=6)
    assert leaking_accuracy(features, recordings, labels) > 0.95
    result = cross_validate(features, recordings, labels, folds)
    assert abs(result.accuracy - 0.25) < 0.12  # chance, 120 recordings
    inner = [s for f in result.folds for s in f.inner_accuracy.values()]
    assert max(inner) < 0.5


def twins(seed=0):
    """Recordings cut from one original, and meaningless labels."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.repeat(np.arange(4), 30)).repeat(2)
    sources = np.arange(120).repeat(2)
    recordings = np.arange(240).repeat(4)
    features = rng.normal(size=(120, 150))[sources][recordings]
    features += 0.1 * rng.normal(size=features.shape)
    return features, recordings, labels, sources


def test_recordings_of_one_source_stay_together():
    features, recordings, labels, sources = twins()
    torn = np.arange(240) % 2 + 1
    # Told nothing of the sources, one learns the test by heart.
    cheated = cross_validate(
        features, recordings, labels, torn, costs=[1.0]
    ).accuracy
    assert cheated > 0.95
    with pytest.raises(ValueError, match=r'one source \(0\).*folds \[1, 2\]'):
        cross_validate(features, recordings, labels, torn, sources)
    honest = cross_validate(
        features, recordings, labels, sources % 2 + 1, sources
    )
    assert abs(honest.accuracy - 0.25) < 0.1
    # Nor does the choice of C part them.
    inner = [s for f in honest.folds for s in f.inner_accuracy.values()]
    assert np.mean(inner) < 0.4


def odd_test_fold(seed=0):
    """A first feature that separates the training recordings but is loud
    nonsense in the test, and a second that is right in both."""
    rng = np.random.default_rng(seed)
    folds = np.repeat([0, 1], 60)
    labels = np.tile([0, 1], 60)
    sign = 2.0 * labels - 1
    features = np.stack([sign, sign], axis=1)
    features += 0.1 * rng.normal(size=features.shape)
    features[folds == 1, 0] = 1000 * rng.choice([-1, 1], 60)
    return features, np.arange(120), labels, folds


def test_scaling_does_not_see_the_test():
    features, recordings, labels, folds = odd_test_fold()
    # Scaled over everything, the first feature all but vanishes in training.
    scaled = features / features.std(0)
    svm = LinearSVC(dual=False).fit(scaled[folds == 0], labels[folds == 0])
    assert svm.score(scaled[folds == 1], labels[folds == 1]) > 0.9
    result = cross_validate(features, recordings, labels, folds)
    assert abs(result.accuracy - 0.5) < 0.2


def opposed_costs(seed=0):
    """What takes a large C to separate in training is nonsense in the test,
    and what a small C goes by is right there."""
    rng = np.random.default_rng(seed)
    folds = np.repeat([0, 1], [400, 200])
    labels = np.tile([0, 1], 300)
    sign = 2.0 * labels - 1
    common = rng.normal(size=600)
    plain = sign * np.where(folds == 1, 3, 1) + 1.2 * rng.normal(size=600)
    fine = sign * np.where(folds == 0, 1, rng.choice([-12, 12], 600))
    features = np.stack([plain, common + 0.12 * fine, common], axis=1)
    return features, np.arange(600), labels, folds


def test_c_is_not_chosen_by_the_test():
    features, recordings, labels, folds = opposed_costs()
    costs = (0.01, 1000.0)
    by_cost = {
        cost: cross_validate(
            features, recordings, labels, folds, costs=[cost]
        ).accuracy
        for cost in costs
    }
    assert by_cost[0.01] > 0.9  # what choosing by the test would find
    assert abs(by_cost[1000.0] - 0.5) < 0.1
    result = cross_validate(features, recordings, labels, folds, costs=costs)
    assert result.folds[0].cost == 1000.0
    assert abs(result.accuracy - 0.5) < 0.1


def test_what_is_learned_is_a_function_of_the_training_folds(monkeypatch):
    features, recordings, labels, folds = make()
    folds = np.where(folds == 2, 2, 0)
    fitted = []

    def spy(*args):
        fitted.append(fit_fold(*args))
        return fitted[-1]

    monkeypatch.setattr(audio_svm, 'fit_fold', spy)
    cross_validate(features, recordings, labels, folds)
    test = folds == 2
    rows = test[recordings]
    rng = np.random.default_rng(5)
    features = features.copy()
    features[rows] = 1e6 * rng.normal(size=(rows.sum(), features.shape[1]))
    labels = labels.copy()
    labels[test] = rng.permutation(labels[test])
    cross_validate(features, recordings, labels, folds)
    (one, inner_one), (two, inner_two) = fitted
    assert inner_one == inner_two
    assert one.C == two.C
    for first, second in zip(one.rows_, two.rows_):
        for name in ('coef_', 'mean_', 'scale_'):
            if hasattr(first, name):
                values = getattr(first, name), getattr(second, name)
                assert np.array_equal(*values)


# The rest.


def test_scores_of_sub_clips_are_averaged():
    """Two sub-clips say 0 in a low voice, one says 1 in a loud one."""
    train = [np.array([[-1.0]]), np.array([[1.0]])]
    model = RecordingSVM().fit(train, [5, 6])
    clips = np.array([[-0.5], [-0.5], [2.0]])
    assert model.predict([clips]) == [6]
    assert model.predict([clips[:2], clips]).tolist() == [5, 6]


def test_what_is_held_out(monkeypatch):
    held = []
    fit = RecordingSVM.fit

    def spy(self, recordings, labels):
        held.append([int(part[0, 1]) for part in recordings])
        return fit(self, recordings, labels)

    monkeypatch.setattr(RecordingSVM, 'fit', spy)
    labels = np.tile(np.arange(3), 20)
    recordings = np.empty(60, object)
    for n in range(60):
        recordings[n] = np.array([[labels[n], n]], float)
    folds = np.arange(60) // 15 + 1
    sources = np.arange(60) // 6 * 10 + labels
    every = set(range(60))
    fit_fold(recordings, labels, folds, sources, (0.1, 1.0))
    for rows in held[:-1]:
        out = sorted(every - set(rows))
        assert len(set(folds[out])) == 1 and len(out) == 15
    assert len(held) == 4 * 2 + 1
    held.clear()
    fit_fold(recordings, labels, np.zeros(60), sources, (0.1, 1.0))
    assert len(held) == 5 * 2 + 1
    for rows in held[:-1]:
        out = sorted(every - set(rows))
        assert not set(sources[rows]) & set(sources[out])
        assert set(labels[out]) == {0, 1, 2}


def test_c_of_equal_worth_is_the_smallest():
    labels, folds = np.arange(80) % 4, np.arange(80) // 4 % 5 + 1
    parts = np.eye(4)[labels][:, None]
    model, inner = fit_fold(parts, labels, folds, np.arange(80))
    assert set(inner.values()) == {1.0}
    assert model.C == 0.01
    model, inner = fit_fold(parts, labels, folds, folds, [3])
    assert (model.C, inner) == (3.0, {})


def test_single_source_of_a_class():
    labels = np.array([0, 0, 1, 1])
    with pytest.raises(ValueError, match='--costs 1'):
        fit_fold(None, labels, np.zeros(4), np.array([0, 0, 1, 2]))


def test_threads_make_no_difference():
    arrays = make(folds=4, signal=0.3)
    one = cross_validate(*arrays, costs=(0.1, 1.0))
    two = cross_validate(*arrays, costs=(0.1, 1.0), jobs=2)
    assert one.folds == two.folds
    assert np.array_equal(one.predictions, two.predictions)


@pytest.mark.parametrize(
    'change, message',
    [
        (dict(folds=np.ones(80, int)), 'need one to test'),
        (dict(folds=np.arange(80) % 4 + 1), 'classes that no other fold'),
        (dict(recordings=np.zeros(400, int)), 'each of 80 recordings'),
        (dict(recordings=np.zeros(3, int)), r'got \(400, 24\)'),
        (dict(features=np.full((400, 24), np.nan)), 'finite'),
        (dict(sources=np.arange(3)), 'differ'),
    ],
)
def test_bad_input(change, message):
    names = ('features', 'recordings', 'labels', 'folds')
    arguments = dict(zip(names, make()))
    with pytest.raises(ValueError, match=message):
        cross_validate(**{**arguments, **change})
