"""Chance by place: seeds of iterations and of samples."""

import pickle
import random
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.dataset import BaseDataset, DefaultSampler

from avts_mm.engine.loops import randomness
from avts_mm.engine.loops.randomness import (
    PlacedSampler,
    SeededIndex,
    seed_items,
    seed_iteration,
)


def draws():
    return np.random.uniform(), random.random(), torch.rand(()).item()


def test_an_iteration_draws_the_same_whatever_was_before(monkeypatch):
    seen = []
    for seed, iteration in ((3, 7), (3, 8), (4, 7), (3, 7)):
        draws()
        seed_iteration(seed, iteration)
        seen.append(draws())
    assert seen[0] == seen[3]
    monkeypatch.setattr(randomness, 'get_dist_info', lambda: (1, 2))
    seed_iteration(3, 7)
    seen[3] = draws()
    for one in range(3):  # all three sources differ
        assert len({drawn[one] for drawn in seen}) == 4


def test_index_goes_to_workers_with_its_seed():
    index = pickle.loads(pickle.dumps(SeededIndex(5, 2**62)))
    assert (index, index.seed) == (5, 2**62)
    assert list(range(9))[index] == 5


@pytest.fixture
def plan(monkeypatch):
    """What a rank gets: pairs of an index and its seed."""

    def make(rank=0, ranks=1, epoch=0, first=0, seed=1):
        monkeypatch.setattr(randomness, 'get_dist_info', lambda: (rank, ranks))
        monkeypatch.setattr(
            'mmengine.dataset.sampler.get_dist_info', lambda: (rank, ranks)
        )
        sampler = DefaultSampler(range(12), seed=seed)
        placed = PlacedSampler(sampler)
        placed.set_epoch(epoch)
        placed.first = first
        assert len(placed) == 12 // ranks
        return [(int(index), index.seed) for index in placed]

    return make


def test_seeds_of_samples(plan):
    whole = plan()
    assert sorted(index for index, _ in whole) == list(range(12))
    assert len({seed for _, seed in whole}) == 12
    assert plan(first=5) == whole[5:]
    assert plan() == whole
    assert not set(plan(epoch=1)) & set(whole)
    assert not set(plan(seed=2)) & set(whole)


@pytest.mark.parametrize('ranks', [2, 4])
def test_seeds_do_not_depend_on_the_number_of_ranks(plan, ranks):
    parts = [plan(rank, ranks) for rank in range(ranks)]
    assert [item for step in zip(*parts) for item in step] == plan()


def test_plans_are_left_as_they_are():
    plans = [(0, 0, 0, 5), (1, 1, 0, 6), (2, 2, 0, 7)]
    sampler = SimpleNamespace(iter_from=lambda first: iter(plans[first:]))
    placed = PlacedSampler(sampler)
    placed.first = 1
    assert list(placed) == plans[1:]


class Draws(BaseDataset):
    def full_init(self):
        self._fully_initialized = True

    def prepare_data(self, idx):
        assert type(idx) is int
        return idx, draws()


def test_items_are_seeded_by_their_index():
    data = Draws()
    seed_items(data)
    data = pickle.loads(pickle.dumps(data))  # to a worker
    assert data[SeededIndex(3, 8)] == data[SeededIndex(3, 8)]
    assert data[SeededIndex(3, 8)][1] != data[SeededIndex(3, 9)][1]
    assert data[3] != data[3]
