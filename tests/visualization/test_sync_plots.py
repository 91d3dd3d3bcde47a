"""Pictures come out, and show what was logged."""

import json

import numpy as np
import pytest
from matplotlib.figure import Figure

from avts_mm.visualization import (
    plot_distance_histograms,
    plot_training_curve,
    sync_plots,
)
from avts_mm.visualization.scalars import read_history

STAGES = [
    dict(begin=0, mix=dict(easy=1)),
    dict(begin=2, mix=dict(easy=3, hard=1)),
    dict(begin=9, mix=dict(hard=1)),
]


@pytest.fixture
def figure(monkeypatch):
    """The last figure that was saved."""
    saved = []

    def save(figure, path):
        saved.append(figure)
        return savefig(figure, path)

    savefig = sync_plots.save
    monkeypatch.setattr(sync_plots, 'save', save)
    return lambda: saved[-1]


def texts(figure):
    found = [legend for legend in figure.legends]
    found += [axes.get_legend() for axes in figure.axes if axes.get_legend()]
    lines = [t.get_text() for legend in found for t in legend.get_texts()]
    return lines + [t.get_text() for axes in figure.axes for t in axes.texts]


def write_run(folder, epochs, per_epoch=20, loss=1.0, prefix='sync/', **extra):
    (folder / 'vis_data').mkdir(parents=True)
    lines = []
    for epoch in epochs:
        for step in (per_epoch // 2, per_epoch):
            iteration = epoch * per_epoch + step
            log = dict(loss=loss, lr=0.1 ** (1 + epoch // 2), epoch=epoch + 1)
            lines.append({**log, 'iter': iteration, 'step': iteration})
        results = {
            f'{prefix}easy/accuracy': 0.7,
            f'{prefix}easy/auc': 0.8,
            f'{prefix}hard/auc': 0.5 + 0.01 * epoch,
            f'{prefix}within_video': 0.6,
            f'{prefix}auc': 0.1,
        }
        lines.append({**results, **extra, 'step': epoch + 1})
    text = '\n'.join(map(json.dumps, lines))
    (folder / 'vis_data' / 'scalars.json').write_text(text)


def test_histograms(tmp_path, figure):
    rng = np.random.default_rng(0)
    distances = dict(
        positive=rng.random(50), easy=rng.random(60) + 1, own=np.ones(3)
    )
    distances['easy'][0] = np.nan
    path = plot_distance_histograms(
        distances, tmp_path / 'new' / 'd.png', dict(easy='AUC 1.000')
    )
    assert (tmp_path / 'new' / 'd.png').stat().st_size > 5000
    assert path == str(tmp_path / 'new' / 'd.png')
    assert isinstance(figure(), Figure)
    assert texts(figure()) == [
        'in sync, n = 50',
        'easy negatives (another video), n = 59, AUC 1.000',
        'own, n = 3',
    ]
    (axes,) = figure().axes
    outlines = axes.patches[::2]
    for outline in outlines:  # shares of all pairs of the kind
        assert outline.get_data().values.sum() == pytest.approx(1)
    left, right = axes.get_xlim()
    assert left <= 0 and right >= distances['easy'][1:].max()


def test_histograms_of_one_value(tmp_path):
    path = plot_distance_histograms(dict(easy=[2.0, 2.0]), tmp_path / 'd.png')
    assert path.endswith('d.png')


def test_histograms_of_nothing(tmp_path):
    for nothing in ({}, dict(easy=[]), dict(easy=[np.nan])):
        with pytest.raises(ValueError, match='no finite distance'):
            plot_distance_histograms(nothing, tmp_path / 'd.png')


def test_curve(tmp_path, figure):
    write_run(tmp_path / '20260101_000000', range(5))
    path = plot_training_curve(tmp_path, STAGES, tmp_path / 'c.png')
    assert (tmp_path / 'c.png').stat().st_size > 10000
    assert path == str(tmp_path / 'c.png')
    loss, rate, results = figure().axes
    shown = texts(figure())
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


def test_curve_without_curriculum_and_validation(tmp_path, figure):
    folder = tmp_path / 'vis_data'
    folder.mkdir()
    log = dict(loss=1.0, lr=0.1, epoch=1, iter=10, step=10)
    (folder / 'scalars.json').write_text(json.dumps(log))
    plot_training_curve(folder / 'scalars.json', None, tmp_path / 'c.png')
    assert len(figure().axes) == 2


def test_resumed_run_is_whole(tmp_path):
    write_run(tmp_path / '20260101_000000', range(4), loss=1.0)
    # Epoch 4 was not finished, nor saved: it is done again.
    write_run(tmp_path / '20260101_010000', range(3, 6), loss=2.0)
    history = read_history(tmp_path)
    assert history.losses == [
        (0.5 * i, 1.0 if i <= 6 else 2.0) for i in range(1, 13)
    ]
    assert history.epoch_means() == [
        (float(epoch), 1.0 if epoch < 4 else 2.0) for epoch in range(1, 7)
    ]
    assert [x for x, _ in history.results['hard/auc']] == [1, 2, 3, 4, 5, 6]


def test_new_run_in_an_old_folder(tmp_path):
    write_run(tmp_path / '20260101_000000', range(8), loss=1.0)
    write_run(tmp_path / '20260101_010000', range(2), loss=2.0)
    history = read_history(tmp_path)
    assert {loss for _, loss in history.losses} == {2.0}
    assert len(history.results['within_video']) == 2


@pytest.mark.parametrize('prefix', ['', 'sync/', 'val/sync/'])
def test_prefixes(tmp_path, prefix):
    write_run(tmp_path / 'run', range(1), prefix=prefix, time=1.0)
    assert read_history(tmp_path).results == {
        'easy/accuracy': [(1.0, 0.7)],
        'easy/auc': [(1.0, 0.8)],
        'hard/auc': [(1.0, 0.5)],
        'within_video': [(1.0, 0.6)],
    }


def test_log_of_a_killed_run(tmp_path):
    write_run(tmp_path / 'run', range(2))
    file = tmp_path / 'run' / 'vis_data' / 'scalars.json'
    file.write_text(file.read_text() + '\n3\n{"loss": 0.')
    assert len(read_history(tmp_path).losses) == 4


def test_nothing_logged(tmp_path):
    with pytest.raises(FileNotFoundError, match='LocalVisBackend'):
        plot_training_curve(tmp_path, None, tmp_path / 'c.png')
