"""Networks, losses and what prepares their input."""

from .av_recognizer import AVRecognizer
from .avts import AVTS
from .backbones import L3VGG, MC3, AudioVGG
from .data_preprocessors import AVDataPreprocessor, LogMel
from .heads import (
    AVContrastiveHead,
    AVHead,
    FusionHead,
    StepContrastiveHead,
)
from .losses import (
    ContrastiveLoss,
    CosineBCELoss,
    InfoNCELoss,
    embedding_distance,
)
from .necks import MaxPoolNeck, ProjectionNeck, StepProjectionNeck

__all__ = [
    'AVTS',
    'L3VGG',
    'MC3',
    'AVContrastiveHead',
    'AVDataPreprocessor',
    'AVHead',
    'AVRecognizer',
    'AudioVGG',
    'ContrastiveLoss',
    'CosineBCELoss',
    'FusionHead',
    'InfoNCELoss',
    'LogMel',
    'MaxPoolNeck',
    'ProjectionNeck',
    'StepContrastiveHead',
    'StepProjectionNeck',
    'embedding_distance',
]
