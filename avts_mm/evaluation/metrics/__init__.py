"""Metrics that validation and test loops compute."""

from .offset_metric import OffsetMetric
from .sync_metric import SyncMetric

__all__ = ['OffsetMetric', 'SyncMetric']
