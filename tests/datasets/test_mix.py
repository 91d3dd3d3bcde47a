"""Mixes of negatives, and the patterns of kinds that have them."""

from fractions import Fraction

import numpy as np
import pytest

from avts_mm.datasets.mix import mix_pattern, parse_mix
from avts_mm.datasets.pairs import PairKind


@pytest.mark.parametrize(
    'mix',
    [
        dict(easy=3, hard=1),
        dict(hard=0.25, easy=0.75),
        dict(easy=Fraction(3), hard=Fraction(1), super_hard=0),
        {PairKind.EASY: 0.3, PairKind.HARD: 0.1},
    ],
)
def test_parse_mix(mix):
    shares = parse_mix(mix)
    assert shares == {
        PairKind.EASY: Fraction(3, 4),
        PairKind.HARD: Fraction(1, 4),
    }
    assert list(shares) == [PairKind.EASY, PairKind.HARD]


def test_parse_mix_of_thirds():
    assert parse_mix(dict(easy=1 / 3, hard=2 / 3))[PairKind.EASY] == Fraction(
        1, 3
    )


@pytest.mark.parametrize(
    'mix, message',
    [
        (dict(esay=1), 'unknown kind'),
        (dict(positive=1, easy=1), 'always one half'),
        (dict(easy=-1), 'negative'),
        (dict(easy=0, hard=0), 'no share above 0'),
        (dict(), 'should be a dict'),
        ('easy', 'should be a dict'),
        (dict(easy=float('nan')), 'finite number'),
        (dict(easy=float('inf')), 'finite number'),
        (dict(easy='many'), 'finite number'),
        (dict(easy=None), 'finite number'),
    ],
)
def test_parse_mix_refuses(mix, message):
    with pytest.raises(ValueError, match=message):
        parse_mix(mix)


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
