"""Pictures of the offset between the picture and the sound of a film."""

import re
from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from .figures import (
    COLOURS,
    QUIET,
    heading,
    legend_below,
    look,
    new_figure,
    polish,
)

CURVE, SYNC, FOUND = COLOURS['easy'], COLOURS['positive'], COLOURS['hard']
TOLERANCE = 0.08  # seconds that count as in sync
MEASURES = {'frame': 'within a frame', 'fifth': 'within 0.2 s'}
_KEY = re.compile(r'offset/([\d.]+)s/((?:baseline/|chance/)?)(\w+)$')


def draw_offset_curve(estimate, title: str = '') -> Figure:
    """Draw how well picture and sound fit at each shift.

    The verdict stands above the curve. The offset is marked where there is
    one; the band holds 90 % of the curves that other parts of the film could
    have given.

    Args:
        estimate (OffsetEstimate): What was found.
        title (str): Name of the film. Defaults to none.
    """
    figure = new_figure(8, 4.2)
    axes = figure.add_subplot()
    shifts, curve = estimate.shifts, estimate.curve
    axes.set_xlim(shifts[0], shifts[-1])
    axes.axvspan(-TOLERANCE, TOLERANCE, color=SYNC, alpha=0.13, linewidth=0)
    axes.axvline(0, color=SYNC, linewidth=1)
    edge = look(transform=axes.get_xaxis_transform(), va='top')
    axes.text(0, 0.99, ' in sync', color=SYNC, fontsize=8, **edge)
    if np.isfinite(curve).any():
        band = look(color=CURVE, alpha=0.2, linewidth=0)
        band['label'] = '90 % of resampled films'
        axes.fill_between(shifts, estimate.low, estimate.high, **band)
        axes.plot(shifts, curve, color=CURVE, lw=1.8, label='mean distance')
        axes.legend(loc='lower right', frameon=False, fontsize=8)
        _mark(axes, estimate)
        axes.set_yticks([0])
    else:
        axes.set_yticks([])
        middle = look(transform=axes.transAxes, ha='center', color=QUIET)
        axes.text(0.5, 0.5, 'nothing to compare', **middle)
    axes.set_ylabel('fits better   ←   distance   →   fits worse', fontsize=9)
    axes.set_xlabel('← sound early      offset in seconds      sound late →')
    polish(axes)
    _head(figure, estimate, title)
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


def _head(figure, estimate, title: str) -> None:
    """The verdict, and below it where it comes from."""
    verdict = estimate.describe(TOLERANCE)
    colour = {True: SYNC, False: FOUND, None: QUIET}[
        estimate.in_sync(TOLERANCE)
    ]
    notes = [title] if title else []
    # That of one offset for the whole film says nothing about a drift.
    if np.isfinite(estimate.curve).any() and estimate.drift is None:
        notes.append(f'confidence {100 * estimate.confidence:.0f} %')
    size = 13 if len(verdict) < 70 else 10
    heading(figure, verdict, fontsize=size, color=colour)
    axes = figure.axes[0]
    axes.set_title(', '.join(notes), loc='left', fontsize=9, color=QUIET)


def draw_faces(faces, most: int = 6) -> Figure:
    """Draw who spoke, and when.

    Args:
        faces (Sequence[SeenFace]): Those of a film.
        most (int): Faces that are drawn, those who spoke most. Defaults to 6.
    """

    def spoken(face) -> float:
        return sum(end - begin for begin, end in face.spoke)

    faces = sorted(filter(spoken, faces), key=spoken)[-most:]
    faces.sort(key=lambda face: face.begin)
    figure = new_figure(8, 0.6 + 1.1 * len(faces))
    grid = figure.add_gridspec(len(faces), 2, width_ratios=(1, 6))
    end = max(face.end for face in faces)
    for row, face in enumerate(faces):
        portrait = figure.add_subplot(grid[row, 0])
        portrait.imshow(face.portrait)
        portrait.set_axis_off()
        axes = figure.add_subplot(grid[row, 1])
        seen = face.begin, face.end - face.begin
        axes.broken_barh([seen], (0.3, 0.4), color='#dddddd')
        spans = [(begin, last - begin) for begin, last in face.spoke]
        axes.broken_barh(spans, (0.2, 0.6), color=SYNC)
        axes.set_xlim(0, end)
        axes.set_ylim(0, 1)
        axes.set_yticks([])
        if row < len(faces) - 1:
            axes.set_xticklabels([])
        polish(axes)
    axes.set_xlabel('seconds of the film')
    heading(figure, 'Who spoke when (grey: seen)')
    return figure


