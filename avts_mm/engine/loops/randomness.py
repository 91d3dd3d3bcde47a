"""Chance as a function of the place in the training, not as a state.

What is drawn in an iteration, and for a sample, depends on the seed and on
where that is, never on what was drawn before. So there is no random state to
save, to hand to workers, or to lose.
"""

import random
from collections.abc import Iterator
from functools import partial
from itertools import islice

import numpy as np
import torch
from mmengine.dist import get_dist_info
from torch.utils.data import Sampler


def seed_iteration(seed: int, iteration: int) -> None:
    """Seed all that a step of training may draw from (dropout, mixup, …).

    Args:
        seed (int): Of the run.
        iteration (int): Counted from 0 over the whole training.
    """
    rank, _ = get_dist_info()
    words = np.random.SeedSequence([seed, rank, iteration]).generate_state(4)
    np.random.seed(words)
    random.seed(words.tobytes())
    torch.manual_seed(int(words[0]) << 32 | int(words[1]))


class SeededIndex(int):
    """The number of a sample, with the seed of its augmentation."""

    seed: int

    def __new__(cls, index: int, seed: int = 0) -> 'SeededIndex':
        self = super().__new__(cls, index)
        self.seed = seed
        return self


class PlacedSampler(Sampler):
    """Another sampler, from a certain place on, with a seed for each number.

    A sampler of plans (:class:`AVPairSampler`) has seeds in them and is left
    as it is. To others a seed is added that depends on the sampler's seed,
    the epoch and the place in the epoch over all ranks. ``first`` tells how
    many samples of this rank to pass over.
    """

    def __init__(self, sampler) -> None:
        self.sampler = sampler
        self.first = 0

    def __getattr__(self, name: str):
        if name == 'sampler':  # not yet set
            raise AttributeError(name)
        return getattr(self.sampler, name)

    def __len__(self) -> int:
        return len(self.sampler)

    def __iter__(self) -> Iterator:
        if hasattr(self.sampler, 'iter_from'):
            yield from self.sampler.iter_from(self.first)
            return
        rank, world_size = get_dist_info()
        base = [
            getattr(self.sampler, 'seed', None) or 0,
            getattr(self.sampler, 'epoch', 0),
        ]
        indices = islice(self.sampler, self.first, None)
        for place, index in enumerate(indices, self.first):
            words = np.random.SeedSequence([*base, place * world_size + rank])
            seed = int(words.generate_state(1, np.uint64)[0] >> np.uint64(1))
            yield SeededIndex(index, seed)


def seed_items(dataset) -> None:
    """Let a data set of mmengine seed chance before it prepares an item.

    Augmentation is then the same for any number of workers and in a resumed
    run.
    """
    if hasattr(dataset, 'prepare_data'):
        dataset.prepare_data = partial(_prepare, dataset)


def _prepare(dataset, index, *args):
    if isinstance(index, SeededIndex):
        words = np.random.SeedSequence(index.seed).generate_state(4)
        np.random.seed(words)
        random.seed(index.seed)
        torch.default_generator.manual_seed(index.seed)
        index = int(index)
    return type(dataset).prepare_data(dataset, index, *args)
