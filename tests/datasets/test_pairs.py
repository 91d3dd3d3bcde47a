"""Kinds of pairs and the moments they are drawn at."""

import numpy as np
import pytest

from avts_mm.datasets.pairs import AVPair, PairKind, PairTiming

KINDS = list(PairKind)


def draw_many(timing, kind, span, number=4000, other=None, seed=0):
    rng = np.random.default_rng(seed)
    return np.array(
        [timing.draw(kind, span, other or span, rng) for _ in range(number)]
    )


def largest_gap(first, second):
    """Kolmogorov-Smirnov distance of two samples."""
    both = np.sort(np.concatenate([first, second]))
    shares = [
        np.searchsorted(np.sort(x), both, 'right') / len(x)
        for x in (first, second)
    ]
    return np.abs(shares[0] - shares[1]).max()


def test_kinds():
    assert PairKind.parse('super_hard') is PairKind.SUPER_HARD
    assert PairKind.parse(2) is PairKind.HARD
    assert [kind.label for kind in KINDS] == [1, 0, 0, 0]
    assert AVPair(3, 4, 1, 5)._asdict() == dict(
        video=3, audio=4, kind=1, seed=5, clips=1
    )
    for wrong in ('harder', 4, None):
        with pytest.raises(ValueError, match='unknown kind'):
            PairKind.parse(wrong)


def test_min_duration():
    timing = PairTiming(1.0, 0.5, (0.25, 0.75))
    assert [timing.min_duration(k) for k in KINDS] == [1.0, 1.0, 2.5, 1.5]


@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('spare', [0.0, 0.3, 1.2, 8.0])
def test_moments_stay_inside(kind, spare):
    timing = PairTiming(clip_seconds=0.8, hard_gap=0.4)
    duration = timing.min_duration(kind) + spare
    starts = draw_many(timing, kind, (7.0, duration), 500)
    assert starts.min() >= 7.0 - 1e-9
    assert starts.max() + 0.8 <= 7.0 + duration + 1e-9


@pytest.mark.parametrize('duration', [1.0, 3.0, 10.0])
def test_positive_is_in_sync(duration):
    starts = draw_many(PairTiming(), PairKind.POSITIVE, (2.0, duration), 100)
    assert (starts[:, 0] == starts[:, 1]).all()


@pytest.mark.parametrize('duration', [2.5, 3.0, 10.0])
def test_hard_keeps_the_gap(duration):
    timing = PairTiming(1.0, 0.5)
    starts = draw_many(timing, PairKind.HARD, (1.0, duration))
    apart = np.abs(starts[:, 0] - starts[:, 1])
    assert apart.min() >= 1.5 - 1e-9
    # Both orders, and the far end of what there is.
    later = (starts[:, 1] > starts[:, 0]).mean()
    assert 0.45 < later < 0.55
    assert apart.max() > 1.5 + 0.8 * (duration - 2.5) - 1e-9


def test_hard_is_uniform_over_what_is_allowed():
    # Room of 4 s, 1.5 s apart: a triangle, where the distance has density
    # 2 (4 - d) / 2.5 ** 2, hence mean 1.5 + 2.5 / 3.
    starts = draw_many(PairTiming(), PairKind.HARD, (0.0, 5.0), 8000)
    apart = np.abs(starts[:, 0] - starts[:, 1])
    assert apart.mean() == pytest.approx(1.5 + 2.5 / 3, abs=0.03)


@pytest.mark.parametrize('duration', [1.5, 1.6, 2.2, 3.0, 10.0])
@pytest.mark.parametrize('overlap', [(0.25, 0.75), (0.5, 0.75), (0.6, 0.75)])
def test_super_hard_overlaps(duration, overlap):
    timing = PairTiming(1.0, 0.5, overlap)
    starts = draw_many(timing, PairKind.SUPER_HARD, (0.5, duration))
    shared = 1 - np.abs(starts[:, 0] - starts[:, 1])
    assert shared.min() >= overlap[0] - 1e-9
    assert shared.max() <= overlap[1] + 1e-9
    later = (starts[:, 1] > starts[:, 0]).mean()
    assert 0.4 < later < 0.6


@pytest.mark.parametrize('duration', [1.3, 2.5, 3.0, 10.0])
def test_no_half_gives_the_kind_away(duration):
    timing = PairTiming()
    possible = [
        kind
        for kind in KINDS
        if timing.min_duration(kind) <= duration
        and (kind != PairKind.SUPER_HARD or duration == 10)
    ]
    halves = [
        draw_many(timing, kind, (0.0, duration), seed=kind)[:, side]
        for kind in possible
        for side in (0, 1)
    ]
    for half in halves[1:]:
        # The 0.1 % point of the distance for two samples of 4000.
        assert largest_gap(halves[0], half) < 0.0436


def test_same_seed_same_picture():
    timing, span = PairTiming(), (3.0, 6.0)
    starts = {
        kind: timing.draw(kind, span, (0.0, 9.0), np.random.default_rng(5))
        for kind in KINDS
    }
    assert len({start[0] for start in starts.values()}) == 1
    assert len({start[1] for start in starts.values()}) == 4


def test_easy_uses_the_span_of_the_other_video():
    starts = draw_many(
        PairTiming(), PairKind.EASY, (0.0, 2.0), 300, other=(100.0, 4.0)
    )
    assert starts[:, 0].max() <= 1.0
    assert starts[:, 1].min() >= 100.0
    assert starts[:, 1].max() > 102.0


@pytest.mark.parametrize('kind', KINDS)
def test_too_short_is_refused(kind):
    timing, rng = PairTiming(), np.random.default_rng(0)
    short = (0.0, timing.min_duration(kind) - 0.01)
    # Of the second span only an easy pair takes the sound.
    first = (0.0, 3.0) if kind == PairKind.EASY else short
    for spans in ((short, short), (first, short)):
        with pytest.raises(ValueError, match='needs a video of'):
            timing.draw(kind, *spans, rng)


@pytest.mark.parametrize(
    'arguments',
    [
        dict(clip_seconds=0),
        dict(clip_seconds=float('nan')),
        dict(hard_gap=-1.0),
        dict(super_hard_overlap=(0.5, 1.0)),
        dict(super_hard_overlap=(0.5, 0.4)),
        dict(super_hard_overlap=(-0.1, 0.4)),
    ],
)
def test_impossible_lengths(arguments):
    with pytest.raises(ValueError, match=next(iter(arguments))):
        PairTiming(**arguments)


@pytest.mark.parametrize('count', [2, 3])
def test_moments_are_far_apart_and_any_order_is_as_likely(count):
    timing, rng = PairTiming(1.0, 0.5), np.random.default_rng(0)
    drawn = np.array(
        [timing.moments((2.0, 8.0), count, rng) for _ in range(4000)]
    )
    assert drawn.min() >= 2 and drawn.max() <= 9
    apart = np.abs(np.diff(np.sort(drawn, 1), axis=1))
    assert apart.min() >= 1.5 - 1e-9
    assert np.ptp(drawn.mean(0)) < 0.2 and np.ptp(drawn.std(0)) < 0.1
    # Of a video too short for it they are as far apart as there is room.
    near = np.sort(timing.moments((0.0, 2.0), count, rng))
    np.testing.assert_allclose(near, np.linspace(0, 1, count))
