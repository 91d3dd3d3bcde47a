"""What the pictures have in common: colours and layout."""

import os

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
GRID = dict(color='#e3e3e3', linewidth=0.8)


def new_figure(width: float, height: float) -> Figure:
    """A figure of so many inches."""
    # The object interface: no global state, and no display needed.
    figure = Figure(figsize=(width, height), dpi=130, layout='constrained')
    FigureCanvasAgg(figure)
    return figure


def polish(axes) -> None:
    """Light grid, no frame."""
    axes.spines[['top', 'right']].set_visible(False)
    axes.grid(True, **GRID)
    axes.set_axisbelow(True)


def save(figure: Figure, path: str | os.PathLike) -> str:
    """Write a figure, making its folder."""
    path = os.fspath(path)
    os.makedirs(os.path.dirname(path) or '.', exist_ok=True)
    figure.savefig(path)
    return path


def pixels(figure: Figure) -> np.ndarray:
    """A figure as a picture ``(H, W, 3)`` uint8, RGB."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()
