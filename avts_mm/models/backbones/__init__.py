"""Networks that turn a clip or a spectrogram into features."""

from .audio_vgg import AudioVGG
from .l3_vgg import L3VGG
from .mc3 import MC3

__all__ = ['L3VGG', 'MC3', 'AudioVGG']
