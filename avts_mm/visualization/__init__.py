"""Pictures of pairs, and of what a model has learned and how."""

from .comparison import plot_comparison, plot_losses
from .confusion import plot_confusion
from .heat_map import overlay_heat_map, plot_heat_maps
from .offset_plots import plot_drift, plot_offset_curve
from .pairs import draw_pair
from .retrieval import Second, plot_retrieval
from .scalars import read_history
from .similarity import plot_similarity
from .sync_plots import plot_distance_histograms, plot_training_curve

__all__ = [
    'Second',
    'draw_pair',
    'overlay_heat_map',
    'plot_comparison',
    'plot_confusion',
    'plot_distance_histograms',
    'plot_drift',
    'plot_heat_maps',
    'plot_losses',
    'plot_offset_curve',
    'plot_retrieval',
    'plot_similarity',
    'plot_training_curve',
    'read_history',
]
