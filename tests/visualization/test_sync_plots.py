"""Pictures come out, and show what was logged."""

import json

import numpy as np
import pytest

from avts_mm.visualization import (
    draw_comparison,
    draw_distance_histograms,
    draw_training_curve,
    read_history,
)

STAGES = [
    dict(begin=0, mix=dict(easy=1)),
    dict(begin=2, mix=dict(easy=3, hard=1)),
    dict(begin=9, mix=dict(hard=1)),
]


def texts(figure):
    found = [legend for legend in figure.legends]
    found += [axes.get_legend() for axes in figure.axes if axes.get_legend()]
    lines = [t.get_text() for legend in found for t in legend.get_texts()]
    return lines + [t.get_text() for axes in figure.axes for t in axes.texts]


def test_histograms():
    rng = np.random.default_rng(0)
    distances = dict(
        positive=rng.random(50), easy=rng.random(60) + 1, own=np.ones(3)
    )
    distances['easy'][0] = np.nan
    figure = draw_distance_histograms(distances, dict(easy='AUC 1.000'))
    assert texts(figure) == [
        'in sync, n = 50',
        'easy negatives (another video), n = 59, AUC 1.000',
        'own, n = 3',
    ]
    (axes,) = figure.axes
    for outline in axes.patches[::2]:  # shares of all pairs of the kind
        assert outline.get_data().values.sum() == pytest.approx(1)
    left, right = axes.get_xlim()
    assert left <= 0 and right >= distances['easy'][1:].max()


def test_histograms_of_one_value_and_of_nothing():
    draw_distance_histograms(dict(easy=[2.0, 2.0]))
    for nothing in ({}, dict(easy=[]), dict(easy=[np.nan])):
        with pytest.raises(ValueError, match='no finite distance'):
            draw_distance_histograms(nothing)


def test_curve(tmp_path, write_run):
    write_run(tmp_path / '20260101_000000', range(5))
    figure = draw_training_curve(tmp_path, STAGES)
    loss, rate, results = figure.axes
    shown = texts(figure)
    for text in ('easy', 'easy : hard = 3 : 1', 'chance', 'easy, AUC'):
        assert text in shown
    assert 'hard' not in shown  # the third stage begins after the end
    for axes in (loss, rate, results):
        switches = [
            line
            for line in axes.lines
            if list(line.get_xdata()) == [2, 2]
            and line.get_linestyle() == '--'
        ]
        assert len(switches) == 1
    hard = next(x for x in results.lines if x.get_label() == 'hard, AUC')
    assert list(hard.get_xdata()) == [1, 2, 3, 4, 5]
    assert list(hard.get_ydata()) == pytest.approx(
        [0.5 + 0.01 * i for i in range(5)]
    )


def test_curve_without_curriculum_and_validation(tmp_path):
    path = tmp_path / 'scalars.json'
    log = dict(loss=1.0, lr=0.1, epoch=1, iter=10, step=10)
    path.write_text(json.dumps(log))
    assert len(draw_training_curve(path).axes) == 2
    log |= dict(tower_offset=0.5, tower_spread=0.1)
    path.write_text(json.dumps(log))
    _, towers, _ = draw_training_curve(path).axes
    assert [line.get_ydata()[0] for line in towers.lines] == [0.5, 0.1]


def test_an_offset_of_rounding_errors_is_drawn_as_none(tmp_path):
    log = dict(loss=1.0, lr=0.1, epoch=1, iter=10, step=10)
    log |= dict(tower_offset=1e-7, tower_spread=2.0)
    (tmp_path / 'scalars.json').write_text(json.dumps(log))
    history = read_history(tmp_path / 'scalars.json')
    *_, offset, spread = draw_comparison({'centred': [history]}).axes
    assert offset.get_ylim() == (0, 0.5)
    low, high = spread.get_ylim()
    assert low == 0 and high > 2


def test_nothing_logged(tmp_path):
    with pytest.raises(FileNotFoundError, match='LocalVisBackend'):
        draw_training_curve(tmp_path)
