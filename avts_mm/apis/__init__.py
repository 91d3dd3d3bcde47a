"""What a trained model is used for."""

from .features import FeatureExtractor, Features
from .loading import load_model

__all__ = ['FeatureExtractor', 'Features', 'load_model']
