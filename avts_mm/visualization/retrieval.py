"""Retrieval sheets: the seconds of the other modality nearest to a query."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from .figures import COLOURS, new_figure, save

RIGHT, SAME = COLOURS['positive'], COLOURS['easy']
QUIET = '#666666'
PICTURES = 3  # of a second
# Inches. Placed by hand: a layout engine takes seconds for so many axes.
_WIDE, _STRIP, _MEL = 1.8, 0.58, 0.58
_HEAD, _FOOT, _GAP, _TITLE, _EDGE = 0.24, 0.22, 0.12, 0.62, 0.08


@dataclass
class Second:
    """A short stretch of a film.

    Attributes:
        frames (np.ndarray): ``(T, H, W, 3)`` uint8, RGB.
        log_mel (np.ndarray): ``(bands, M)``.
        name (str): The film.
        start (float): Where it begins, seconds.
    """

    frames: np.ndarray
    log_mel: np.ndarray
    name: str
    start: float


def draw_retrieval(
    seconds: Sequence[Second],
    distances: np.ndarray,
    queries: Sequence[int],
    by: str = 'picture',
    count: int = 5,
    title: str = '',
) -> Figure:
    """Draw queries, and what is nearest to each in the other modality.

    A row for each query: what was asked with, then the nearest seconds in
    order. Of these only the modality that was searched was looked at; the
    other half is shown, paler, for people. Green frames the query's own
    second, blue another of the same film.

    Args:
        seconds (Sequence[Second]): ``N`` of them.
        distances (np.ndarray): ``(N, N)``: of picture ``i`` to sound ``j``.
        queries (Sequence[int]): Which seconds are asked for.
        by (str): ``'picture'`` to look for sounds, ``'sound'`` to look for
            pictures. Defaults to ``'picture'``.
        count (int): Nearest shown. Defaults to 5.
        title (str): Defaults to what is looked for.

    Returns:
        Figure: Not known to pyplot.

    Raises:
        ValueError: Shapes that do not fit, or another ``by``.
    """
    distances = np.asarray(distances, np.float64)
    number = len(seconds)
    if distances.shape != (number, number) or not number:
        raise ValueError(
            f'distances {distances.shape} do not fit {number} seconds'
        )
    if by not in ('picture', 'sound'):
        raise ValueError(f"by must be 'picture' or 'sound', not {by!r}")
    if by == 'sound':
        distances = distances.T
    count = min(count, number)
    other = 'sound' if by == 'picture' else 'picture'
    cell = _HEAD + _STRIP + _MEL + _FOOT
    width = (_WIDE + _GAP) * (count + 1) + _GAP + _EDGE
    height = cell * len(queries) + _TITLE
    figure = new_figure(width, height)
    figure.set_layout_engine('none')

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
        rank = rank_of(distances, query)
        _draw(
            place(row, 0),
            seconds[query],
            f'asked with this {by}',
            f'its own {other}: {rank} of {number}',
            by,
            '#222222',
        )
        for rank_found, found in enumerate(order[:count]):
            same = seconds[found].name == seconds[query].name
            colour = RIGHT if found == query else SAME if same else '#cccccc'
            word = (
                'its own'
                if found == query
                else 'same film'
                if same
                else seconds[found].name
            )
            _draw(
                place(row, rank_found + 1),
                seconds[found],
                f'{rank_found + 1}.  {word}',
                f'distance {distances[query, found]:.2f}',
                other,
                colour,
            )
    found = [rank_of(distances, query) for query in range(number)]
    first = sum(rank <= 1 for rank in found) / number
    within = sum(rank <= count for rank in found) / number
    figure.suptitle(
        (title or f'Asked with a {by}: the nearest of {number} {other}s')
        + f'\nIts own {other} is the first in {_percent(first)} (chance '
        f'{_percent(1 / number)}) and among the first {count} in '
        f'{_percent(within)} (chance {_percent(count / number)}).',
        x=_EDGE / width,
        y=1 - 0.08 / height,
        ha='left',
        va='top',
        fontsize=10,
    )
    return figure


def _percent(share: float) -> str:
    return f'{100 * share:.0f} %'


def rank_of(distances: np.ndarray, query: int) -> float:
    """From 1, where a query's own second stands; ties in the middle."""
    row = distances[query]
    nearer = int((row < row[query]).sum())
    tied = int((row == row[query]).sum()) - 1
    rank = 1 + nearer + tied / 2
    return int(rank) if rank == int(rank) else rank


def _draw(
    both, second: Second, head: str, foot: str, strong: str, colour
) -> None:
    """Pictures above the log-mel of a second, framed."""
    above, below = both
    middles = (np.arange(PICTURES) + 0.5) / PICTURES
    shown = second.frames[(middles * len(second.frames)).astype(int)]
    above.imshow(
        np.concatenate(list(shown), axis=1),
        aspect='auto',
        alpha=1.0 if strong == 'picture' else 0.35,
    )
    below.imshow(
        second.log_mel,
        origin='lower',
        aspect='auto',
        cmap='magma',
        alpha=1.0 if strong == 'sound' else 0.35,
    )
    above.set_title(
        head,
        fontsize=8,
        loc='left',
        pad=3,
        color=colour if colour != '#cccccc' else QUIET,
    )
    below.set_xlabel(foot, fontsize=7, color=QUIET, loc='left', labelpad=1)
    for axes in (above, below):
        axes.set_xticks([])
        axes.set_yticks([])
        axes.spines[:].set_color(colour)
        axes.spines[:].set_linewidth(2.2 if colour != '#cccccc' else 1)
    above.spines['bottom'].set_visible(False)
    below.spines['top'].set_visible(False)


def plot_retrieval(
    seconds: Sequence[Second],
    distances: np.ndarray,
    queries: Sequence[int],
    path: str | os.PathLike,
    **kwargs,
) -> str:
    """Write :func:`draw_retrieval` to a file.

    Returns:
        str: ``path``.
    """
    return save(draw_retrieval(seconds, distances, queries, **kwargs), path)
