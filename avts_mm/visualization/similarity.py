"""Every moment of the picture against every moment of the sound."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from .figures import COLOURS, QUIET, heading, look, new_figure, strip

Times = Sequence[float] | np.ndarray

NOTHING = '#cccccc'
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
    known = np.ma.masked_invalid(np.asarray(distances, np.float64))
    rows, columns = (known.mean(axis, keepdims=True) for axis in (1, 0))
    return (known - rows - columns + known.mean()).filled(np.nan)


def draw_similarity(
    distances: np.ndarray,
    rows: Times,
    columns: Times,
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
        rows (Sequence[float]): ``(Tv,)`` seconds of the picture.
        columns (Sequence[float]): ``(Ta,)`` seconds of the sound.
        title (str): Above it. Defaults to none.
        offset (float, optional): Seconds by which the sound is late, to be
            marked by a line.
        frames (np.ndarray, optional): ``(F, H, W, 3)`` uint8, evenly spaced
            over the rows' time, shown beside them.
        log_mel (np.ndarray, optional): ``(bands, M)``, evenly spaced over
            the columns' time, shown below them.
        unit (str): Of the times, which may also number clips. Defaults to
            'seconds'.

    Raises:
        ValueError: Shapes that do not fit.
    """
    distances = np.asarray(distances, np.float64)
    if distances.shape != (len(rows), len(columns)) or not distances.size:
        raise ValueError(
            f'distances {distances.shape} do not fit {len(rows)} moments of '
            f'the picture and {len(columns)} of the sound'
        )
    timed = unit == 'seconds'
    what = ('moment of the {}, ' if timed else '{}, ') + unit
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
    same = 'same moment' if timed else 'its own sound'
    dots = (0, (1, 4))
    axes.plot(ends, ends, color='#222222', lw=1, ls=dots, label=same)
    if offset is not None and abs(offset) > 1e-9:
        late = 'late' if offset > 0 else 'early'
        found = look(color=COLOURS['positive'], lw=1.6, ls=dots)
        found['label'] = f'sound {abs(offset):.2f} s {late}'
        axes.plot(ends + offset, ends, **found)
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
    above = look(loc='lower left', bbox_to_anchor=(0, 1))
    axes.legend(**above, ncols=3, frameon=False, fontsize=8)
    if frames is not None:
        beside = figure.add_subplot(grid[0, 0], sharey=axes)
        beside.imshow(
            strip(frames, COLUMNS, 0),
            extent=(0, 1, bottom, top),
            aspect='auto',
            interpolation='nearest',
        )
        beside.set_xticks([])
        beside.spines[:].set_visible(False)
        beside.set_ylabel(axes.get_ylabel())
        axes.set_ylabel('')
        axes.tick_params(axis='y', labelleft=False, length=0)
    if log_mel is not None:
        below = figure.add_subplot(grid[1, 1], sharex=axes)
        extent = (left, right, 0, 1)
        style = look(origin='lower', aspect='auto', cmap='magma')
        below.imshow(np.asarray(log_mel), extent=extent, **style)
        below.set_yticks([])
        below.set_ylabel('sound', fontsize=8, color=QUIET)
        below.spines[:].set_visible(False)
        below.set_xlabel(axes.get_xlabel())
        axes.set_xlabel('')
        axes.tick_params(axis='x', labelbottom=False, length=0)
    heading(figure, title)
    return figure


def _edges(times: Times) -> tuple[float, float]:
    """Where the first moment begins and the last ends."""
    half = (times[-1] - times[0]) / max(len(times) - 1, 1) / 2 or 0.5
    return float(times[0] - half), float(times[-1] + half)
