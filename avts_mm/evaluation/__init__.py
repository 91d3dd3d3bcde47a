"""How good a model is."""

from .metrics import SyncMetric

__all__ = ['SyncMetric']
