"""What a trained model is used for."""

from .features import FeatureExtractor, Features

__all__ = ['FeatureExtractor', 'Features']
