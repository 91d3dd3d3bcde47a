"""Pictures of what a classifier takes for what."""

from collections.abc import Sequence

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from .figures import COLOURS, look, new_figure


def draw_confusion(
    matrix: np.ndarray, classes: Sequence[str], title: str = ''
) -> Figure:
    """Draw a confusion matrix, as shares of each true class.

    Args:
        matrix (np.ndarray): Counts ``(K, K)``: rows are the truth, columns
            what was found.
        classes (Sequence[str]): Names of the classes.
        title (str): Above it. Defaults to none.
    """
    matrix = np.asarray(matrix)
    number = len(classes)
    totals = matrix.sum(1, keepdims=True)
    shares = matrix / np.maximum(totals, 1)
    side = float(np.clip(0.36 * number + 2.2, 4.5, 14))
    figure = new_figure(side, side)
    axes = figure.add_subplot()
    ends = ['#ffffff', COLOURS['easy']]
    colours = LinearSegmentedColormap.from_list('counts', ends)
    axes.imshow(shares, cmap=colours, vmin=0, vmax=1)
    small = 9 if number <= 15 else 6
    middle = look(ha='center', va='center', fontsize=small)
    for row, column in np.argwhere(matrix):
        colour = 'white' if shares[row, column] > 0.6 else '#222222'
        text = str(matrix[row, column])
        axes.text(column, row, text, color=colour, **middle)
    names = [name.replace('_', ' ') for name in classes]
    axes.set_xticks(range(number), names, rotation=90, fontsize=small)
    axes.set_yticks(range(number), names, fontsize=small)
    axes.set_xlabel('found')
    axes.set_ylabel('true')
    axes.set_title(title, fontsize=10)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    return figure
