"""The picture of a confusion matrix shows its counts."""

import numpy as np

from avts_mm.visualization import draw_confusion


def test_counts_and_names_are_shown():
    matrix = np.array([[7, 1, 0], [0, 0, 0], [2, 0, 6]])
    figure = draw_confusion(matrix, ['dog_bark', 'rain', 'sea'], 'title')
    (axes,) = figure.axes
    shown = {t.get_position(): t.get_text() for t in axes.texts}
    assert shown == {(0, 0): '7', (1, 0): '1', (0, 2): '2', (2, 2): '6'}
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == ['dog bark', 'rain', 'sea']
    shares = axes.images[0].get_array()
    assert shares[0].tolist() == [7 / 8, 1 / 8, 0]
    assert shares[1].tolist() == [0, 0, 0]
