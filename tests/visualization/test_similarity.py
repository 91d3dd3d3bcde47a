"""The matrix of picture time by sound time."""

import numpy as np
import pytest

from avts_mm.visualization import draw_similarity
from avts_mm.visualization.similarity import double_centred

TIMES = (np.arange(20) + 0.5) * 0.1


def distances(shift=0):
    steps = np.arange(20)
    near = -np.exp(-((steps - steps[:, None] - shift) ** 2) / 2)
    # Rows and columns that are far from everything.
    return 2 + near + np.linspace(0, 3, 20)[:, None] + np.arange(20) % 3


def test_means_of_rows_and_columns_are_taken_away():
    centred = double_centred(distances())
    assert centred.mean(0) == pytest.approx(0, abs=1e-12)
    assert centred.mean(1) == pytest.approx(0, abs=1e-12)
    assert np.array_equal(centred.argmin(1), np.arange(20))
    holes = distances()
    holes[:, 3] = np.nan
    centred = double_centred(holes)
    assert np.isnan(centred[:, 3]).all()
    assert np.isfinite(np.delete(centred, 3, 1)).all()
    assert np.nanmean(centred, 1) == pytest.approx(0, abs=1e-12)


def test_picture_runs_down_and_sound_to_the_right():
    figure = draw_similarity(distances(4), TIMES, TIMES, 'a film', 0.4)
    axes = figure.axes[0]
    image = axes.images[0]
    assert image.get_extent() == pytest.approx([0, 2, 2, 0])
    assert axes.get_xlim() == pytest.approx((0, 2))
    assert axes.get_ylim() == pytest.approx((2, 0))
    drawn = np.asarray(image.get_array())
    # Late sound: the near cells lie to the right of the diagonal.
    assert drawn[5].argmin() == 9
    low, high = image.get_clim()
    assert low == -high < 0
    same, found = axes.lines
    assert np.array_equal(same.get_xdata(), same.get_ydata())
    assert found.get_xdata() - found.get_ydata() == pytest.approx(0.4)
    assert found.get_label() == 'sound 0.40 s late'
    assert figure._suptitle.get_text() == 'a film'


def test_early_sound_and_no_offset():
    figure = draw_similarity(distances(), TIMES, TIMES, offset=-0.2)
    assert figure.axes[0].lines[1].get_label() == 'sound 0.20 s early'
    assert len(draw_similarity(distances(), TIMES, TIMES).axes[0].lines) == 1


def test_pictures_and_sound_stand_at_their_time():
    levels = np.arange(40, dtype=np.uint8)[:, None, None, None]
    frames = np.broadcast_to(levels, (40, 6, 8, 3))
    log_mel = np.random.default_rng(0).normal(size=(5, 30))
    figure = draw_similarity(
        distances(), TIMES, TIMES, frames=frames, log_mel=log_mel
    )
    strip, below = figure.axes[-2:]
    assert strip.images[0].get_extent() == pytest.approx([0, 1, 2, 0])
    shown = np.asarray(strip.images[0].get_array())[::6, 0, 0]
    middles = (np.arange(len(shown)) + 0.5) / len(shown)
    assert (shown + 0.5) / 40 == pytest.approx(middles, abs=0.5 / 40)
    assert below.images[0].get_extent()[:2] == pytest.approx([0, 2])
    assert np.array_equal(below.images[0].get_array(), log_mel)


def test_two_clocks_and_units():
    figure = draw_similarity(
        distances()[:, :10], TIMES, TIMES[:10] + 5, unit='clips'
    )
    axes = figure.axes[0]
    assert axes.images[0].get_extent() == pytest.approx([5, 6, 2, 0])
    assert axes.get_xlabel() == 'sound, clips'
    assert axes.get_ylabel() == 'picture, clips'
    assert axes.lines[0].get_label() == 'its own sound'


def test_shapes_must_fit():
    with pytest.raises(ValueError, match='20 moments of the picture and 19'):
        draw_similarity(distances(), TIMES, TIMES[:19])


def test_all_the_same_and_nothing_known():
    draw_similarity(np.ones((1, 1)), [0.0], [0.0])
    draw_similarity(np.full((3, 3), np.nan), TIMES[:3], TIMES[:3])
