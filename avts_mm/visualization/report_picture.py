"""Tables of figures as a picture: text, and dots on a scale."""

import os
from collections.abc import Sequence

from matplotlib.container import ErrorbarContainer

from .figures import COLOURS, new_figure, save

# Inches.
_ROW = 0.26
_HEAD = 0.95  # title, note and headings of a table
_NAME = 4.0
_DOTS = 3.6
_LETTER = 0.073  # of 9 points, on average
_LIMIT = 46  # letters of a cell
_EDGE = 0.25
_STYLES = {
    'paper': dict(
        color='#444444',
        marker='D',
        markerfacecolor='white',
        markersize=5,
        label='paper',
    ),
    'ours': dict(color='#009E73', marker='o', markersize=6, label='ours'),
    'easy': dict(
        color=COLOURS['easy'], marker='o', markersize=5, label='easy, AUC'
    ),
    'hard': dict(
        color=COLOURS['hard'], marker='s', markersize=5, label='hard, AUC'
    ),
    'within_video': dict(
        color=COLOURS['within_video'],
        marker='|',
        markersize=9,
        markeredgewidth=2,
        label='within video',
    ),
}


def plot_tables(tables: Sequence, path: str | os.PathLike) -> str:
    """Draw tables one below the other.

    Each row has its name, its figures as dots between 0 and 100 % with bars
    of one deviation, and the text of some columns.

    Args:
        tables (Sequence): With ``title``, ``note``, ``columns``, ``rows`` and
            ``drawn`` as the report's tables have them
            (:class:`avts_mm.evaluation.report.Table`).
        path (str): Where the picture is written.

    Returns:
        str: The path.
    """
    tables = [table for table in tables if table.rows]
    places = [_places(table) for table in tables]
    width = max((ends[-1] for ends in places), default=_NAME) + _EDGE
    height = _EDGE + sum(_HEAD + _ROW * (len(t.rows) + 1) for t in tables)
    figure = new_figure(width, height)
    figure.set_layout_engine('none')
    top = height
    for table, starts in zip(tables, places):
        top -= _HEAD
        depth = _ROW * len(table.rows)
        left = (_EDGE + _NAME) / width
        axes = figure.add_axes(
            (left, (top - depth) / height, _DOTS / width, depth / height)
        )
        _draw_dots(axes, table.rows)

        def write(x, inches, text, figure=figure, **style):
            figure.text(x / width, inches / height, text, va='center', **style)

        write(_EDGE, top + 0.68, table.title, fontsize=12, weight='bold')
        write(_EDGE, top + 0.44, table.note, fontsize=9, color='#555555')
        for x, column in zip(starts, table.drawn):
            title = table.columns[column]
            write(x, top + 0.14, title, fontsize=9, color='#555555')
        for number, row in enumerate(table.rows):
            y = top - (number + 0.5) * _ROW
            write(_EDGE, y, _short(row.cells[0], 56), fontsize=9)
            for x, column in zip(starts, table.drawn):
                text = row.cells[column]
                empty = text in ('not run', '–')
                write(
                    x,
                    y,
                    _short(text, _LIMIT),
                    fontsize=9,
                    color='#999999' if empty else 'black',
                )
        top -= depth + _ROW
    return save(figure, path)


def _has_dots(rows: Sequence) -> bool:
    return any(row.points for row in rows)


def _places(table) -> list[float]:
    """Where its drawn columns begin, in inches, and where the last ends."""
    ends = [_EDGE + _NAME]
    if _has_dots(table.rows):
        ends[0] += _DOTS + 0.15
    for column in table.drawn:
        texts = [row.cells[column] for row in table.rows]
        longest = max(map(len, [*texts, table.columns[column]]))
        ends.append(ends[-1] + min(longest, _LIMIT) * _LETTER + 0.3)
    return ends


def _short(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + '…'


def _draw_dots(axes, rows: Sequence) -> None:
    """One line of dots for each row, the first on top."""
    axes.set_ylim(len(rows), 0)
    axes.spines[:].set_visible(False)
    axes.set_yticks([])
    if not _has_dots(rows):
        axes.set_axis_off()
        return
    lowest = min(
        point.value - point.spread for row in rows for point in row.points
    )
    axes.set_xlim(min(40, 10 * ((lowest - 2) // 10)), 102)
    axes.tick_params(
        labelsize=8,
        labeltop=True,
        labelbottom=False,
        length=0,
        colors='#555555',
    )
    axes.grid(True, axis='x', color='#e3e3e3', linewidth=0.8)
    axes.set_axisbelow(True)
    seen: dict[str, ErrorbarContainer] = {}
    for number, row in enumerate(rows):
        axes.axhline(number + 1, color='#f0f0f0', linewidth=0.8)
        for point in row.points:
            bars = axes.errorbar(
                point.value,
                number + 0.5,
                xerr=point.spread or None,
                linestyle='none',
                elinewidth=1.2,
                **_STYLES[point.kind],
            )
            seen.setdefault(point.kind, bars)
    axes.legend(
        handles=list(seen.values()),
        loc='lower right',
        bbox_to_anchor=(1, 1 + 0.3 / (_ROW * len(rows))),
        ncols=len(seen),
        frameon=False,
        fontsize=8,
        handletextpad=0.1,
        columnspacing=0.8,
        borderpad=0,
    )
