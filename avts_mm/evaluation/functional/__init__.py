"""Measures as functions of arrays."""

from .sync import (
    CHANCE,
    auc_interval,
    best_threshold,
    cross_fitted_accuracy,
    equal_error_rate,
    paired_share,
    roc_auc,
    wilson_interval,
)

__all__ = [
    'CHANCE',
    'auc_interval',
    'best_threshold',
    'cross_fitted_accuracy',
    'equal_error_rate',
    'paired_share',
    'roc_auc',
    'wilson_interval',
]
