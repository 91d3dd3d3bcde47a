"""Copies of a film in which the sound is moved against the picture."""

from .shift import ShiftedSound, shift_sound

__all__ = ['ShiftedSound', 'shift_sound']
