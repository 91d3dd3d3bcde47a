"""Retrieval sheets: the seconds of the other modality nearest to a query."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from scipy.stats import rankdata

from .figures import COLOURS, QUIET, new_figure, strip

RIGHT, SAME, OTHER = COLOURS['positive'], COLOURS['easy'], '#cccccc'
PICTURES = 3  # of a second
# Inches. Placed by hand: a layout engine takes seconds for so many axes.
_WIDE, _STRIP, _MEL = 1.8, 0.58, 0.58
_HEAD, _FOOT, _GAP, _TITLE, _EDGE = 0.24, 0.22, 0.12, 0.62, 0.08


def draw_retrieval(
    seconds: Sequence,
    distances: np.ndarray,
    queries: Sequence[int],
    by: str = 'picture',
    count: int = 5,
) -> Figure:
    """Draw queries, and what is nearest to each in the other modality.

    A row for each query: what was asked with, then the nearest seconds in
    order. Of these only the modality that was searched was looked at; the
    other half is shown, paler, for people. Green frames the query's own
    second, blue another of the same film.

    Args:
        seconds (Sequence[EmbeddedClip]): ``N`` of them; their ``frames``,
            ``log_mel`` and ``name`` are shown.
        distances (np.ndarray): ``(N, N)``: of picture ``i`` to sound ``j``.
        queries (Sequence[int]): Which seconds are asked for.
        by (str): ``'picture'`` to look for sounds, ``'sound'`` to look for
            pictures. Defaults to ``'picture'``.
        count (int): Nearest shown. Defaults to 5.
    """
    number = len(seconds)
    if by == 'sound':
        distances = distances.T
    ranks = np.diag(rankdata(distances, axis=1))  # of what belongs together
    count = min(count, number)
    other = 'sound' if by == 'picture' else 'picture'
    cell = _HEAD + _STRIP + _MEL + _FOOT
    width = (_WIDE + _GAP) * (count + 1) + _GAP + _EDGE
    height = cell * len(queries) + _TITLE
    figure = new_figure(width, height, layout='none')

    def place(row, column):
        # What was found stands a little apart from what was asked with.
        left = _EDGE + (_WIDE + _GAP) * column + (_GAP if column else 0)
        bottom = height - _TITLE - cell * (row + 1) + _FOOT
        strip = left / width, (bottom + _MEL) / height
        mel = left / width, bottom / height
        return [
            figure.add_axes((*corner, _WIDE / width, tall / height))
            for corner, tall in ((strip, _STRIP), (mel, _MEL))
        ]

    for row, query in enumerate(queries):
        order = np.argsort(distances[query], kind='stable')
        asked, own = seconds[query], f'{ranks[query]:g} of {number}'
        texts = f'asked with this {by}', f'its own {other}: {own}'
        _draw(place(row, 0), asked, *texts, by, '#222222')
        for column, found in enumerate(order[:count], 1):
            shown = seconds[found]
            colour, word = OTHER, shown.name
            if shown.name == asked.name:
                colour, word = SAME, 'same film'
            if found == query:
                colour, word = RIGHT, 'its own'
            distance = f'distance {distances[query, found]:.2f}'
            texts = f'{column}.  {word}', distance
            _draw(place(row, column), shown, *texts, other, colour)
    first, luck, within, good_luck = (
        f'{100 * share:.0f} %'
        for share in (
            (ranks <= 1).mean(),
            1 / number,
            (ranks <= count).mean(),
            count / number,
        )
    )
    figure.suptitle(
        f'Asked with a {by}: the nearest of {number} {other}s\n'
        f'Its own {other} is the first in {first} (chance {luck}) and among '
        f'the first {count} in {within} (chance {good_luck}).',
        x=_EDGE / width,
        y=1 - 0.08 / height,
        ha='left',
        va='top',
        fontsize=10,
    )
    return figure


def _draw(both, second, head: str, foot: str, strong: str, colour) -> None:
    """Pictures above the log-mel of a second, framed."""
    above, below = both
    dim = 0.35
    above.imshow(
        strip(second.frames, PICTURES, 1),
        aspect='auto',
        alpha=1.0 if strong == 'picture' else dim,
    )
    below.imshow(
        second.log_mel,
        origin='lower',
        aspect='auto',
        cmap='magma',
        alpha=1.0 if strong == 'sound' else dim,
    )
    plain = colour == OTHER
    tint = QUIET if plain else colour
    above.set_title(head, fontsize=8, loc='left', pad=3, color=tint)
    below.set_xlabel(foot, fontsize=7, color=QUIET, loc='left', labelpad=1)
    for axes in (above, below):
        axes.set_xticks([])
        axes.set_yticks([])
        axes.spines[:].set_color(colour)
        axes.spines[:].set_linewidth(1 if plain else 2.2)
    above.spines['bottom'].set_visible(False)
    below.spines['top'].set_visible(False)
