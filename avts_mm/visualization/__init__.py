"""Pictures of pairs, and of what a model has learned and how."""

from .comparison import plot_comparison
from .confusion import plot_confusion
from .pairs import draw_pair
from .report_picture import plot_tables
from .scalars import read_history
from .sync_plots import plot_distance_histograms, plot_training_curve

__all__ = [
    'draw_pair',
    'plot_comparison',
    'plot_confusion',
    'plot_distance_histograms',
    'plot_tables',
    'plot_training_curve',
    'read_history',
]