def draw_drift(estimate, title: str = '') -> Figure:
    """Draw the offset of each part of a film over its time.

    Args:
        estimate (OffsetEstimate): With ``segments``; without, the one offset
            of the whole film is drawn.
        title (str): Name of the film. Defaults to none.
    """
    figure = new_figure(8, 3.8)
    axes = figure.add_subplot()
    axes.axhspan(-TOLERANCE, TOLERANCE, color=SYNC, alpha=0.13, linewidth=0)
    axes.axhline(0, color=SYNC, linewidth=1)
    known = [s for s in estimate.segments if s[2] is not None]
    unknown = [s for s in estimate.segments if s[2] is None]
    # The legend has one entry for all of a kind.
    names = iter(['part of the film'])
    for begin, end, offset, confidence in known:
        bar = look(lw=4, alpha=0.25 + 0.75 * confidence)
        bar['label'] = next(names, '')
        axes.hlines(offset, begin, end, color=FOUND, **bar)
    names = iter(['cannot tell'])
    for begin, end, _, _ in unknown:
        shade = look(color='#999999', alpha=0.2, lw=0)
        axes.axvspan(begin, end, label=next(names, None), **shade)
    if estimate.segments:
        axes.set_xlim(0, max(s[1] for s in estimate.segments))
        axes.set_xlabel('time in the film, seconds')
    else:
        axes.set_xticks([])
        axes.set_xlabel('the whole film')
    dashed = look(color='#222222', linewidth=1, linestyle='--')
    if known and estimate.drift is not None:
        middles = np.array([(s[0] + s[1]) / 2 for s in known])
        offsets = np.array([s[2] for s in known])
        ends = np.array(axes.get_xlim())
        start = np.median(offsets - estimate.drift * middles)
        dashed['label'] = f'drift, {estimate.drift * 60:+.3f} s a minute'
        axes.plot(ends, start + estimate.drift * ends, **dashed)
    elif estimate.offset is not None:
        dashed['label'] = f'whole film, {estimate.offset:+.2f} s'
        axes.axhline(estimate.offset, **dashed)
    reach = [abs(value) for value in axes.get_ylim()] + [3 * TOLERANCE]
    axes.set_ylim(-max(reach), max(reach))
    axes.set_ylabel('sound early   ←   s   →   sound late', fontsize=9)
    polish(axes)
    legend_below(figure, axes, 3, 8)
    _head(figure, estimate, title)
    return figure


def draw_offset_lengths(results: Mapping[str, Mapping[str, float]]) -> Figure:
    """Draw the accuracy of offsets against the length of what is judged.

    Args:
        results (dict[str, dict]): Name of a model to what `OffsetMetric`
            measured, as ``tools/test.py --json`` writes it. Baseline and
            chance are those of the first.

    Raises:
        ValueError: There is no such metric in one of them.
    """
    curves: dict[str, tuple[dict, dict]] = {}
    colours = iter(list(COLOURS.values()) * len(results))
    for name, metrics in results.items():
        found = _by_length(metrics)
        if not found:
            raise ValueError(
                f'{name}: holds no metric of offsets; make it by '
                'tools/test.py --json of a config with OffsetTestLoop'
            )
        style = look(color=next(colours), lw=2, marker='o', ms=4)
        curves[name] = (found[''], style)
        for other, dashes in (('baseline', '--'), ('chance', ':')):
            if other not in curves:
                style = look(color='#777777', lw=1.3, ls=dashes)
                curves[other] = found[f'{other}/'], style
    figure = new_figure(9, 3.4)
    panels = figure.subplots(1, len(MEASURES), sharey=True)
    for axes, (measure, title) in zip(panels, MEASURES.items()):
        for name, (lengths, style) in curves.items():
            seconds = sorted(lengths)
            shares = [lengths[s][measure] for s in seconds]
            axes.plot(seconds, shares, label=name, **style)
        axes.set_title(title, fontsize=10)
        axes.set_xlabel('length of the excerpt, seconds')
        axes.set_ylim(-0.02, 1.04)
        polish(axes)
    panels[0].set_ylabel('share of excerpts')
    panels[0].legend(frameon=False, fontsize=9)
    return figure


def _by_length(metrics: Mapping[str, float]) -> dict:
    """Whose, to seconds, to measure, to value."""
    found: dict[str, dict[float, dict[str, float]]] = {}
    for key, value in metrics.items():
        if match := _KEY.match(key):
            seconds, whose, measure = match.groups()
            lengths = found.setdefault(whose, {})
            lengths.setdefault(float(seconds), {})[measure] = value
    return found
