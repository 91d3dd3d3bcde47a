"""Datasets of audio-visual pairs, their samplers and transforms."""

from . import transforms
from .audio_clip_dataset import AudioClipDataset
from .av_clip_dataset import AVClipDataset
from .av_pair_dataset import AVPairDataset
from .collate import stack_inputs
from .labelled_video_dataset import LabelledVideoDataset
from .pair_samplers import AVPairSampler, AVPairTestSampler
from .pairs import AVPair, PairKind, PairTiming

__all__ = [
    'AVClipDataset',
    'AVPair',
    'AVPairDataset',
    'AVPairSampler',
    'AVPairTestSampler',
    'AudioClipDataset',
    'LabelledVideoDataset',
    'PairKind',
    'PairTiming',
    'stack_inputs',
    'transforms',
]
