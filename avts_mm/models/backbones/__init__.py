"""Networks that turn a clip or a spectrogram into features."""

from .mc3 import MC3
from .vgg import L3VGG, AudioVGG

__all__ = ['L3VGG', 'MC3', 'AudioVGG']
