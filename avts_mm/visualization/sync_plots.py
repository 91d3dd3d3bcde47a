"""Pictures of distances, and of the course of trainings."""

import os
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from .figures import COLOURS, legend_below, look, new_figure, polish
from .scalars import History, read_history

NAMES = {
    'positive': 'in sync',
    'easy': 'easy negatives (another video)',
    'hard': 'hard negatives (another moment)',
    'super_hard': 'super-hard negatives (overlapping)',
}


MEASURES = {
    'easy/auc': 'easy negatives, AUC',
    'hard/auc': 'hard negatives, AUC',
    'within_video': 'within video',
}
TOWERS = {
    'tower_offset': 'offset of the means',
    'tower_spread': 'spread around them',
}
POINTS = look(linewidth=1.6, marker='o', markersize=3)


def draw_distance_histograms(
    distances: Mapping[str, np.ndarray],
    notes: Mapping[str, str] | None = None,
) -> Figure:
    """Draw how far apart the pairs of each kind are.

    Args:
        distances (dict[str, np.ndarray]): Kind of pair to distances ``(N,)``,
            as :attr:`SyncMetric.last_distances` has them.
        notes (dict[str, str], optional): Added to a kind's legend, such as
            ``dict(hard='AUC 0.95')``.

    Raises:
        ValueError: There is no finite distance.
    """
    arrays = {kind: np.asarray(values) for kind, values in distances.items()}
    known = {kind: x[np.isfinite(x)] for kind, x in arrays.items()}
    distances = {kind: x for kind, x in known.items() if len(x)}
    if not distances:
        raise ValueError('no finite distance to draw')
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
        axes.axvline(np.median(values), color=colour, linewidth=1, ls=':')
    axes.set_xlim(edges[0], edges[-1])
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.set_xlabel('distance between picture and sound (dotted: median)')
    axes.set_ylabel('share of pairs')
    polish(axes)
    figure.legend(loc='outside upper left', frameon=False, fontsize=9)
    return figure


def draw_training_curve(
    source: str | os.PathLike, stages: Sequence[Mapping] = ()
) -> Figure:
    """Draw loss, means and spread of the towers, accuracy and AUC over the
    epochs.

    Args:
        source (str): Work directory of the training, of which all runs are
            read, or one ``scalars.json``.
        stages (list[dict]): Those of :class:`CurriculumHook`; each switch is
            marked. Defaults to none.

    Raises:
        FileNotFoundError: Nothing has been logged there.
    """
    history = read_history(source)
    rate_changes = len({rate for _, rate in history.rates}) > 1
    drawn = [(2.0, _draw_loss), (3.0, _draw_results)]
    if history.towers:
        drawn.insert(1, (1.2, _draw_towers))
    if rate_changes:
        drawn.insert(1, (0.8, _draw_rate))
    heights = [height for height, _ in drawn]
    figure = new_figure(8, 2.2 + 0.7 * sum(heights))
    panels = figure.subplots(len(heights), sharex=True, height_ratios=heights)
    for axes, (_, draw) in zip(panels, drawn):
        draw(axes, history)
    lines = [history.losses, *history.results.values()]
    end = max(x for line in lines for x, _ in line)
    panels[-1].set_xlim(0, end * 1.01)
    panels[-1].xaxis.set_major_locator(MaxNLocator(integer=True))
    panels[-1].set_xlabel('epochs passed')
    _mark_stages(panels, stages, end)
    return figure


def _draw_loss(axes, history: History) -> None:
    if history.losses:
        each = look(color='#999999', linewidth=0.8, alpha=0.8)
        mean = POINTS | look(color='#222222', linewidth=1.8)
        mean['label'] = 'mean of the epoch'
        axes.plot(*zip(*history.losses), **each)
        axes.plot(*zip(*history.epoch_means()), **mean)
        axes.legend(frameon=False, fontsize=9, loc='upper right')
    axes.set_ylabel('loss')
    polish(axes)


def _draw_rate(axes, history: History) -> None:
    axes.plot(*zip(*history.rates), color='#8C6D00', linewidth=1.4)
    axes.set_yscale('log')
    values = [rate for _, rate in history.rates if rate > 0]
    ends = [min(values), max(values)]
    axes.set_yticks(ends, [f'{rate:.1e}' for rate in ends])
    axes.set_yticks([], minor=True)
    axes.set_ylabel('learning\nrate')
    polish(axes)


