"""Transforms for pairs of picture and sound."""

from .formatting import PackAVInputs
from .loading import LoadAVAudio, LoadAVFrames
from .region_crop import RegionCrop
from .video_clips import LoadVideoClips

__all__ = [
    'LoadAVAudio',
    'LoadAVFrames',
    'LoadVideoClips',
    'PackAVInputs',
    'RegionCrop',
]
