"""Maps of the sound, over frames."""

import numpy as np
import pytest

from avts_mm.visualization import draw_heat_maps, overlay_heat_map
from avts_mm.visualization.heat_map import map_scale, onsets, sound_distances


def grey(count=2, height=60, width=80, level=100):
    return np.full((count, height, width, 3), level, np.uint8)


def maps_at(*places, shape=(6, 8)):
    """Maps that are -1 at one place each and 0 elsewhere."""
    maps = np.zeros((len(places), *shape))
    for number, place in enumerate(places):
        maps[(number, *place)] = -1
    return maps


def test_the_place_of_each_sound_is_found():
    rng = np.random.default_rng(0)
    sounds = rng.normal(size=(16, 10))
    places = rng.normal(size=(16, 10, 3, 4))
    where = rng.integers(12, size=10)
    for step, place in enumerate(where):
        places[:, step].reshape(16, 12)[:, place] = sounds[:, step]
    # A place that lies near to all sounds is not where they come from.
    places[:, :, 0, 0] = 0
    maps = sound_distances(places, sounds)
    assert maps.shape == (10, 3, 4)
    found = maps.reshape(10, 12).argmin(1)
    right = where > 0
    assert np.array_equal(found[right], where[right])

    others = rng.normal(size=(16, 3))
    for given, compared in ((None, sounds), (others, others)):
        near = [
            np.sqrt(np.mean((places[:, 4, 1, 2] - sound) ** 2))
            for sound in (sounds[:, 4], *compared.T)
        ]
        found = sound_distances(places, sounds, given)[4, 1, 2]
        assert found == pytest.approx(near[0] - np.mean(near[1:]))


@pytest.fixture
def no_ring(monkeypatch):
    monkeypatch.setattr('cv2.circle', lambda image, *how: image)


def test_bright_where_the_sound_comes_from(no_ring):
    frames = grey()
    maps = maps_at((1, 6), (4, 2))
    drawn = overlay_heat_map(frames, maps)
    assert drawn.shape == frames.shape and drawn.dtype == np.uint8
    change = np.abs(drawn.astype(int) - frames).sum(3)
    for number, (row, column) in enumerate(((1, 6), (4, 2))):
        y, x = np.unravel_index(change[number].argmax(), (60, 80))
        assert abs(y - (row + 0.5) * 10) <= 5
        assert abs(x - (column + 0.5) * 10) <= 5
    assert change[0, 45:, :40].max() == 0  # far from it
    assert (frames == 100).all()  # the input is left alone


def test_scale_is_of_all_maps(no_ring):
    maps = np.concatenate([maps_at((1, 1)), 0.1 * maps_at((1, 1))])
    drawn = overlay_heat_map(grey(), maps).astype(int)
    change = np.abs(drawn - 100).sum((1, 2, 3))
    assert change[0] > 2 * change[1] > 0
    alone = overlay_heat_map(grey(1), maps[1:]).astype(int)
    assert np.abs(alone - 100).sum() > 1.5 * change[1]
    given = overlay_heat_map(grey(1), maps[1:], scale=1.0)
    assert np.abs(given.astype(int) - 100).sum() < change[1] * 1.2
    assert map_scale(maps_at((0, 0), (1, 1))) == pytest.approx(1)
    assert map_scale(np.full((2, 3, 3), np.nan)) == 1
    assert map_scale(np.zeros((2, 3, 3))) == 1


def test_frames_without_sound_stay_as_they_are():
    maps = maps_at((1, 1), (1, 1))
    maps[1] = np.nan
    drawn = overlay_heat_map(grey(), maps)
    assert (drawn[0] != 100).any() and (drawn[1] == 100).all()


def test_what_lies_beyond_the_region_is_darkened(no_ring):
    drawn = overlay_heat_map(grey(1), maps_at((0, 0)), (0.25, 0.5, 0.75, 1.0))[
        0
    ]
    assert (drawn[:30] == 50).all() and (drawn[:, :20] == 50).all()
    inside = drawn[30:, 20:60]
    assert (inside[-1, -1] == 100).all()
    change = np.abs(inside.astype(int) - 100).sum(2)
    assert np.unravel_index(change.argmax(), change.shape) < (8, 8)


def test_a_ring_marks_the_nearest_place(request):
    ringed = overlay_heat_map(grey(1), maps_at((4, 2)))
    request.getfixturevalue('no_ring')
    plain = overlay_heat_map(grey(1), maps_at((4, 2)))
    y, x = np.nonzero((plain != ringed).any(3)[0])
    assert (y.min() + y.max()) / 2 == pytest.approx(45, abs=1)
    assert (x.min() + x.max()) / 2 == pytest.approx(25, abs=1)
    # Where nothing is nearer than the rest, there is none.
    same = overlay_heat_map(grey(1), np.full((1, 3, 3), 2.0))
    assert (same == 100).all()


def test_moments_are_those_at_which_the_sound_swells():
    times = (np.arange(50) + 0.5) / 25
    wave = np.full(32000, 1e-3)
    for onset in (0.5, 1.3):
        begin = round(onset * 16000)
        wave[begin : begin + 4000] += np.exp(-np.arange(4000) / 1000)
    chosen = onsets(wave, 2.0, times, 8)
    assert [int(times[i] / 0.04) for i in chosen] == [12, 32]
    assert onsets(wave, 2.0, times[:5], 8) == [0, 1, 2, 3, 4]
    assert len(onsets(np.zeros(32000), 2.0, times, 8)) <= 8
    rng = np.random.default_rng(0)
    frames = rng.integers(255, size=(50, 12, 16, 3)).astype(np.uint8)
    maps = rng.normal(size=(50, 2, 2))
    figure = draw_heat_maps(frames, maps, times, wave, 2.0, title='film')
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert titles == ['0.50 s', '1.30 s']
    shown = np.asarray(figure.axes[0].images[0].get_array())
    means = np.abs(frames.mean((1, 2)) - shown.mean((0, 1))).sum(1)
    assert means.argmin() == chosen[0]
    marks = [line.get_xdata()[0] for line in figure.axes[-1].lines[1:]]
    assert marks == pytest.approx(times[chosen])
