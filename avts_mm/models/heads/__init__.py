"""Heads that compare a video embedding with an audio embedding."""

from .contrastive_head import AVContrastiveHead
from .fusion_head import FusionHead

__all__ = ['AVContrastiveHead', 'FusionHead']
