"""Ranks and recalls against the plain definition."""

import itertools

import numpy as np
import pytest

from avts_mm.evaluation.functional import retrieval
from avts_mm.evaluation.functional.retrieval import (
    rank_gallery,
    retrieval_measures,
)


def embeddings(n=40, d=5, noise=1.0, seed=0):
    rng = np.random.default_rng(seed)
    video = rng.normal(size=(n, d)).astype(np.float32)
    audio = video + noise * rng.normal(size=(n, d)).astype(np.float32)
    return video, audio


@pytest.mark.parametrize('chunk', [1, 7, 100])
def test_ranks_are_those_of_sorting(chunk, monkeypatch):
    monkeypatch.setattr(retrieval, 'CHUNK_BYTES', 8 * 40 * chunk)
    video, audio = embeddings()
    groups = np.arange(40) // 4
    a, b = video.astype(float), audio.astype(float)
    order = np.linalg.norm(a[:, None] - b[None], axis=2).argsort(1)
    own = (order == np.arange(40)[:, None]).argmax(1) + 1
    same = (groups[order] == groups[:, None]).argmax(1) + 1

    clip, any_clip = rank_gallery(video, audio, groups)
    np.testing.assert_array_equal(clip.ranks(), own)
    np.testing.assert_array_equal(any_clip.ranks(), same)
    for k in (1, 5, 10):
        np.testing.assert_allclose(clip.hits(k), own <= k)
        np.testing.assert_allclose(any_clip.hits(k), same <= k)
    found = retrieval_measures(clip)['metrics']
    assert found['R@5'] == pytest.approx(np.mean(own <= 5))
    assert found['median_rank'] == np.median(own)
    assert (same <= own).all() and (same < own).any()


def test_ties_count_as_their_random_order():
    """All orders of the tied items, one by one."""
    query = np.zeros((5, 1))
    # From clip 0: one closer, then itself with two others, then one farther.
    gallery = np.array([[2.0], [1.0], [-2.0], [2.0], [3.0]])
    groups = np.array([0, 1, 0, 2, 3])
    clip, video = rank_gallery(query, gallery, groups)
    orders = list(itertools.permutations([0, 2, 3]))
    own = [2 + order.index(0) for order in orders]
    same = [2 + min(order.index(0), order.index(2)) for order in orders]
    for ranking, ranks in ((clip, own), (video, same)):
        assert ranking.ranks()[0] == pytest.approx(np.mean(ranks))
        for k in range(1, 6):
            expected = np.mean([rank <= k for rank in ranks])
            assert ranking.hits(k)[0] == pytest.approx(expected)


def test_a_collapsed_model_is_at_chance(monkeypatch):
    monkeypatch.setattr(retrieval, 'CHUNK_BYTES', 8 * 101 * 10)
    rng = np.random.default_rng(0)
    # Equal rows of a length that rounds differently at different places.
    same = np.repeat(rng.normal(size=(1, 33)), 101, axis=0)
    groups = np.arange(101) // 3
    for ranking in rank_gallery(same, same * 1.1, groups):
        found = retrieval_measures(ranking, ks=(1, 5, 200))
        for name, value in found['metrics'].items():
            if name.startswith('R@'):
                assert value == pytest.approx(found['chance'][name])
        assert found['metrics']['R@200'] == 1
    assert ranking.chance(1) == pytest.approx((33 * 9 + 4) / 101**2)


def test_chance_of_the_median_rank():
    video, audio = embeddings(12)
    clip, any_clip = rank_gallery(video, audio, np.arange(12) // 3)
    assert clip.chance_rank() == 6.5
    rng = np.random.default_rng(0)
    first = [rng.permutation(12)[:3].min() + 1 for _ in range(4000)]
    assert any_clip.chance_rank() == np.median(first)


def test_perfect_and_reversed_direction():
    video, audio = embeddings(30, noise=0.0)
    clip, _ = rank_gallery(video, audio)
    found = retrieval_measures(clip)
    assert found['metrics'] == {
        'R@1': 1.0,
        'R@5': 1.0,
        'R@10': 1.0,
        'median_rank': 1.0,
    }
    low, high = found['intervals']['R@1']
    assert 0.85 < low < 0.95 and high == 1
    assert found['intervals']['median_rank'] == (1, 1)
    assert found['chance']['R@5'] == pytest.approx(5 / 30)


def test_intervals_widen_when_clips_repeat():
    video, audio = embeddings(40, noise=1.0)
    alone, _ = rank_gallery(video, audio)
    # Four near copies of each clip are no four independent clips.
    jitter = np.random.default_rng(1).normal(size=(160, 5)) * 1e-3
    copies = np.repeat(video, 4, 0) + jitter, np.repeat(audio, 4, 0) + jitter
    _, video_level = rank_gallery(*copies, np.repeat(np.arange(40), 4))
    single = retrieval_measures(alone)['intervals']['R@1']
    repeated = retrieval_measures(video_level)['intervals']['R@1']
    assert np.ptp(repeated) > 0.8 * np.ptp(single)


def test_large_galleries_are_done_in_parts(monkeypatch):
    import tracemalloc

    monkeypatch.setattr(retrieval, 'CHUNK_BYTES', 2**20)
    video, audio = embeddings(4000, 8)
    tracemalloc.start()
    rank_gallery(video, audio)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4000**2  # a tenth of the matrix and less


def test_bad_input():
    video, audio = embeddings()
    with pytest.raises(ValueError, match=r'\(40, 5\) and \(39, 5\)'):
        rank_gallery(video, audio[1:])
    with pytest.raises(ValueError, match='groups'):
        rank_gallery(video, audio, [0])
    video[3, 2] = np.nan
    with pytest.raises(ValueError, match='finite'):
        rank_gallery(video, audio)
