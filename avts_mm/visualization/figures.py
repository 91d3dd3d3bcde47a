"""What the pictures have in common: colours, layout, and the saving."""

import os
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

# Colours that people who cannot tell red from green can tell apart
# (Okabe and Ito, 2008).
COLOURS = {
    'positive': '#009E73',
    'easy': '#0072B2',
    'hard': '#D55E00',
    'super_hard': '#CC79A7',
    'within_video': '#555555',
}
QUIET = '#666666'


def new_figure(width: float, height: float, **options) -> Figure:
    """A figure of so many inches; not known to pyplot."""
    # The object interface: no global state, and no display needed.
    options = {'dpi': 130, 'layout': 'constrained', **options}
    figure = Figure(figsize=(width, height), **options)
    FigureCanvasAgg(figure)
    return figure


def look(**options) -> dict[str, Any]:
    """How something is drawn, for several calls or for later."""
    return options


def heading(figure: Figure, title: str, **style) -> None:
    """A title at the left edge."""
    style = look(x=0.012, fontsize=11, fontweight='bold') | style
    figure.suptitle(title, ha='left', **style)


def legend_below(figure: Figure, axes, columns: int, size: int = 9) -> None:
    """The legend of axes, below the figure."""
    style = look(loc='outside lower center', frameon=False, fontsize=size)
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, ncols=columns, **style)


def polish(axes) -> None:
    """Light grid, no frame."""
    axes.spines[['top', 'right']].set_visible(False)
    axes.grid(True, color='#e3e3e3', linewidth=0.8)
    axes.set_axisbelow(True)


def bare(axes) -> None:
    """No ticks, no frame."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)


def strip(frames: np.ndarray, count: int, axis: int) -> np.ndarray:
    """Some of ``(T, H, W, 3)``, evenly spaced, joined along an axis."""
    count = min(count, len(frames))
    middles = (np.arange(count) + 0.5) / count
    shown = np.asarray(frames)[(middles * len(frames)).astype(int)]
    return np.concatenate(list(shown), axis=axis)


def save(figure: Figure, path: str | os.PathLike) -> str:
    """Write a figure, making its folder; the path of it."""
    path = os.fspath(path)
    os.makedirs(os.path.dirname(path) or '.', exist_ok=True)
    figure.savefig(path)
    return path
