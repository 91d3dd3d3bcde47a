"""Projections of features to embeddings."""

from .max_pool_neck import MaxPoolNeck
from .projection_neck import ProjectionNeck
from .step_projection_neck import StepProjectionNeck

__all__ = ['MaxPoolNeck', 'ProjectionNeck', 'StepProjectionNeck']
