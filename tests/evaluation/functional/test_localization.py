"""Does a map point at the body that is heard?"""

import numpy as np
import pytest

from avts_mm.evaluation.functional.localization import (
    Strike,
    pointing_chance,
    pointing_hits,
    share_of,
)


def test_hits_are_in_the_lane_at_the_step():
    maps = np.zeros((3, 2, 4))
    maps[0, 1, 3] = maps[1, 0, 0] = -1
    strikes = [
        Strike(0, 0.5, 1.0, True),
        Strike(0, 0.0, 0.5, True),
        Strike(1, 0.0, 0.5, False),
        # The place's middle, 0.125, lies beside the lane.
        Strike(1, 0.2, 0.6, False),
    ]
    assert pointing_hits(maps, strikes).tolist() == [True, False, True, False]
    assert pointing_chance(4, strikes).tolist() == [0.5, 0.5, 0.5, 0.25]
    assert len(pointing_hits(maps, [])) == 0


def test_chance_is_met_by_random_maps():
    rng = np.random.default_rng(0)
    maps = rng.normal(size=(4000, 3, 4))
    strikes = [Strike(step, 0.1, 0.45, True) for step in range(4000)]
    share, low, high = share_of(
        pointing_hits(maps, strikes), np.arange(4000) // 10
    )
    assert low < pointing_chance(4, strikes).mean() < high
    assert high - low == pytest.approx(4 * (0.25 / 4000) ** 0.5, rel=0.3)
    assert low < share < high
