"""Patterns of kinds."""

import numpy as np
import pytest

from avts_mm.datasets.pair_plan import mix_pattern
from avts_mm.datasets.pairs import PairKind


def test_kinds_are_spread_out():
    pattern = np.tile(mix_pattern(dict(easy=3, hard=1)), 4)
    for size in range(2, 16):
        for begin in range(len(pattern) - size):
            window = pattern[begin : begin + size]
            positives = (window == PairKind.POSITIVE).sum()
            assert abs(positives - size / 2) <= 1.5
            assert abs((window == PairKind.HARD).sum() - size / 8) <= 1.5


@pytest.mark.parametrize(
    'mix', [dict(easy=3, hard=1), dict(easy=90, hard=9, super_hard=1)]
)
def test_no_kind_is_ever_more_than_a_pair_behind_its_share(mix):
    pattern = mix_pattern(mix)
    places = np.arange(len(pattern)) + 1
    for kind in np.unique(pattern):
        given = np.cumsum(pattern == kind)
        share = given[-1] / len(pattern)
        behind = np.abs(given - places * share).max()
        assert behind <= (0.5 if len(mix) == 2 else 1)


def test_too_fine_a_mix_is_refused():
    with pytest.raises(ValueError, match='simpler ratios'):
        mix_pattern(dict(easy=1000, hard=1))
    with pytest.raises(ValueError, match='simpler ratios'):
        mix_pattern(dict(easy=1, hard=1e-9))


@pytest.mark.parametrize(
    'mix, sounds, expected',
    [
        (dict(easy=1), 2, [[0, 1]]),
        (dict(easy=1), 4, [[0, 1, 1, 1]]),
        (dict(easy=1, hard=1), 3, [[0, 1, 2]]),
        (dict(easy=1, hard=1), 2, [[0, 1], [0, 2]]),
        (dict(easy=3, hard=1), 3, [[0, 1, 1], [0, 2, 1]]),
        (dict(easy=1, hard=1, super_hard=1), 4, [[0, 1, 2, 3]]),
    ],
)
def test_clips_with_several_sounds(mix, sounds, expected):
    pattern = mix_pattern(mix, sounds)
    assert np.sort(pattern, axis=1).tolist() == np.sort(expected, 1).tolist()
    assert (pattern[:, 0] == PairKind.POSITIVE).all()
    assert (pattern[:, 1:] != PairKind.POSITIVE).all()


def test_negatives_of_clips_follow_the_mix():
    for sounds in range(2, 9):
        pattern = mix_pattern(dict(easy=3, hard=1), sounds)
        hard = (pattern == PairKind.HARD).sum()
        assert hard * 4 == len(pattern) * (sounds - 1)
