"""The tables of the report as a picture: dots on a scale."""

from collections.abc import Sequence
from pathlib import Path

from avts_mm.visualization.figures import COLOURS, new_figure, polish, save

ROW = 0.26  # inches
STYLES = {
    'paper': dict(color='#444444', marker='D', markerfacecolor='white'),
    'ours': dict(color='#009E73', marker='o'),
    'accuracy': dict(color='#009E73', marker='o'),
    'easy/auc': dict(color=COLOURS['easy'], marker='o'),
    'hard/auc': dict(color=COLOURS['hard'], marker='s'),
    'within_video': dict(color=COLOURS['within_video'], marker='|'),
    'UCF101': dict(color='#0072B2', marker='o'),
    'HMDB51': dict(color='#D55E00', marker='s'),
    'ESC-50': dict(color='#CC79A7', marker='^'),
}


def plot_tables(tables: Sequence, path: Path) -> str:
    """Draw tables one below the other.

    Each row has its name, its figures as dots between 0 and 100 % with bars
    of one deviation, and in the paper's tables ours as text.
    """
    tables = [table for table in tables if any(table.points)]
    heights = [len(table.cells) + 3 for table in tables]
    figure = new_figure(11, ROW * sum(heights))
    every = figure.subplots(len(tables), height_ratios=heights, squeeze=False)
    for axes, table in zip(every[:, 0], tables):
        rows = range(len(table.cells))
        axes.set_title(table.title, loc='left', weight='bold', fontsize=11)
        axes.set_xlim(0, 100)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_yticks(rows, table.cells[''].str[:56], fontsize=8)
        polish(axes)
        for kind, style in STYLES.items():
            found = [
                (r, *table.points[r][kind])
                for r in rows
                if kind in table.points[r]
            ]
            if found:
                places, values, spreads = zip(*found)
                axes.errorbar(
                    values, places, xerr=spreads, ls='', label=kind, **style
                )
        axes.legend(
            loc='lower right',
            bbox_to_anchor=(1, 1),
            ncols=4,
            frameon=False,
        )
        if 'ours' in table.cells:
            right = axes.secondary_yaxis('right')
            right.set_yticks(rows, table.cells['ours'], fontsize=8)
            right.tick_params(length=0)
            right.spines[:].set_visible(False)
    return save(figure, path)
