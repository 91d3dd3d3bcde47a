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


def test_too_fine_a_mix_is_refused():
    with pytest.raises(ValueError, match='simpler ratios'):
        mix_pattern(dict(easy=1000, hard=1))
    with pytest.raises(ValueError, match='simpler ratios'):
        mix_pattern(dict(easy=1, hard=1e-9))
