"""A sheet per pair: pictures above the sound that is paired with them."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from .figures import COLOURS, QUIET, look, new_figure, strip

TITLES = {
    'positive': 'In sync',
    'easy': 'Easy negative: sound of another video',
    'hard': 'Hard negative: sound of another moment',
    'super_hard': 'Super-hard negative: sound of an overlapping moment',
}
COLUMNS = 13  # frames shown at most
_WIDTH = 12.0  # inches, as all lengths here
_MARGIN = 0.75  # left and right of the panels
_TITLE, _WAVE, _MEL, _GAP, _FOOT = 0.95, 1.0, 1.5, 0.12, 0.55
_HERTZ = (250, 500, 1000, 2000, 4000, 8000, 16000)


def _envelope(wave: np.ndarray, columns: int = 1200):
    """Least and greatest sample in each of some equal parts."""
    columns = min(columns, len(wave))
    edges = np.arange(columns) * len(wave) // columns
    low = np.minimum.reduceat(wave, edges)
    return edges / len(wave), low, np.maximum.reduceat(wave, edges)


def _clock(axes, start: float, seconds: float, top: bool) -> None:
    """Label the axis, which runs over 0..seconds, with a video's clock."""
    step = next(
        (s for s in (0.1, 0.2, 0.5, 1, 2, 5, 10) if seconds / s <= 12), 60
    )
    first = np.ceil(start / step - 1e-6) * step
    ticks = np.arange(first, start + seconds + 1e-6, step)
    axes.set_xticks(ticks - start, [f'{tick:.1f}' for tick in ticks])
    axes.tick_params(
        axis='x', top=top, labeltop=top, bottom=not top, labelbottom=not top
    )


def draw_pair(
    frames: np.ndarray,
    wave: np.ndarray,
    sample_rate: float,
    log_mel: np.ndarray,
    band_hz: Sequence[float],
    kind: str,
    video: tuple[str, float],
    audio: tuple[str, float],
) -> Figure:
    """Draw a pair: frames, waveform and log-mel on one axis of time.

    What stands above each other is presented together: the frames carry the
    clock of the video that gives the picture, the spectrogram that of the one
    that gives the sound.

    Args:
        frames (np.ndarray): uint8 RGB ``(T, H, W, 3)``, evenly spaced over
            the clip.
        wave (np.ndarray): ``(S,)`` in -1..1, as long as the clip.
        sample_rate (float): Of ``wave``, in Hz.
        log_mel (np.ndarray): ``(bands, frames)``.
        band_hz (Sequence[float]): Centres of the bands, for the labels.
        kind (str): Kind of pair, such as ``'hard'``.
        video (tuple[str, float]): Where the picture is from: the name, and
            the first moment in seconds.
        audio (tuple[str, float]): Where the sound is from, likewise.
    """
    seconds = len(wave) / sample_rate
    columns = min(COLUMNS, len(frames))
    inner = _WIDTH - 2 * _MARGIN
    high = inner / columns * frames.shape[1] / frames.shape[2]
    panels = [high, _WAVE, _MEL]
    height = _TITLE + sum(panels) + _GAP * (len(panels) - 1) + _FOOT
    figure = new_figure(_WIDTH, height, dpi=110, layout='none')
    axes, top = [], height - _TITLE
    for panel in panels:
        top -= panel
        place = _MARGIN / _WIDTH, top / height, inner / _WIDTH, panel / height
        axes.append(figure.add_axes(place))
        axes[-1].set_xlim(0, seconds)
        axes[-1].tick_params(labelsize=8, colors=QUIET)
        axes[-1].spines[:].set_color('#bbbbbb')
        top -= _GAP

    axes[0].imshow(
        strip(frames, columns, 1),
        extent=(0, seconds, 0, 1),
        aspect='auto',
        interpolation='nearest',
    )
    axes[0].vlines(
        np.arange(1, columns) / columns * seconds, 0, 1, 'white', linewidth=1
    )
    axes[0].set_yticks([])
    _clock(axes[0], video[1], seconds, top=True)

    colour = COLOURS.get(kind, '#777777')
    at, low, high = _envelope(wave)
    peak = max(float(np.abs(wave).max()), 1e-3)
    axes[1].fill_between(at * seconds, low, high, color=colour, linewidth=0.6)
    axes[1].set_ylim(-1.1 * peak, 1.1 * peak)
    axes[1].set_yticks([])
    axes[1].set_ylabel('wave', fontsize=9, color=QUIET)
    axes[1].tick_params(axis='x', bottom=False, labelbottom=False)
    # Every column is centred on its moment; the first stands at 0.
    half = seconds / max(log_mel.shape[1] - 1, 1) / 2
    axes[2].imshow(
        log_mel,
        origin='lower',
        extent=(-half, seconds + half, -0.5, len(log_mel) - 0.5),
        aspect='auto',
        interpolation='nearest',
        cmap='magma',
    )
    axes[2].set_xlim(0, seconds)
    axes[2].set_ylabel('log-mel', fontsize=9, color=QUIET)
    inside = [hertz for hertz in _HERTZ if band_hz[0] < hertz < band_hz[-1]]
    axes[2].set_yticks(
        np.interp(inside, band_hz, np.arange(len(band_hz))),
        [f'{h / 1000:g}k' if h >= 1000 else f'{h}' for h in inside],
    )
    for panel in axes[1:]:
        panel.yaxis.set_label_coords(-0.045, 0.5)
    _clock(axes[-1], audio[1], seconds, top=False)

    def write(inches, text, **style):
        """So far below the top, or, below zero, above the bottom."""
        y = (height - inches if inches > 0 else -inches) / height
        figure.text(_MARGIN / _WIDTH, y, text, va='center', **style)

    bold = look(fontsize=13, fontweight='bold', color=colour)
    small = look(fontsize=9, color=QUIET)
    write(0.22, TITLES.get(kind, kind), **bold)
    write(0.49, 'picture {} from {:.2f} s'.format(*video), **small)
    write(-0.13, 'sound {} from {:.2f} s'.format(*audio), **small)
    return figure
