"""Pictures of what a model has learned and how."""

from .sync_plots import plot_distance_histograms, plot_training_curve

__all__ = ['plot_distance_histograms', 'plot_training_curve']
