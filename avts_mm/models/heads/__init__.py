"""Heads that compare what two towers make of a clip, or classify by it."""

from .av_head import AVHead
from .contrastive_head import AVContrastiveHead
from .fusion_head import FusionHead
from .step_contrastive_head import StepContrastiveHead

__all__ = [
    'AVContrastiveHead',
    'AVHead',
    'FusionHead',
    'StepContrastiveHead',
]
