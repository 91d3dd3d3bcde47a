"""Pictures of pairs, and of what a model has learned and how.

Every picture is a function that gives a figure; :func:`save` writes it.
"""

from .confusion import draw_confusion
from .figures import save
from .heat_map import draw_heat_maps, overlay_heat_map
from .offset_plots import (
    draw_drift,
    draw_faces,
    draw_offset_curve,
    draw_offset_lengths,
)
from .pairs import draw_pair
from .retrieval import draw_retrieval
from .scalars import read_history
from .similarity import draw_similarity
from .snr_plot import draw_snr
from .sync_plots import (
    draw_comparison,
    draw_distance_histograms,
    draw_losses,
    draw_training_curve,
)

__all__ = [
    'draw_comparison',
    'draw_confusion',
    'draw_distance_histograms',
    'draw_drift',
    'draw_faces',
    'draw_heat_maps',
    'draw_losses',
    'draw_offset_curve',
    'draw_offset_lengths',
    'draw_pair',
    'draw_retrieval',
    'draw_similarity',
    'draw_snr',
    'draw_training_curve',
    'overlay_heat_map',
    'read_history',
    'save',
]
