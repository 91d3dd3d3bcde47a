"""Videos without files, and what the tests of samplers ask of a plan."""

from collections import Counter
from types import SimpleNamespace

import numpy as np

from avts_mm.datasets.pairs import PairKind, PairTiming


class Videos(SimpleNamespace):
    """Durations without files."""

    def __init__(self, durations, **kwargs):
        durations = np.asarray(durations, float)
        super().__init__(durations=durations, timing=PairTiming(), **kwargs)

    def __len__(self):
        return len(self.durations)


def videos(number=64, seconds=10.0):
    return Videos(np.full(number, seconds))


def counts(pairs):
    return Counter(PairKind(pair.kind).name.lower() for pair in pairs)


def on_rank(sampler, rank, world_size):
    sampler.rank, sampler.world_size = rank, world_size
    return list(sampler)
