"""Pictures of pairs, and of what a model has learned and how."""

from .pairs import draw_pair
from .sync_plots import plot_distance_histograms, plot_training_curve

__all__ = [
    'draw_pair',
    'plot_distance_histograms',
    'plot_training_curve',
]
