"""The plan of an epoch: exact mixes, ranks, epochs, what is left out."""

from collections import Counter
from itertools import chain
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmaction.registry import DATA_SAMPLERS

from avts_mm.datasets import (
    AVPair,
    AVPairSampler,
    AVPairTestSampler,
    PairKind,
)
from avts_mm.datasets.mix import mix_pattern
from avts_mm.datasets.pairs import PairTiming


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


@pytest.mark.parametrize(
    'mix, period, expected',
    [
        (dict(easy=1), 2, dict(positive=1, easy=1)),
        (dict(hard=5), 2, dict(positive=1, hard=1)),
        (dict(easy=3, hard=1), 8, dict(positive=4, easy=3, hard=1)),
        (dict(easy=0.75, hard=0.25), 8, dict(positive=4, easy=3, hard=1)),
        (dict(easy=1, hard=1), 4, dict(positive=2, easy=1, hard=1)),
        (dict(easy=2, hard=1), 6, dict(positive=3, easy=2, hard=1)),
        (
            dict(easy=2, hard=1, super_hard=1),
            8,
            dict(positive=4, easy=2, hard=1, super_hard=1),
        ),
    ],
)
def test_batches_have_exact_counts(mix, period, expected):
    assert len(mix_pattern(mix)) == period
    sampler = AVPairSampler(videos(64), seed=1, mix=mix)
    pairs = list(sampler)
    assert len(pairs) == len(sampler)
    for size in (period, 2 * period, 3 * period):
        for begin in range(0, len(pairs) - size + 1, 3):  # any window
            window = counts(pairs[begin : begin + size])
            assert window == {
                k: n * size / period for k, n in expected.items()
            }


def test_pairs_are_what_their_kind_says():
    sampler = AVPairSampler(
        videos(64), seed=0, mix=dict(easy=1, hard=1, super_hard=2)
    )
    for pair in sampler:
        assert isinstance(pair, AVPair)
        assert all(type(value) is int for value in pair)
        same = pair.video == pair.audio
        assert same == (pair.kind != PairKind.EASY)
    assert len({pair.seed for pair in sampler}) == len(sampler)


def test_every_video_once_an_epoch():
    sampler = AVPairSampler(videos(64), seed=0)
    assert sorted(pair.video for pair in sampler) == list(range(64))
    twice = AVPairSampler(videos(64), seed=0, pairs_per_video=2)
    assert set(Counter(p.video for p in twice).values()) == {2}


def test_partners_are_uniform_over_other_videos():
    sampler = AVPairSampler(videos(8), seed=0, pairs_per_video=2000)
    easy = [pair for pair in sampler if pair.kind == PairKind.EASY]
    table = np.zeros((8, 8), int)
    for pair in easy:
        table[pair.video, pair.audio] += 1
    assert (np.diag(table) == 0).all()
    others = table[~np.eye(8, dtype=bool)]
    # 8000 over 56 cells: 143 each, standard deviation 12.
    assert others.min() > 143 - 50 and others.max() < 143 + 50


