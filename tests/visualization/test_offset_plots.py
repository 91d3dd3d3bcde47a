"""The curve and the drift, and what is written above them."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from avts_mm.evaluation.functional.offset import OffsetEstimate
from avts_mm.visualization import draw_drift, draw_faces, draw_offset_curve
from avts_mm.visualization.offset_plots import FOUND, QUIET, SYNC

SHIFTS = np.arange(-50, 51) * 0.04


def estimate(offset=0.24, **changes):
    curve = -np.exp(-(((SHIFTS - (offset or 0)) / 0.06) ** 2))
    found = OffsetEstimate(
        offset=offset,
        best=offset,
        confidence=0.97,
        clarity=9.0,
        reason='',
        shifts=SHIFTS,
        curve=curve,
        low=curve - 0.1,
        high=curve + 0.2,
    )
    return replace(found, **changes)


def heading(figure):
    return figure._suptitle.get_text(), figure._suptitle.get_color()


def lines(axes, label):
    return [line for line in axes.lines if line.get_label() == label]


@pytest.mark.parametrize('offset', [-1.6, -0.5, 0.24, 1.9])
def test_minimum_is_marked_where_it_is(offset):
    figure = draw_offset_curve(estimate(offset), 'film.mp4')
    (axes,) = figure.axes
    (marker,) = [x for x in axes.lines if x.get_marker() == 'o']
    assert marker.get_xdata()[0] == pytest.approx(offset)
    assert marker.get_ydata()[0] == pytest.approx(-1, abs=0.15)
    assert f'{offset:+.2f} s' in [text.get_text() for text in axes.texts]
    late = 'late' if offset > 0 else 'early'
    assert heading(figure) == (
        f'The sound is {abs(offset):.2f} s {late}.',
        FOUND,
    )
    assert axes.get_title('left') == 'film.mp4, confidence 97 %'
    # Everything that is written stays inside the picture.
    figure.canvas.draw()
    for text in axes.texts:
        box = text.get_window_extent()
        assert box.x0 >= 0 and box.x1 <= figure.bbox.width


def test_curve_and_band_are_the_estimate():
    found = estimate()
    (axes,) = draw_offset_curve(found).axes
    (curve,) = lines(axes, 'mean distance')
    assert np.array_equal(curve.get_xdata(), SHIFTS)
    assert np.array_equal(curve.get_ydata(), found.curve)
    (band,) = [x for x in axes.collections if x.get_label().startswith('90 %')]
    heights = band.get_paths()[0].vertices[:, 1]
    assert heights.min() == pytest.approx(found.low.min())
    assert heights.max() == pytest.approx(found.high.max())


def test_in_sync_is_green():
    text, colour = heading(draw_offset_curve(estimate(0.04)))
    assert text.startswith('In sync') and colour == SYNC


def test_what_cannot_be_told_has_no_mark():
    found = estimate(None, reason='no_clear_minimum', confidence=0.3)
    figure = draw_offset_curve(found)
    (axes,) = figure.axes
    assert not [x for x in axes.lines if x.get_marker() == 'o']
    text, colour = heading(figure)
    assert text.startswith('Cannot tell') and colour == QUIET
    nothing = np.full(len(SHIFTS), np.nan)
    figure = draw_offset_curve(
        replace(
            found, reason='silent', curve=nothing, low=nothing, high=nothing
        )
    )
    (axes,) = figure.axes
    assert 'nothing to compare' in [text.get_text() for text in axes.texts]
    assert heading(figure)[0] == 'Cannot tell: there is next to no sound.'
    assert 'confidence' not in axes.get_title('left')


def test_drift():
    segments = [
        (begin, begin + 20.0, 0.1 + 0.001 * (begin + 10), 0.9)
        for begin in (0.0, 20.0, 60.0)
    ]
    segments.insert(2, (40.0, 60.0, None, 0.2))
    found = estimate(0.14, segments=segments, drift=0.001)
    figure = draw_drift(found, 'film.mp4')
    (axes,) = figure.axes
    assert heading(figure)[0].startswith('The sound drifts')
    assert axes.get_title('left') == 'film.mp4'
    bars = [x for x in axes.collections if hasattr(x, 'get_segments')]
    drawn = [bar.get_segments()[0] for bar in bars]
    assert len(drawn) == 3
    for bar, (begin, end, offset, _) in zip(
        drawn, [s for s in segments if s[2] is not None]
    ):
        assert bar == pytest.approx(np.array([[begin, offset], [end, offset]]))
    (line,) = lines(axes, 'drift, +0.060 s a minute')
    for x, y in zip(line.get_xdata(), line.get_ydata()):
        assert y == pytest.approx(0.1 + 0.001 * x)
    assert axes.get_xlim() == (0, 80)
    labels = [t.get_text() for t in figure.legends[0].get_texts()]
    assert 'cannot tell' in labels


def test_drift_of_a_short_film():
    figure = draw_drift(estimate(-0.3))
    (axes,) = figure.axes
    (line,) = lines(axes, 'whole film, -0.30 s')
    assert line.get_ydata()[0] == pytest.approx(-0.3)
    low, high = axes.get_ylim()
    assert low == -high and high > 0.3
    draw_drift(estimate(None, reason='too_short'))


def test_who_spoke_when():
    def face(begin, spoke):
        portrait = np.zeros((20, 15, 3), np.uint8)
        return SimpleNamespace(
            begin=begin, end=begin + 4, spoke=spoke, portrait=portrait
        )

    much, little = face(6, [(6, 7), (8, 10)]), face(2, [(2, 3)])
    figure = draw_faces([much, face(0, []), little])
    bars = [axes for axes in figure.axes if axes.collections]
    assert len(bars) == 2  # not of who was silent; in order of appearance
    for axes, shown in zip(bars, (little, much)):
        seen, spoken = axes.collections
        left, right = shown.begin, shown.begin + 4
        (path,) = seen.get_paths()
        assert path.vertices[:, 0].min() == left
        assert path.vertices[:, 0].max() == right
        assert len(spoken.get_paths()) == len(shown.spoke)
        assert axes.get_xlim() == (0, 10)
    assert len(draw_faces([much, little], most=1).axes) == 2
