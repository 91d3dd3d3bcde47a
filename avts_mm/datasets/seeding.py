"""Augmentation that depends on a seed, not on what was drawn before."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from mmengine.dataset import BaseDataset


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed what transforms draw from, and leave it as it was afterwards."""
    with chance_kept():
        seed_chance(seed)
        yield


def seed_chance(seed: int) -> None:
    """Seed numpy, ``random`` and, on the CPU, torch."""
    np.random.seed(np.random.SeedSequence(seed).generate_state(4))
    random.seed(seed)
    torch.default_generator.manual_seed(seed)


@contextmanager
def chance_kept() -> Iterator[None]:
    """Leave what transforms draw from as it was."""
    numpy_state, python_state = np.random.get_state(), random.getstate()
    try:
        with torch.random.fork_rng(devices=[]):
            yield
    finally:
        np.random.set_state(numpy_state)
        random.setstate(python_state)


class SeededDataset(BaseDataset):
    """mmengine's dataset, with augmentation that can be repeated.

    The training loops of :mod:`avts_mm.engine.loops` add a seed to every
    index, as ``index.seed``. Augmentation is then the same for any number of
    workers and in a resumed run. Other indices leave chance as it is.
    """

    def __getitem__(self, idx):
        """Load an item."""
        seed = getattr(idx, 'seed', None)
        if seed is None:
            return super().__getitem__(idx)
        with seeded(seed):
            return super().__getitem__(int(idx))
