"""Figures are pyplot's no concern, and are saved where it is wanted."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.image import imread

from avts_mm.visualization import save
from avts_mm.visualization.figures import new_figure, strip


def test_saved_into_a_new_folder(tmp_path):
    before = plt.get_fignums()
    figure = new_figure(3, 2)
    assert plt.get_fignums() == before
    path = tmp_path / 'new' / 'picture.png'
    assert save(figure, path) == str(path)
    assert imread(path).shape[:2] == (260, 390)


def test_strips_are_evenly_spaced():
    levels = np.arange(40, dtype=np.uint8)[:, None, None, None]
    frames = np.broadcast_to(levels, (40, 6, 8, 3))
    shown = strip(frames, 8, 0)
    assert shown.shape == (48, 8, 3)
    middles = (np.arange(8) + 0.5) / 8
    assert np.abs((shown[::6, 0, 0] + 0.5) / 40 - middles).max() <= 0.5 / 40
    assert strip(frames, 99, 1).shape == (6, 40 * 8, 3)
