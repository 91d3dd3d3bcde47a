"""Pictures that set trainings against each other."""

import os
from collections.abc import Mapping, Sequence

import numpy as np

from .figures import COLOURS, new_figure, polish, save
from .scalars import History

MEASURES = {
    'easy/auc': 'easy negatives, AUC',
    'hard/auc': 'hard negatives, AUC',
    'within_video': 'within video',
}


def plot_comparison(
    runs: Mapping[str, Sequence[History]], path: str | os.PathLike
) -> str:
    """Draw the validations of groups of runs over their epochs.

    Args:
        runs (dict[str, Sequence[History]]): Name of a group to its runs,
            which differ in their seed.
        path (str): Where the picture is written.

    Returns:
        str: The path.
    """
    figure = new_figure(11, 3.6)
    panels = figure.subplots(1, len(MEASURES), sharey=True)
    colours = list(COLOURS.values())
    for axes, (measure, title) in zip(panels, MEASURES.items()):
        for number, (name, histories) in enumerate(runs.items()):
            for place, history in enumerate(histories):
                if measure not in history.results:
                    continue
                axes.plot(
                    *zip(*history.results[measure]),
                    color=colours[number % len(colours)],
                    linewidth=1.4,
                    marker='o',
                    markersize=3,
                    alpha=0.85,
                    label=name if place == 0 else None,
                )
        axes.axhline(0.5, color='#999999', linewidth=1)
        axes.set_title(title, fontsize=10)
        axes.set_xlabel('epoch')
        polish(axes)
    panels[0].set_ylabel('validation')
    figure.legend(
        *panels[0].get_legend_handles_labels(),
        loc='outside lower center',
        ncols=max(len(runs), 1),
        frameon=False,
        fontsize=9,
    )
    return save(figure, path)


def plot_losses(
    groups: Mapping[str, np.ndarray],
    path: str | os.PathLike,
    first_step: int = 1,
) -> str:
    """Draw the training losses of groups of runs over their steps.

    Args:
        groups (dict[str, np.ndarray]): Name of a group to the losses
            ``(runs, steps)`` of its runs, which differ in their seed. The
            range of the first is shaded.
        path (str): Where the picture is written.
        first_step (int): Number of the first step. Defaults to 1.

    Returns:
        str: The path.
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
    return save(figure, path)
