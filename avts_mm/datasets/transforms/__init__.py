"""Transforms for pairs of picture and sound."""

from .av_clips import LoadAVAudio, LoadAVFrames, PackAVInputs
from .babble import AddBabble
from .region_crop import RegionCrop
from .video_clips import LoadVideoClips

__all__ = [
    'AddBabble',
    'LoadAVAudio',
    'LoadAVFrames',
    'LoadVideoClips',
    'PackAVInputs',
    'RegionCrop',
]
