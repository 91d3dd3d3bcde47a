"""Pictures that set trainings against each other."""

import os
from collections.abc import Mapping, Sequence

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
