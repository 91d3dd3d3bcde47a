"""Pictures of distances, and of the course of a training."""

import os
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import (
    MaxNLocator,
    PercentFormatter,
)

from .figures import COLOURS, new_figure, polish, save
from .scalars import read_history

NAMES = {
    'positive': 'in sync',
    'easy': 'easy negatives (another video)',
    'hard': 'hard negatives (another moment)',
    'super_hard': 'super-hard negatives (overlapping)',
}


def plot_distance_histograms(
    distances: Mapping[str, np.ndarray],
    path: str | os.PathLike,
    notes: Mapping[str, str] | None = None,
    bins: int | None = None,
) -> str:
    """Write :func:`draw_distance_histograms` to a file.

    Returns:
        str: ``path``.
    """
    return save(draw_distance_histograms(distances, notes, bins), path)


def draw_distance_histograms(
    distances: Mapping[str, np.ndarray],
    notes: Mapping[str, str] | None = None,
    bins: int | None = None,
) -> Figure:
    """Draw how far apart the pairs of each kind are.

    Args:
        distances (dict[str, np.ndarray]): Kind of pair to distances ``(N,)``,
            as :attr:`SyncMetric.last_distances` has them.
        notes (dict[str, str], optional): Added to a kind's legend, such as
            ``dict(hard='AUC 0.95')``.
        bins (int, optional): None means by the number of pairs, 10 to 40.

    Returns:
        Figure: Not known to pyplot.

    Raises:
        ValueError: There is no finite distance.
    """
    distances = {
        kind: np.asarray(values)[np.isfinite(values)]
        for kind, values in distances.items()
    }
    distances = {
        kind: values for kind, values in distances.items() if len(values)
    }
    if not distances:
        raise ValueError('no finite distance to draw')
    if bins is None:
        fewest = min(map(len, distances.values()))
        bins = int(np.clip(2 * np.sqrt(fewest), 10, 40))
    together = np.concatenate(list(distances.values()))
    low, high = float(together.min()), float(together.max())
    pad = 0.02 * (high - low) or 0.5
    edges = np.linspace(max(low - pad, min(low, 0)), high + pad, bins + 1)
    figure = new_figure(7, 4)
    axes = figure.add_subplot()
    for kind, values in distances.items():
        colour = COLOURS.get(kind, '#777777')
        label = f'{NAMES.get(kind, kind)}, n = {len(values)}'
        if notes and kind in notes:
            label += f', {notes[kind]}'
        share = np.histogram(values, edges)[0] / len(values)
        axes.stairs(share, edges, fill=True, color=colour, alpha=0.22)
        axes.stairs(share, edges, color=colour, linewidth=1.6, label=label)
        axes.axvline(
            float(np.median(values)), color=colour, linewidth=1, linestyle=':'
        )
    axes.set_xlim(edges[0], edges[-1])
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.set_xlabel('distance between picture and sound (dotted: median)')
    axes.set_ylabel('share of pairs')
    polish(axes)
    figure.legend(loc='outside upper left', frameon=False, fontsize=9)
    return figure


def plot_training_curve(
    source: str | os.PathLike,
    stages: Sequence[Mapping] | None,
    path: str | os.PathLike,
) -> str:
    """Draw loss, accuracy and AUC over the epochs.

    Args:
        source (str): Work directory of the training, of which all runs are
            read, or one ``scalars.json``.
        stages (list[dict], optional): Those of :class:`CurriculumHook`; each
            switch is marked.
        path (str): Of the picture.

    Returns:
        str: ``path``.

    Raises:
        FileNotFoundError: Nothing has been logged there.
    """
    history = read_history(source)
    rate_changes = len({rate for _, rate in history.rates}) > 1
    figure = new_figure(8, 6.4 if rate_changes else 5.6)
    panels = figure.subplots(
        3 if rate_changes else 2,
        1,
        sharex=True,
        height_ratios=[2, 0.8, 3] if rate_changes else [2, 3],
    )
    _draw_loss(panels[0], history)
    if rate_changes:
        _draw_rate(panels[1], history)
    _draw_results(panels[-1], history)
    lines = [history.losses, *history.results.values()]
    end = max(x for line in lines for x, _ in line)
    panels[-1].set_xlim(0, end * 1.01)
    panels[-1].xaxis.set_major_locator(MaxNLocator(integer=True))
    panels[-1].set_xlabel('epochs passed')
    _mark_stages(panels, stages or (), end)
    return save(figure, path)


