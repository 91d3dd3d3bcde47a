"""The pairs that a model is judged on: fixed, whole clips on each rank."""

from itertools import chain

import numpy as np
import pytest
from bare_videos import Videos, counts, on_rank, videos
from mmaction.registry import DATA_SAMPLERS

from avts_mm.datasets import AVPairTestSampler


def test_test_pairs():
    durations = np.full(10, 6.0)
    durations[3] = 2.0
    sampler = AVPairTestSampler(Videos(durations), clips_per_video=2)
    pairs = list(sampler)
    assert pairs == list(sampler) and len(pairs) == len(sampler) == 9 * 2 * 3
    assert counts(pairs) == dict(positive=18, easy=18, hard=18)
    assert 3 not in {p.video for p in pairs} | {p.audio for p in pairs}
    for clip in zip(pairs[::3], pairs[1::3], pairs[2::3]):
        assert len({(p.video, p.seed) for p in clip}) == 1
        assert [p.kind for p in clip] == [0, 1, 2]
        positive, easy, hard = clip
        assert positive.audio == hard.audio == positive.video != easy.audio
    assert len({p.seed for p in pairs}) == 18
    other = AVPairTestSampler(Videos(durations), clips_per_video=2, seed=1)
    assert list(other) != pairs


def test_test_pairs_over_ranks():
    sampler = AVPairTestSampler(videos(9))
    alone = list(sampler)
    parts = [on_rank(sampler, rank, 4) for rank in range(4)]
    assert [len(part) for part in parts] == [9] * 4  # 3 clips of 3 kinds
    assert set(chain(*parts)) == set(alone)
    for part in parts:
        assert counts(part) == dict(positive=3, easy=3, hard=3)
    more_ranks_than_clips = AVPairTestSampler(videos(2))
    assert len(on_rank(more_ranks_than_clips, 3, 4)) == 3


def test_seed_of_the_config_counts():
    sampler = DATA_SAMPLERS.build(
        dict(type='AVPairTestSampler', seed=0),
        default_args=dict(dataset=videos(64), seed=7),
    )
    assert sampler.seed == 0


def test_wrong_arguments():
    with pytest.raises(ValueError, match='name each kind once'):
        AVPairTestSampler(videos(), kinds=('easy', 'easy'))
    with pytest.raises(ValueError, match='unknown kind'):
        AVPairTestSampler(videos(), kinds=('positive', 'soft'))
    with pytest.raises(ValueError, match='clips_per_video'):
        AVPairTestSampler(videos(), clips_per_video=0)
