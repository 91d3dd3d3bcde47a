"""How good a model is."""

from .metrics import OffsetMetric, SyncMetric

__all__ = ['OffsetMetric', 'SyncMetric']
