"""Pictures of the offset between the picture and the sound of a film."""

import os
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from .figures import COLOURS, new_figure, polish, save

CURVE, SYNC, FOUND = COLOURS['easy'], COLOURS['positive'], COLOURS['hard']
QUIET = '#666666'


def draw_offset_curve(
    estimate, title: str = '', tolerance: float = 0.08
) -> Figure:
    """Draw how well picture and sound fit at each shift.

    The verdict stands above the curve. The offset is marked where there is
    one; the band holds 90 % of the curves that other parts of the film could
    have given.

    Args:
        estimate (OffsetEstimate): What was found.
        title (str): Name of the film. Defaults to none.
        tolerance (float): Seconds that count as in sync. Defaults to 0.08.

    Returns:
        Figure: Not known to pyplot.
    """
    figure = new_figure(8, 4.2)
    axes = figure.add_subplot()
    shifts, curve = estimate.shifts, estimate.curve
    axes.set_xlim(shifts[0], shifts[-1])
    axes.axvspan(-tolerance, tolerance, color=SYNC, alpha=0.13, linewidth=0)
    axes.axvline(0, color=SYNC, linewidth=1)
    transform = axes.get_xaxis_transform()
    style: dict[str, Any] = dict(transform=transform, fontsize=8, va='top')
    axes.text(0, 0.99, ' in sync', color=SYNC, **style)
    known = np.isfinite(curve)
    if known.any():
        axes.fill_between(
            shifts,
            estimate.low,
            estimate.high,
            color=CURVE,
            alpha=0.2,
            linewidth=0,
            label='90 % of resampled films',
        )
        axes.plot(
            shifts, curve, color=CURVE, linewidth=1.8, label='mean distance'
        )
        axes.legend(loc='lower right', frameon=False, fontsize=8)
        _mark(axes, estimate)
        axes.set_yticks([0])
    else:
        axes.set_yticks([])
        axes.text(
            0.5,
            0.5,
            'nothing to compare',
            transform=axes.transAxes,
            ha='center',
            color=QUIET,
        )
    axes.set_ylabel('fits better   ←   distance   →   fits worse', fontsize=9)
    axes.set_xlabel('← sound early      offset in seconds      sound late →')
    polish(axes)
    _head(figure, estimate, title, tolerance)
    return figure


def _mark(axes, estimate) -> None:
    """Point at the minimum."""
    if estimate.offset is None:
        return
    nearest = np.abs(estimate.shifts - estimate.offset).argmin()
    depth = float(estimate.curve[nearest])
    if not np.isfinite(depth):
        return
    axes.plot(estimate.offset, depth, 'o', color=FOUND, markersize=8)
    # Away from the zone in sync, unless there is no room.
    first, last = estimate.shifts[0], estimate.shifts[-1]
    left = (estimate.offset - first) / (last - first)
    left = left > 0.8 or 0.2 < left < 0.5
    axes.annotate(
        f'{estimate.offset:+.2f} s',
        (estimate.offset, depth),
        xytext=(-12 if left else 12, 2),
        textcoords='offset points',
        ha='right' if left else 'left',
        va='center',
        color=FOUND,
        fontsize=12,
        fontweight='bold',
    )


def _head(figure, estimate, title: str, tolerance: float) -> None:
    """The verdict, and below it where it comes from."""
    verdict = estimate.describe(tolerance)
    colour = {True: SYNC, False: FOUND, None: QUIET}[
        estimate.in_sync(tolerance)
    ]
    notes = [title] if title else []
    # That of one offset for the whole film says nothing about a drift.
    if np.isfinite(estimate.curve).any() and estimate.drift is None:
        notes.append(f'confidence {100 * estimate.confidence:.0f} %')
    figure.suptitle(
        verdict,
        x=0.012,
        ha='left',
        fontsize=13 if len(verdict) < 70 else 10,
        fontweight='bold',
        color=colour,
    )
    figure.axes[0].set_title(
        ', '.join(notes), loc='left', fontsize=9, color=QUIET
    )


def plot_offset_curve(
    estimate,
    path: str | os.PathLike,
    title: str = '',
    tolerance: float = 0.08,
) -> str:
    """Write :func:`draw_offset_curve` to a file.

    Returns:
        str: ``path``.
    """
    return save(draw_offset_curve(estimate, title, tolerance), path)


def draw_drift(estimate, title: str = '', tolerance: float = 0.08) -> Figure:
    """Draw the offset of each part of a film over its time.

    Args:
        estimate (OffsetEstimate): With ``segments``; without, the one offset
            of the whole film is drawn.
        title (str): Name of the film. Defaults to none.
        tolerance (float): Seconds that count as in sync. Defaults to 0.08.

    Returns:
        Figure: Not known to pyplot.
    """
    figure = new_figure(8, 3.8)
    axes = figure.add_subplot()
    axes.axhspan(-tolerance, tolerance, color=SYNC, alpha=0.13, linewidth=0)
    axes.axhline(0, color=SYNC, linewidth=1)
    known = [s for s in estimate.segments if s[2] is not None]
    unknown = [s for s in estimate.segments if s[2] is None]
    for number, (begin, end, offset, confidence) in enumerate(known):
        axes.hlines(
            offset,
            begin,
            end,
            color=FOUND,
            linewidth=4,
            alpha=0.25 + 0.75 * confidence,
            label='part of the film' if not number else '',
        )
    for number, (begin, end, _, _) in enumerate(unknown):
        axes.axvspan(
            begin,
            end,
            color='#999999',
            alpha=0.2,
            linewidth=0,
            label='cannot tell' if not number else None,
        )
    if estimate.segments:
        axes.set_xlim(0, max(s[1] for s in estimate.segments))
        axes.set_xlabel('time in the film, seconds')
    else:
        axes.set_xticks([])
        axes.set_xlabel('the whole film')
    if known and estimate.drift is not None:
        middles = np.array([(s[0] + s[1]) / 2 for s in known])
        offsets = np.array([s[2] for s in known])
        ends = np.array(axes.get_xlim())
        start = np.median(offsets - estimate.drift * middles)
        axes.plot(
            ends,
            start + estimate.drift * ends,
            color='#222222',
            linewidth=1,
            linestyle='--',
            label=f'drift, {estimate.drift * 60:+.3f} s a minute',
        )
    elif estimate.offset is not None:
        axes.axhline(
            estimate.offset,
            color='#222222',
            linewidth=1,
            linestyle='--',
            label=f'whole film, {estimate.offset:+.2f} s',
        )
    reach = [abs(value) for value in axes.get_ylim()] + [3 * tolerance]
    axes.set_ylim(-max(reach), max(reach))
    axes.set_ylabel('sound early   ←   s   →   sound late', fontsize=9)
    polish(axes)
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        figure.legend(
            handles,
            labels,
            loc='outside lower center',
            ncols=3,
            frameon=False,
            fontsize=8,
        )
    _head(figure, estimate, title, tolerance)
    return figure


def plot_drift(
    estimate,
    path: str | os.PathLike,
    title: str = '',
    tolerance: float = 0.08,
) -> str:
    """Write :func:`draw_drift` to a file.

    Returns:
        str: ``path``.
    """
    return save(draw_drift(estimate, title, tolerance), path)
