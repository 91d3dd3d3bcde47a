"""Projections of features to embeddings."""

from .projection_neck import MaxPoolNeck, ProjectionNeck, StepProjectionNeck

__all__ = ['MaxPoolNeck', 'ProjectionNeck', 'StepProjectionNeck']
