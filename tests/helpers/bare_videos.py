"""Videos without files, and what the tests of samplers ask of a plan."""

from collections import Counter
from types import SimpleNamespace

import numpy as np

from avts_mm.datasets.pairs import PairKind, PairTiming


class Videos(SimpleNamespace):
    """Durations without files."""

    def __init__(self, durations, video_ids=None):
        durations = np.asarray(durations, float)
        if video_ids is None:
            video_ids = np.arange(len(durations))
        super().__init__(
            durations=durations, timing=PairTiming(), video_ids=video_ids
        )

    def __len__(self):
        return len(self.durations)

    def get_data_info(self, index):
        return dict(video_path=f'v{index}.mp4')


def videos(number=64, seconds=10.0):
    return Videos(np.full(number, seconds))


def counts(pairs):
    return Counter(PairKind(pair.kind).name.lower() for pair in pairs)


def on_rank(sampler, rank, world_size):
    sampler.rank, sampler.world_size = rank, world_size
    return list(sampler)
