"""Offsets from made-up embeddings whose offset is known."""

import numpy as np
import pytest

from avts_mm.evaluation.functional.offset import estimate_offset
from avts_mm.evaluation.functional.offset_sums import (
    OffsetAccumulator,
    OffsetSums,
    shift_distances,
)

STEP = 0.04


def film(steps, late=0, noise=1.0, seed=0, dims=16):
    """Embeddings of a film whose sound is ``late`` steps late."""
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=(steps + 100, dims))
    video = shared[50 : 50 + steps]
    audio = shared[50 - late : 50 - late + steps]
    video = video + noise * rng.normal(size=video.shape)
    audio = audio + noise * rng.normal(size=audio.shape)
    return video.astype(np.float32), audio.astype(np.float32)


def sums_of(video, audio, radius=25, block=10):
    distances = shift_distances(video, audio, radius)
    return OffsetSums.of(distances, STEP, block)


def test_centred_distances_against_loops():
    video, audio = film(9)
    video[2] = np.nan
    audio[5] = np.nan
    found = shift_distances(video, audio, 2)
    raw = np.full((9, 9), np.nan)
    for t in range(9):
        for u in range(max(0, t - 2), min(9, t + 3)):
            raw[t, u] = np.sqrt(np.mean((video[t] - audio[u]) ** 2))
    columns = np.array(
        [
            np.nanmean(raw[:, u]) if np.isfinite(raw[:, u]).any() else 0
            for u in range(9)
        ]
    )
    for t in range(9):
        there = [u for u in range(9) if np.isfinite(raw[t, u])]
        for k, u in enumerate(range(t - 2, t + 3)):
            if u not in there:
                assert np.isnan(found[t, k])
                continue
            centred = raw[t, u] - columns[u]
            centred -= np.mean([raw[t, w] - columns[w] for w in there])
            assert found[t, k] == pytest.approx(centred, abs=1e-5)
    assert np.isnan(found[2]).all()


@pytest.mark.parametrize('late', [-20, -3, 0, 1, 7, 19])
def test_known_offset(late):
    found = estimate_offset(sums_of(*film(100, late)))
    assert found.offset == pytest.approx(late * STEP, abs=STEP / 2)
    assert found.confidence > 0.95 and found.clarity > 5
    assert found.shifts[np.nanargmin(found.curve)] == pytest.approx(
        late * STEP
    )
    assert (found.low <= found.high).all()


def test_words():
    late = estimate_offset(sums_of(*film(100, 6)))
    assert late.describe() == 'The sound is 0.24 s late.'
    assert late.in_sync(0.08) is False
    early = estimate_offset(sums_of(*film(100, -6)))
    assert early.describe() == 'The sound is 0.24 s early.'
    same = estimate_offset(sums_of(*film(100, 0)))
    assert same.describe().startswith('In sync')
    assert same.in_sync(0.08) is True


def test_between_two_steps():
    video, _ = film(400, 0, noise=0)
    # A slowly changing embedding, sampled half a step apart.
    smooth = np.apply_along_axis(
        np.convolve, 0, video, np.hanning(13), 'valid'
    )
    half = (smooth[1:] + smooth[:-1]) / 2
    found = estimate_offset(sums_of(smooth[:-1], half))
    assert found.offset == pytest.approx(-STEP / 2, abs=STEP / 5)


def test_cannot_tell_what_does_not_belong_together():
    told = 0
    for seed in range(20):
        video, _ = film(100, seed=seed)
        _, audio = film(100, seed=seed + 100)
        found = estimate_offset(sums_of(video, audio))
        told += found.offset is not None
        if found.offset is None:
            assert found.reason == 'no_clear_minimum'
            assert found.describe().startswith('Cannot tell')
            assert found.in_sync(0.08) is None
    assert told <= 1


def test_beyond_the_range():
    found = estimate_offset(sums_of(*film(200, 25), radius=25))
    assert (found.offset, found.reason) == (None, 'beyond_range')
    assert 'search further' in found.describe()


def test_masked_steps_carry_no_weight():
    video, audio = film(200, 5)
    wrong_video, wrong_audio = film(200, -9, seed=5)
    video[100:], audio[105:] = wrong_video[100:], wrong_audio[105:]
    masked = video.copy()
    masked[100:] = np.nan
    found = estimate_offset(sums_of(masked, audio))
    assert found.offset == pytest.approx(5 * STEP, abs=STEP / 2)


def test_nothing_to_compare():
    video, audio = film(100)
    found = estimate_offset(sums_of(np.full_like(video, np.nan), audio))
    assert (found.offset, found.reason) == (None, 'too_little')
    found = estimate_offset(sums_of(video[:4], audio[:4]))
    assert found.reason == 'too_little'
    found = estimate_offset(sums_of(video, audio), reason='silent')
    assert found.describe() == 'Cannot tell: there is next to no sound.'
    assert np.isnan(found.curve).all()


def test_too_little_is_compared():
    video, audio = film(40, 5)
    found = estimate_offset(sums_of(video, audio))
    assert found.best == pytest.approx(5 * STEP, abs=STEP / 2)
    assert (found.offset, found.reason) == (None, 'too_little')
    found = estimate_offset(sums_of(video, audio), min_compared=1.0)
    assert found.offset == found.best


def test_drift():
    rng = np.random.default_rng(0)
    steps = 3000  # two minutes, a step later every 10 s
    shared = rng.normal(size=(steps + 100, 16)).astype(np.float32)
    video = shared[50 : 50 + steps]
    late = np.arange(steps) // 250
    audio = shared[50 + np.arange(steps) - late]
    found = estimate_offset(sums_of(video, audio))
    assert found.drift == pytest.approx(0.004, rel=0.15)
    assert len(found.segments) == 6
    assert found.segments[0][0] == 0
    assert found.segments[-1][1] == pytest.approx(120)
    assert 'drifts' in found.describe()
    assert found.in_sync(10) is False
    steady = estimate_offset(sums_of(*film(3000, 4)))
    assert steady.drift is None and len(steady.segments) == 6


@pytest.mark.parametrize('sizes', [(37,), (200,), (5, 160, 1)])
def test_pieces_make_no_difference(sizes):
    video, audio = film(333, 4)
    video[50:60] = np.nan
    whole = sums_of(video, audio, radius=8)
    collector = OffsetAccumulator(8, STEP)
    begin, k, held = 0, 0, 0
    while begin < 333:
        end = begin + sizes[k % len(sizes)]
        collector.add(video[begin:end], audio[begin:end])
        held = max(held, len(collector._video))
        begin, k = end, k + 1
    found = collector.finish()
    np.testing.assert_allclose(found.sums, whole.sums, atol=1e-6)
    np.testing.assert_array_equal(found.counts, whole.counts)
    assert held <= max(sizes) + 4 * 8 + 10


def test_an_empty_film():
    found = estimate_offset(OffsetAccumulator(5, STEP).finish(), 'too_short')
    assert found.reason == 'too_short'
