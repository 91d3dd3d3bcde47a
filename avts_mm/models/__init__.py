"""Networks, losses and what prepares their input."""

from .avts import AVTS
from .backbones import MC3, AudioVGG
from .data_preprocessors import AVDataPreprocessor, LogMel
from .heads import AVContrastiveHead, FusionHead
from .losses import ContrastiveLoss, embedding_distance
from .necks import ProjectionNeck

__all__ = [
    'AVTS',
    'MC3',
    'AVContrastiveHead',
    'AVDataPreprocessor',
    'AudioVGG',
    'ContrastiveLoss',
    'FusionHead',
    'LogMel',
    'ProjectionNeck',
    'embedding_distance',
]
