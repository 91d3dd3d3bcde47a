"""Augmentation that depends on a seed, and leaves chance as it was."""

import random

import numpy as np
import torch
from mmengine.dataset import BaseDataset
from torch.utils.data import DataLoader

from avts_mm.datasets.seeding import SeededDataset, seeded
from avts_mm.engine.loops.randomness import SeededIndex


def draw(*_):
    return np.random.rand(), random.random(), torch.rand(()).item()


def test_the_same_seed_draws_the_same():
    def drawn(seed):
        with seeded(seed):
            return draw()

    first = drawn(5)
    draw()
    assert drawn(5) == first
    assert not set(drawn(6)) & set(first)


def test_chance_outside_is_left_as_it_was():
    np.random.seed(0)
    random.seed(0)
    torch.manual_seed(0)
    expected = draw(), draw()
    np.random.seed(0)
    random.seed(0)
    torch.manual_seed(0)
    before = draw()
    with seeded(7):
        draw()
    assert (before, draw()) == expected


class Draws:
    def __len__(self):
        return 4

    def __getitem__(self, index):
        with seeded(index):
            return draw()


def test_workers_draw_the_same():
    alone, workers = (
        list(map(tuple, DataLoader(Draws(), None, num_workers=number)))
        for number in (0, 2)
    )
    assert alone == workers
    assert len(set(alone)) == 4


def test_seeds_of_an_index(monkeypatch):
    monkeypatch.setattr(BaseDataset, '__getitem__', draw)
    dataset = SeededDataset(lazy_init=True)
    assert dataset[SeededIndex(3, 8)] == dataset[SeededIndex(3, 8)]
    assert dataset[SeededIndex(3, 8)] != dataset[SeededIndex(3, 9)]
    assert dataset[3] != dataset[3]
