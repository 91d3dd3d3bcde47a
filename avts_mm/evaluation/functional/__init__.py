"""Measures as functions of arrays.

``retrieval`` and ``classification`` load much of scipy and scikit-learn, which
a training need not wait for: import them by name.
"""

from .intervals import auc_interval, share_interval, wilson_interval
from .sync import (
    CHANCE,
    best_threshold,
    cross_fitted_accuracy,
    cross_fitted_decisions,
    equal_error_rate,
    paired_wins,
    roc_auc,
)

__all__ = [
    'CHANCE',
    'auc_interval',
    'best_threshold',
    'cross_fitted_accuracy',
    'cross_fitted_decisions',
    'equal_error_rate',
    'paired_wins',
    'roc_auc',
    'share_interval',
    'wilson_interval',
]
