"""The tables of the report as a picture: text, and dots on a scale."""

from collections.abc import Sequence
from pathlib import Path

from avts_mm.visualization.figures import COLOURS, new_figure

# Inches.
ROW, HEAD = 0.26, 0.95
NAME, DOTS = 4.0, 3.6
LETTER = 0.075  # of 9 points, on average
LIMIT = 46  # letters of a cell
GREY = '#555555'
STYLES = {
    'paper': dict(color='#444444', marker='D', markerfacecolor='white'),
    'ours': dict(color='#009E73', marker='o'),
    'accuracy': dict(color='#009E73', marker='o'),
    'easy/auc': dict(color=COLOURS['easy'], marker='o'),
    'hard/auc': dict(color=COLOURS['hard'], marker='s'),
    'within_video': dict(color=COLOURS['within_video'], marker='|'),
}


def plot_tables(tables: Sequence, path: Path) -> str:
    """Draw tables one below the other.

    Each row has its name, its figures as dots between 0 and 100 % with bars
    of one deviation, and its other texts but the command.

    Args:
        tables (Sequence[Table]): The report's.
        path (Path): Where the picture is written.

    Returns:
        str: The path.
    """
    width = NAME + DOTS
    top = height = sum(HEAD + ROW * (len(t.cells) + 1) for t in tables)
    figure = new_figure(width, height)
    figure.set_layout_engine('none')
    for table in tables:
        depth = ROW * len(table.cells)
        bottom = top - HEAD - depth
        place = NAME / width, bottom / height, DOTS / width, depth / height
        _draw(figure.add_axes(place), table)
        top = bottom - ROW
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, bbox_inches='tight')  # texts reach beyond
    return str(path)


def _draw(axes, table) -> None:
    """One line of dots for each row, the first on top, and texts beside."""
    axes.set_ylim(len(table.cells), 0)
    axes.set_xlim(0, 102)
    axes.spines[:].set_visible(False)
    axes.set_yticks([])
    axes.tick_params(length=0, labelsize=8, labeltop=True, labelbottom=False)
    axes.grid(True, axis='x', color='#e3e3e3', linewidth=0.8)
    for kind, style in STYLES.items():
        found = [
            (y, *p[kind]) for y, p in enumerate(table.points) if kind in p
        ]
        if found:
            rows, values, spreads = zip(*found)
            places = [row + 0.5 for row in rows]
            axes.errorbar(
                values, places, xerr=spreads, ls='', label=kind, **style
            )
    if axes.containers:
        corner = 1, 1 + 0.3 / (ROW * len(table.cells))
        axes.legend(
            loc='lower right',
            bbox_to_anchor=corner,
            ncols=4,
            frameon=False,
            fontsize=8,
        )
    else:
        axes.set_axis_off()

    def write(inches: float, row: float, text: str, size=9, **style) -> None:
        axes.annotate(
            text,
            (0, row),
            (72 * inches, 0),
            xycoords=('axes fraction', 'data'),
            textcoords='offset points',
            va='center',
            fontsize=size,
            **style,
        )

    left, x = 0.2 - NAME, DOTS + 0.2
    write(left, -2.8, table.title, 12, weight='bold')
    write(left, -1.8, table.note, color=GREY)
    for column, texts in table.cells.drop(
        columns='command', errors='ignore'
    ).items():
        begin = x if column else left
        write(begin, -0.6, column, color=GREY)
        for row, text in enumerate(texts):
            colour = '#999999' if text in ('not run', '–') else 'black'
            text = text if len(text) <= LIMIT else text[: LIMIT - 1] + '…'
            write(begin, row + 0.5, text, color=colour)
        if column:
            longest = max(map(len, [*texts, column]))
            x += min(longest, LIMIT) * LETTER + 0.2
