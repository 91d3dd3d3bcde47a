"""Metrics that validation and test loops compute."""

from .sync_metric import SyncMetric

__all__ = ['SyncMetric']
