"""Projections of features to embeddings."""

from .max_pool_neck import MaxPoolNeck
from .projection_neck import ProjectionNeck

__all__ = ['MaxPoolNeck', 'ProjectionNeck']
