"""Figures are pyplot's no concern, and are saved where it is wanted."""

import matplotlib.pyplot as plt
from matplotlib.image import imread

from avts_mm.visualization import save
from avts_mm.visualization.figures import new_figure


def test_saved_into_a_new_folder(tmp_path):
    before = plt.get_fignums()
    figure = new_figure(3, 2)
    assert plt.get_fignums() == before
    path = tmp_path / 'new' / 'picture.png'
    assert save(figure, path) == str(path)
    assert imread(path).shape[:2] == (260, 390)
