"""The picture of a confusion matrix shows its counts."""

import matplotlib.image
import numpy as np
import pytest

from avts_mm.visualization import confusion, plot_confusion


def test_counts_and_names_are_shown(tmp_path, monkeypatch):
    saved = []
    save = confusion.save
    monkeypatch.setattr(
        confusion, 'save', lambda f, p: saved.append(f) or save(f, p)
    )
    matrix = np.array([[7, 1, 0], [0, 0, 0], [2, 0, 6]])
    path = tmp_path / 'new' / 'confusion.png'
    classes = ['dog_bark', 'rain', 'sea']
    assert plot_confusion(matrix, classes, path, 'title') == str(path)
    assert matplotlib.image.imread(path).shape[0] > 300
    (axes,) = saved[0].axes
    shown = {t.get_position(): t.get_text() for t in axes.texts}
    assert shown == {(0, 0): '7', (1, 0): '1', (0, 2): '2', (2, 2): '6'}
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == ['dog bark', 'rain', 'sea']
    shares = axes.images[0].get_array()
    assert shares[0].tolist() == [7 / 8, 1 / 8, 0]
    assert shares[1].tolist() == [0, 0, 0]


def test_names_must_fit(tmp_path):
    with pytest.raises(ValueError, match='2 names'):
        plot_confusion(np.eye(3), ['a', 'b'], tmp_path / 'a.png')
