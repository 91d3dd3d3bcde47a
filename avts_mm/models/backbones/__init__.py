"""Networks that turn a clip or a spectrogram into features."""

from .audio_vgg import AudioVGG
from .mc3 import MC3

__all__ = ['MC3', 'AudioVGG']
