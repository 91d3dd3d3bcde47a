"""The picture of accuracy over noise."""

import math

import pytest

from avts_mm.visualization import draw_snr


def test_curves_from_clean_to_loud():
    curves = {
        'both': {math.inf: (0.9, 0.1), 0.0: (0.8, 0.1), -5.0: (0.6, 0.2)},
        'late': {-5.0: (0.5, math.nan), math.inf: (0.85, math.nan)},
    }
    figure = draw_snr(curves)
    (axes,) = figure.axes
    names = [label.get_text() for label in axes.get_xticklabels()]
    assert names == ['clean', '0', '-5']
    both, late = (container[0] for container in axes.containers)
    assert list(both.get_xdata()) == pytest.approx([-0.025, 0.975, 1.975])
    assert both.get_ydata().tolist() == pytest.approx([0.9, 0.8, 0.6])
    assert list(late.get_xdata()) == pytest.approx([0.025, 2.025])
    (legend,) = figure.legends
    assert [x.get_text() for x in legend.get_texts()] == ['both', 'late']