def _draw_loss(axes, history) -> None:
    if history.losses:
        axes.plot(
            *zip(*history.losses), color='#999999', linewidth=0.8, alpha=0.8
        )
        axes.plot(
            *zip(*history.epoch_means()),
            color='#222222',
            linewidth=1.8,
            marker='o',
            markersize=3,
            label='mean of the epoch',
        )
        axes.legend(frameon=False, fontsize=9, loc='upper right')
    axes.set_ylabel('loss')
    polish(axes)


def _draw_rate(axes, history) -> None:
    axes.plot(*zip(*history.rates), color='#8C6D00', linewidth=1.4)
    axes.set_yscale('log')
    values = [rate for _, rate in history.rates if rate > 0]
    ends = [min(values), max(values)]
    axes.set_yticks(ends, [f'{rate:.1e}' for rate in ends])
    axes.set_yticks([], minor=True)
    axes.set_ylabel('learning\nrate')
    polish(axes)


def _draw_results(axes, history) -> None:
    for kind in ('easy', 'hard', 'super_hard'):
        for measure, style in (('auc', '-'), ('accuracy', '--')):
            line = history.results.get(f'{kind}/{measure}')
            if line:
                name = 'AUC' if measure == 'auc' else measure
                axes.plot(
                    *zip(*line),
                    style,
                    color=COLOURS[kind],
                    linewidth=1.6,
                    marker='o',
                    markersize=3,
                    label=f'{kind.replace("_", "-")}, {name}',
                )
    line = history.results.get('within_video')
    if line:
        axes.plot(
            *zip(*line),
            ':',
            color=COLOURS['within_video'],
            linewidth=1.6,
            marker='o',
            markersize=3,
            label='within video',
        )
    axes.axhline(0.5, color='#999999', linewidth=1)
    axes.text(
        0.995,
        0.5,
        'chance',
        transform=axes.get_yaxis_transform(),
        ha='right',
        va='bottom',
        color='#777777',
        fontsize=8,
    )
    drawn = [min(line.get_ydata()) for line in axes.lines]
    axes.set_ylim(min(0.45, np.nanmin(drawn) - 0.02), 1.01)
    axes.set_ylabel('validation')
    polish(axes)
    if len(axes.lines) > 1:
        axes.figure.legend(
            *axes.get_legend_handles_labels(),
            loc='outside lower center',
            ncols=5,
            frameon=False,
            fontsize=9,
        )


def _mark_stages(panels, stages: Sequence[Mapping], end: float) -> None:
    """A line and the mix of negatives where each stage begins."""
    for stage in stages:
        begin = stage['begin']
        if begin >= end:
            continue
        if begin:
            dashes = dict(linewidth=1.4, linestyle=(0, (5, 3)))
            for axes in panels:
                axes.axvline(begin, color='#56B4E9', **dashes)
        mix = {kind: share for kind, share in stage['mix'].items() if share}
        kinds = ' : '.join(kind.replace('_', '-') for kind in mix)
        if len(mix) > 1:
            kinds += ' = ' + ' : '.join(f'{share:g}' for share in mix.values())
        panels[0].annotate(
            kinds,
            (begin, 1.0),
            xycoords=('data', 'axes fraction'),
            xytext=(4, 3),
            textcoords='offset points',
            fontsize=9,
            color='#2A7FB0',
        )
