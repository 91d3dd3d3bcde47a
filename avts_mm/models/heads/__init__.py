"""Heads that compare a video embedding with an audio embedding."""

from .contrastive_head import AVContrastiveHead
from .fusion_head import FusionHead
from .step_contrastive_head import StepContrastiveHead

__all__ = ['AVContrastiveHead', 'FusionHead', 'StepContrastiveHead']
