"""Pictures of what a classifier takes for what."""

import os
from collections.abc import Sequence

import numpy as np
from matplotlib.colors import LinearSegmentedColormap

from .figures import COLOURS, new_figure, save


def plot_confusion(
    matrix: np.ndarray,
    classes: Sequence[str],
    path: str | os.PathLike,
    title: str = '',
) -> str:
    """Draw a confusion matrix, as shares of each true class.

    Args:
        matrix (np.ndarray): Counts ``(K, K)``: rows are the truth, columns
            what was found.
        classes (Sequence[str]): Names of the classes.
        path (str): Of the picture.
        title (str): Above it. Defaults to none.

    Returns:
        str: ``path``.

    Raises:
        ValueError: The matrix is not square or the names do not fit.
    """
    matrix = np.asarray(matrix)
    number = len(classes)
    if matrix.shape != (number, number) or not number:
        raise ValueError(
            f'{number} names of classes do not fit a matrix {matrix.shape}'
        )
    totals = matrix.sum(1, keepdims=True)
    shares = matrix / np.maximum(totals, 1)
    side = float(np.clip(0.36 * number + 2.2, 4.5, 14))
    figure = new_figure(side, side)
    axes = figure.add_subplot()
    colours = LinearSegmentedColormap.from_list(
        'counts', ['#ffffff', COLOURS['easy']]
    )
    axes.imshow(shares, cmap=colours, vmin=0, vmax=1)
    small = 9 if number <= 15 else 6
    for row, column in np.argwhere(matrix):
        axes.text(
            column,
            row,
            str(matrix[row, column]),
            ha='center',
            va='center',
            fontsize=small,
            color='white' if shares[row, column] > 0.6 else '#222222',
        )
    names = [name.replace('_', ' ') for name in classes]
    axes.set_xticks(range(number), names, rotation=90, fontsize=small)
    axes.set_yticks(range(number), names, fontsize=small)
    axes.set_xlabel('found')
    axes.set_ylabel('true')
    axes.set_title(title, fontsize=10)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    return save(figure, path)
