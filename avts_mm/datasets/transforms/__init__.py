"""Transforms for pairs of picture and sound."""

from .audio_augment import RandomVoice
from .av_clips import LoadAVAudio, LoadAVFrames
from .babble import AddBabble
from .packing import PackAVInputs
from .region_crop import RegionCrop
from .video_augment import RandomAffine, RandomTone, Standardize
from .video_clips import LoadVideoClips

__all__ = [
    'AddBabble',
    'LoadAVAudio',
    'LoadAVFrames',
    'LoadVideoClips',
    'PackAVInputs',
    'RandomAffine',
    'RandomTone',
    'RandomVoice',
    'RegionCrop',
    'Standardize',
]
