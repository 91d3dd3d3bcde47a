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
    figure = new_figure(1.9 * (count + 1) + 0.3, 1.45 * len(queries) + 0.75)
    figure.get_layout_engine().set(h_pad=0.02, w_pad=0.02, hspace=0.01)
    outer = figure.add_gridspec(
        len(queries),
        count + 2,
        width_ratios=[1, 0.05] + [1] * count,
        wspace=0.02,
        hspace=0.02,
    )
    for row, query in enumerate(queries):
        order = np.argsort(distances[query], kind='stable')
        rank = rank_of(distances, query)
        _draw(
            figure,
            outer[row, 0],
            seconds[query],
            f'asked with this {by}',
            f'its own {other}: {rank} of {number}',
            by,
            '#222222',
        )
        for place, found in enumerate(order[:count]):
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
                figure,
                outer[row, place + 2],
                seconds[found],
                f'{place + 1}.  {word}',
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
        x=0.012,
        ha='left',
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
    figure, place, second: Second, head: str, foot: str, strong: str, colour
) -> None:
    """Pictures above the log-mel of a second, framed."""
    inner = place.subgridspec(2, 1, hspace=0.02, height_ratios=[1, 0.9])
    middles = (np.arange(PICTURES) + 0.5) / PICTURES
    shown = second.frames[(middles * len(second.frames)).astype(int)]
    above = figure.add_subplot(inner[0])
    above.imshow(
        np.concatenate(list(shown), axis=1),
        aspect='auto',
        alpha=1.0 if strong == 'picture' else 0.35,
    )
    below = figure.add_subplot(inner[1])
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
