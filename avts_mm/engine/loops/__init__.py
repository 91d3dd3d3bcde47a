"""Training loops that can be stopped and gone on with at any iteration."""

from .resumable_loops import ResumableEpochLoop, ResumableIterLoop

__all__ = ['ResumableEpochLoop', 'ResumableIterLoop']
