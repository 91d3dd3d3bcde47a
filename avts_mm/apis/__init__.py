"""What a trained model is used for."""

from avts_mm.media.film import ArrayFilm, FileFilm, as_film

from .embedding import FilmEmbedder
from .feature_extractor import FeatureExtractor
from .features import Features
from .inferencer import AVTSInferencer
from .loading import load_model
from .offset import OffsetTestLoop, find_offset

__all__ = [
    'AVTSInferencer',
    'ArrayFilm',
    'FeatureExtractor',
    'Features',
    'FileFilm',
    'FilmEmbedder',
    'OffsetTestLoop',
    'as_film',
    'find_offset',
    'load_model',
]
