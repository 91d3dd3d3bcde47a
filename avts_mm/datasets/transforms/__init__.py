"""Transforms for pairs of picture and sound."""

from .formatting import PackAVInputs
from .loading import LoadAVAudio, LoadAVFrames
from .region_crop import RegionCrop

__all__ = ['LoadAVAudio', 'LoadAVFrames', 'PackAVInputs', 'RegionCrop']
