"""Checkpoints that would run a command, and how to see that none did."""

import os
from pathlib import Path

import torch


class Command:
    """Pickles as a call of ``os.system`` that makes a file."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self):
        return os.system, (f'touch {self.trace}',)


def write_hostile(path: Path, trace: Path, **content) -> Path:
    """A checkpoint in order but for one thing in its ``meta``."""
    meta = {**content.pop('meta', {}), 'note': Command(trace)}
    torch.save(dict(state_dict={}, **content, meta=meta), path)
    return path
