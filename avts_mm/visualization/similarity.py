"""Every moment of the picture against every moment of the sound."""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from .figures import COLOURS, new_figure, save

Times = Sequence[float] | np.ndarray

QUIET, NOTHING = '#666666', '#cccccc'
COLUMNS = 8  # pictures beside the matrix


def double_centred(distances: np.ndarray) -> np.ndarray:
    """Distances less the means of their row and of their column.

    Some moments are far from everything; what is left tells which of them
    belong together. NaN takes no part.

    Args:
        distances (np.ndarray): ``(Tv, Ta)``.

    Returns:
        np.ndarray: ``(Tv, Ta)``, of mean zero.
    """
    distances = np.asarray(distances, np.float64)
    known = np.isfinite(distances)
    values = np.where(known, distances, 0.0)

    def mean(axis):
        count = np.maximum(known.sum(axis, keepdims=True), 1)
        return values.sum(axis, keepdims=True) / count

    return distances - mean(1) - mean(0) + mean(None)


def draw_similarity(
    distances: np.ndarray,
    times: Times | tuple[Times, Times],
    title: str = '',
    offset: float | None = None,
    frames: np.ndarray | None = None,
    log_mel: np.ndarray | None = None,
    unit: str = 'seconds',
) -> Figure:
    """Draw a matrix of picture time by sound time.

    Dark is near. In a film in sync the diagonal is dark; sound that is late
    moves it to the right.

    Args:
        distances (np.ndarray): ``(Tv, Ta)``; NaN stays grey.
        times (Sequence[float]): ``(T,)`` seconds of the rows and columns, or
            one sequence for each of the two.
        title (str): Above it. Defaults to none.
        offset (float, optional): Seconds by which the sound is late, to be
            marked by a line.
        frames (np.ndarray, optional): ``(F, H, W, 3)`` uint8, evenly spaced
            over the rows' time, shown beside them.
        log_mel (np.ndarray, optional): ``(bands, M)``, evenly spaced over
            the columns' time, shown below them.
        unit (str): Of ``times``, which may also number clips. Defaults to
            'seconds'.

    Returns:
        Figure: Not known to pyplot.

    Raises:
        ValueError: Shapes that do not fit.
    """
    distances = np.asarray(distances, np.float64)
    rows, columns = _pair(times)
    timed = unit == 'seconds'
    what = ('moment of the {}, ' if timed else '{}, ') + unit
    if distances.shape != (len(rows), len(columns)) or not distances.size:
        raise ValueError(
            f'distances {distances.shape} do not fit {len(rows)} moments of '
            f'the picture and {len(columns)} of the sound'
        )
    shown = double_centred(distances)
    known = np.abs(shown[np.isfinite(shown)])
    limit = float(np.quantile(known, 0.995)) if len(known) else 0.0
    limit = limit or 1.0
    figure = new_figure(6.6, 6.2)
    wide = [0.14 if frames is not None else 0.001, 1]
    high = [1, 0.16 if log_mel is not None else 0.001]
    grid = figure.add_gridspec(2, 2, width_ratios=wide, height_ratios=high)
    axes = figure.add_subplot(grid[0, 1])
    left, right = _edges(columns)
    top, bottom = _edges(rows)
    image = axes.imshow(
        shown,
        extent=(left, right, bottom, top),
        cmap='PuOr',
        vmin=-limit,
        vmax=limit,
        interpolation='nearest',
        aspect='auto',
    )
    ends = np.array([min(left, top), max(right, bottom)])
    line: dict[str, Any] = dict(linewidth=1, linestyle=(0, (1, 4)))
    axes.plot(
        ends,
        ends,
        color='#222222',
        label='same moment' if timed else 'its own sound',
        **line,
    )
    if offset is not None and abs(offset) > 1e-9:
        axes.plot(
            ends + offset,
            ends,
            color=COLOURS['positive'],
            label=f'sound {abs(offset):.2f} s '
            + ('late' if offset > 0 else 'early'),
            **{**line, 'linewidth': 1.6},
        )
    if not np.isfinite(shown).all():
        axes.set_facecolor(NOTHING)
        axes.fill([], [], color=NOTHING, label='no motion or no sound')
    axes.set_xlim(left, right)
    axes.set_ylim(bottom, top)
    axes.set_xlabel(what.format('sound'))
    axes.set_ylabel(what.format('picture'))
    axes.spines[:].set_visible(False)
    bar = figure.colorbar(image, ax=axes, shrink=0.8, pad=0.02)
    bar.set_ticks([-limit, 0, limit], labels=['near', 'as usual', 'far apart'])
    bar.outline.set_visible(False)
    axes.legend(
        loc='lower left',
        bbox_to_anchor=(0, 1),
        ncols=3,
        frameon=False,
        fontsize=8,
    )
    if frames is not None:
        _beside(
            figure.add_subplot(grid[0, 0], sharey=axes), frames, top, bottom
        )
        axes.set_ylabel('')
        axes.tick_params(axis='y', labelleft=False, length=0)
        figure.axes[-1].set_ylabel(what.format('picture'))
    if log_mel is not None:
        below = figure.add_subplot(grid[1, 1], sharex=axes)
        below.imshow(
            np.asarray(log_mel),
            origin='lower',
            extent=(left, right, 0, 1),
            aspect='auto',
            cmap='magma',
        )
        below.set_yticks([])
        below.set_ylabel('sound', fontsize=8, color=QUIET)
        below.spines[:].set_visible(False)
        axes.set_xlabel('')
        axes.tick_params(axis='x', labelbottom=False, length=0)
        below.set_xlabel(what.format('sound'))
    figure.suptitle(title, x=0.012, ha='left', fontsize=11, fontweight='bold')
    return figure


def _beside(axes, frames: np.ndarray, top: float, bottom: float) -> None:
    """A column of pictures, each at its time."""
    frames = np.asarray(frames)
    count = min(COLUMNS, len(frames))
    middles = (np.arange(count) + 0.5) / count
    shown = frames[(middles * len(frames)).astype(int)]
    axes.imshow(
        np.concatenate(list(shown), axis=0),
        extent=(0, 1, bottom, top),
        aspect='auto',
        interpolation='nearest',
    )
    axes.set_xticks([])
    axes.spines[:].set_visible(False)


def _pair(times) -> tuple[np.ndarray, np.ndarray]:
    if isinstance(times, tuple) and len(times) == 2 and np.ndim(times[0]):
        rows, columns = times
    else:
        rows = columns = times
    return np.asarray(rows, np.float64), np.asarray(columns, np.float64)


def _edges(times: np.ndarray) -> tuple[float, float]:
    """Where the first moment begins and the last ends."""
    half = (times[-1] - times[0]) / max(len(times) - 1, 1) / 2 or 0.5
    return float(times[0] - half), float(times[-1] + half)


def plot_similarity(
    distances: np.ndarray,
    times: Times | tuple[Times, Times],
    path: str | os.PathLike,
    **kwargs,
) -> str:
    """Write :func:`draw_similarity` to a file.

    Returns:
        str: ``path``.
    """
    return save(draw_similarity(distances, times, **kwargs), path)
