"""Turning the videos that people have into a corpus that trains fast."""

from .options import PrepareOptions
from .sound import extract_sound
from .transcode import Prepared, transcode

__all__ = ['PrepareOptions', 'Prepared', 'extract_sound', 'transcode']