def test_partner_is_of_another_file():
    # Records 2i and 2i + 1 are cut from one video.
    data = Videos(np.full(8, 10.0), video_ids=np.arange(8) // 2)
    sampler = AVPairSampler(data, seed=3, pairs_per_video=50)
    easy = [pair for pair in sampler if pair.kind == PairKind.EASY]
    assert all(pair.video // 2 != pair.audio // 2 for pair in easy)
    one = Videos(np.full(8, 10.0), video_ids=np.zeros(8, int))
    with pytest.raises(ValueError, match='different video'):
        list(AVPairSampler(one, seed=3))
    assert len(list(AVPairSampler(one, seed=3, mix=dict(hard=1)))) == 8


def test_a_function_of_seed_and_epoch():
    def plan(seed, epoch):
        sampler = AVPairSampler(videos(64), seed=seed)
        sampler.set_epoch(epoch)
        return list(sampler)

    assert plan(1, 2) == plan(1, 2)
    assert plan(1, 2) != plan(1, 3)
    assert plan(1, 2) != plan(2, 2)
    sampler = AVPairSampler(videos(64), seed=1)
    assert list(sampler) == list(sampler)
    assert list(sampler.iter_from(40)) == list(sampler)[40:]


def test_set_mix():
    sampler = AVPairSampler(videos(64), seed=1)
    length = len(sampler)
    sampler.set_mix(dict(easy=3, hard=1))
    pairs = list(sampler)
    assert counts(pairs) == dict(positive=32, easy=24, hard=8)
    assert len(sampler) == len(pairs) == length
    fresh = AVPairSampler(videos(64), seed=1, mix=dict(easy=3, hard=1))
    assert list(fresh) == pairs
    with pytest.raises(ValueError, match='unknown kind'):
        sampler.set_mix(dict(harder=1))
    assert list(sampler) == pairs


@pytest.mark.parametrize('mix', [dict(easy=1), dict(easy=3, hard=1)])
@pytest.mark.parametrize('world_size', [2, 4])
@pytest.mark.parametrize('number', [256, 253])
def test_ranks_share_the_work(mix, world_size, number):
    sampler = AVPairSampler(videos(number), seed=1, mix=mix)
    alone = list(sampler)
    parts = [on_rank(sampler, r, world_size) for r in range(world_size)]
    length = number // (8 * world_size) * 8
    assert {len(part) for part in parts} == {length}
    # Disjoint, and together the epoch of one process, but for what does not
    # go into whole batches.
    assert sorted(chain(*parts)) == sorted(alone[: length * world_size])
    # Together one step's batches are the batch of one process.
    size = 8
    for step in range(length // size):
        union = [p for part in parts for p in part[step * size :][:size]]
        whole = alone[step * size * world_size :][: size * world_size]
        assert sorted(union) == sorted(whole)
        for part in parts:
            batch = counts(part[step * size :][:size])
            assert batch['positive'] == 4
            assert batch['hard'] == (1 if 'hard' in mix else 0)


@pytest.mark.parametrize(
    'number, world_size, expected',
    [(63, 1, 56), (64, 1, 64), (5, 1, 8), (100, 4, 24), (3, 2, 8)],
)
def test_length(number, world_size, expected):
    sampler = AVPairSampler(videos(number), seed=0)
    for rank in range(world_size):
        pairs = on_rank(sampler, rank, world_size)
        assert len(pairs) == len(sampler) == expected
        assert counts(pairs)['positive'] == expected / 2


def test_length_of_a_sliced_dataset():
    # What mmengine wraps a dataset in for num_batch_per_epoch.
    from mmengine.runner.runner import _SlicedDataset

    sampler = AVPairSampler(_SlicedDataset(videos(64), 16), seed=0)
    assert len(sampler) == len(list(sampler)) == 16
    seen = set()
    for epoch in range(20):
        sampler.set_epoch(epoch)
        seen |= {pair.video for pair in sampler}
    assert len(seen) > 60


def test_a_period_that_does_not_fit_keeps_the_length():
    sampler = AVPairSampler(videos(64), seed=0)
    sampler.set_mix(dict(easy=2, hard=1))  # period 6
    pairs = list(sampler)
    assert len(pairs) == len(sampler) == 64
    assert counts(pairs[:60]) == dict(positive=30, easy=20, hard=10)


def test_short_videos_are_left_out_and_reported(printed):
    durations = np.full(64, 10.0)
    durations[::4] = 2.0
    sampler = AVPairSampler(Videos(durations), seed=0)
    assert len(list(sampler)) == 64
    assert not printed
    sampler.set_mix(dict(easy=3, hard=1))
    assert len(printed) == 1
    assert '16 of 64 videos are shorter than the 2.5 s' in printed[0]
    assert 'v0.mp4 (2 s)' in printed[0]
    pairs = list(sampler)
    sampler.set_mix(dict(easy=3, hard=1))
    assert len(printed) == 1
    # None in any kind of pair, so that a short video tells nothing.
    assert {p.video % 4 for p in pairs} | {p.audio % 4 for p in pairs} == {
        1,
        2,
        3,
    }
    # The epoch stays as long: the others come more often, evenly.
    assert len(pairs) == 64
    times = Counter(pair.video for pair in pairs)
    assert len(times) == 48 and set(times.values()) == {1, 2}


def test_no_video_long_enough():
    with pytest.raises(ValueError, match=r'none of the 4 videos .* 2.5 s'):
        AVPairSampler(videos(4, 2.0), seed=0, mix=dict(hard=1))


def test_wrong_arguments():
    with pytest.raises(TypeError, match='AVPairDataset'):
        AVPairSampler([1, 2, 3], seed=0)
    with pytest.raises(ValueError, match='at least 1'):
        AVPairSampler(videos(), seed=0, pairs_per_video=0)
    for wrong, message in (
        (dict(kinds=('easy', 'easy')), 'name each kind once'),
        (dict(kinds=('positive', 'soft')), 'unknown kind'),
        (dict(clips_per_video=0), 'clips_per_video'),
    ):
        with pytest.raises(ValueError, match=message):
            AVPairTestSampler(videos(), **wrong)


def test_built_as_the_runner_builds_it():
    sampler = DATA_SAMPLERS.build(
        dict(type='AVPairSampler', mix=dict(easy=3, hard=1)),
        default_args=dict(dataset=videos(64), seed=7),
    )
    assert (sampler.seed, len(sampler.pattern)) == (7, 8)
    assert AVPairSampler(videos(), seed=None).seed >= 0
    # Test pairs are the same for every seed of a run.
    sampler = DATA_SAMPLERS.build(
        dict(type='AVPairTestSampler', seed=0),
        default_args=dict(dataset=videos(64), seed=7),
    )
    assert sampler.seed == 0


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


def test_several_moments_of_a_video_are_one_sample():
    sampler = AVPairSampler(videos(16), 0, dict(hard=1), clips_per_video=2)
    pairs = list(sampler)
    assert len(pairs) == 16 and {pair.clips for pair in pairs} == {2}
    assert counts(pairs) == dict(positive=16)
    assert all(pair.audio == pair.video for pair in pairs)
    assert sorted(pair.video for pair in pairs) == list(range(16))
    # Ranks are disjoint, and together one process.
    halves = [on_rank(sampler, rank, 2) for rank in (0, 1)]
    assert list(chain(*zip(*halves))) == pairs
    # A mix with hard negatives leaves out what is too short for two moments.
    short = Videos([10.0] * 8 + [2.0] * 8)
    hard = AVPairSampler(short, 0, dict(hard=1), clips_per_video=2)
    assert {pair.video for pair in hard} == set(range(8))
    hard.set_mix(dict(easy=1))
    assert {pair.video for pair in hard} == set(range(16))


def several(*numbers, seconds=10.0):
    """Videos of several corpora."""
    data = videos(sum(numbers), seconds)
    data.corpora = np.repeat(np.arange(len(numbers)), numbers)
    return data


@pytest.mark.parametrize('test', [False, True])
def test_easy_negatives_of_any_corpus_or_of_the_same(test):
    def partners(**kwargs):
        data = several(100, 50, 10)
        kinds = dict(kinds=['easy']) if test else dict(pairs_per_video=8)
        kind = AVPairTestSampler if test else AVPairSampler
        plan = kind(data, seed=0, **kinds, **kwargs).epoch_plan()
        plan = plan.take(plan.kind == PairKind.EASY)
        assert (plan.audio != plan.video).all()
        return data.corpora[plan.video], data.corpora[plan.audio]

    video, audio = partners(easy_same_corpus=True)
    assert (video == audio).all()
    assert set(video) == {0, 1, 2}
    video, audio = partners()
    assert 0.3 < (video == audio).mean() < 0.7


def test_one_corpus_is_planned_as_ever():
    data = videos(48)
    plans = [
        AVPairSampler(some, seed=3, **kwargs).plan()
        for some in (data, several(48))
        for kwargs in ({}, dict(easy_same_corpus=True))
    ]
    for plan in plans[1:]:
        assert all(map(np.array_equal, plan, plans[0]))


def test_shares_of_corpora():
    data = several(640, 64, 320)
    sampler = AVPairSampler(data, seed=0, corpus_weights=[1, 2, 0])
    assert len(sampler) == 1024
    plan = sampler.plan()
    video = data.corpora[plan.video]
    assert np.bincount(video, minlength=3).tolist() == [341, 683, 0]
    # Each video as often as another of its corpus, in any order.
    counts = np.bincount(plan.video, minlength=1024)
    assert set(counts[:640]) == {0, 1}
    assert set(counts[640:704]) == {10, 11}
    assert 250 < (video[:512] == 1).sum() < 400
    # A batch still has its exact counts, and the next epoch other pairs.
    kinds = plan.kind.reshape(-1, 8)
    assert ((kinds == PairKind.POSITIVE).sum(1) == 4).all()
    sampler.set_epoch(1)
    assert (sampler.plan().video != plan.video).any()
    # Sounds come from everywhere that easy negatives may come from.
    easy = plan.kind == PairKind.EASY
    assert (data.corpora[plan.audio[easy]] == 2).any()


@pytest.mark.parametrize(
    'weights', [[1], [1, 2, 3], [1, -1], [0, 0], [np.nan, 1], [np.inf, 1]]
)
def test_wrong_weights(weights):
    with pytest.raises(ValueError, match='must be 2 numbers from 0'):
        AVPairSampler(several(8, 8), corpus_weights=weights)


def test_corpora_that_are_too_small():
    data = several(8, 1)
    with pytest.raises(ValueError, match='video of the same corpus'):
        list(AVPairSampler(data, seed=0, easy_same_corpus=True))
    list(AVPairSampler(data, seed=0))
    data.durations[8] = 1.5
    with pytest.raises(ValueError, match='corpus 1 has a weight, but no'):
        list(
            AVPairSampler(
                data, seed=0, mix=dict(hard=1), corpus_weights=[1, 1]
            )
        )


def test_a_concatenated_dataset_is_told_how_to():
    with pytest.raises(TypeError, match=r'ann_file=\[...\]'):
        AVPairSampler(torch.utils.data.ConcatDataset([[1], [2]]))