def _draw_towers(axes, history: History) -> None:
    for name, colour in zip(TOWERS, ('#D55E00', '#0072B2')):
        line = zip(*history.towers[name])
        axes.plot(*line, color=colour, label=TOWERS[name])
    axes.set_ylim(top=1.4 * axes.get_ylim()[1])  # room for the legend
    axes.legend(frameon=False, fontsize=9, loc='upper right', ncols=2)
    axes.set_ylabel('towers')
    polish(axes)


def _draw_results(axes, history: History) -> None:
    lines = [
        (f'{kind}/{name.lower()}', style, f'{kind.replace("_", "-")}, {name}')
        for kind in ('easy', 'hard', 'super_hard')
        for name, style in (('AUC', '-'), ('accuracy', '--'))
    ]
    lines.append(('within_video', ':', 'within video'))
    for key, style, label in lines:
        if line := history.results.get(key):
            colour = COLOURS[key.split('/')[0]]
            axes.plot(*zip(*line), style, color=colour, label=label, **POINTS)
    axes.axhline(0.5, color='#999999', linewidth=1)
    axes.annotate(
        'chance',
        (0.995, 0.5),
        xycoords=axes.get_yaxis_transform(),
        ha='right',
        va='bottom',
        color='#777777',
        fontsize=8,
    )
    drawn = [min(line.get_ydata()) for line in axes.lines]
    axes.set_ylim(min(0.45, np.nanmin(drawn) - 0.02), 1.01)
    axes.set_ylabel('validation')
    polish(axes)
    legend_below(axes.figure, axes, 5)


def _mark_stages(panels, stages: Sequence[Mapping], end: float) -> None:
    """A line and the mix of negatives where each stage begins."""
    for stage in stages:
        begin = stage['begin']
        if begin >= end:
            continue
        if begin:
            dashes = look(linewidth=1.4, linestyle=(0, (5, 3)))
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


def draw_comparison(runs: Mapping[str, Sequence[History]]) -> Figure:
    """Draw validations and towers of groups of runs over their epochs.

    Args:
        runs (dict[str, Sequence[History]]): Name of a group to its runs,
            which differ in their seed.
    """
    figure = new_figure(15, 3.6)
    panels = figure.subplots(1, len(MEASURES) + len(TOWERS))
    style = look(linewidth=1.4, marker='o', markersize=3, alpha=0.85)
    colours = list(COLOURS.values())
    for axes, (measure, title) in zip(panels, (MEASURES | TOWERS).items()):
        for number, (name, histories) in enumerate(runs.items()):
            style['color'] = colours[number % len(colours)]
            for place, history in enumerate(histories):
                if line := (history.results | history.towers).get(measure):
                    label = name if place == 0 else None
                    axes.plot(*zip(*line), label=label, **style)
        if measure in MEASURES:
            axes.axhline(0.5, color='#999999', linewidth=1)
            axes.set_ylim(top=1.01)
        else:  # an offset of rounding errors is none
            axes.set_ylim(0, max(0.5, axes.get_ylim()[1]))
        axes.set_title(title, fontsize=10)
        axes.set_xlabel('epoch')
        polish(axes)
    panels[0].set_ylabel('validation')
    legend_below(figure, panels[0], max(len(runs), 1))
    return figure


def draw_losses(
    groups: Mapping[str, np.ndarray], first_step: int = 1
) -> Figure:
    """Draw the training losses of groups of runs over their steps.

    Args:
        groups (dict[str, np.ndarray]): Name of a group to the losses
            ``(runs, steps)`` of its runs, which differ in their seed. The
            range of the first is shaded.
        first_step (int): Number of the first step. Defaults to 1.
    """
    figure = new_figure(6, 3.4)
    axes = figure.subplots()
    colours = list(COLOURS.values())
    for number, (name, losses) in enumerate(groups.items()):
        colour = colours[number % len(colours)]
        steps = np.arange(losses.shape[1]) + first_step
        if number == 0:
            low, high = losses.min(0), losses.max(0)
            axes.fill_between(steps, low, high, color=colour, alpha=0.2)
        axes.plot(steps, losses.T, color=colour, linewidth=0.7, alpha=0.6)
        axes.plot(steps, losses.mean(0), color=colour, linewidth=2, label=name)
    axes.set_xlabel('step')
    axes.set_ylabel('training loss')
    axes.legend(frameon=False, fontsize=9)
    polish(axes)
    return figure
