"""Motion and loudness that go together at a known shift."""

import numpy as np
import pytest

from avts_mm.evaluation.functional.offset_baseline import energy_offset


@pytest.mark.parametrize('late', [-7, 0, 12])
def test_known_shift(late):
    rng = np.random.default_rng(0)
    events = rng.uniform(0.1, 1, 140)
    motion = events[20:120] * 10
    loudness = events[20 - late : 120 - late] ** 2
    assert energy_offset(motion, loudness, 15, 0.04) == pytest.approx(
        late * 0.04
    )
    loudness[:30] = np.nan
    assert energy_offset(motion, loudness, 15, 0.04) == pytest.approx(
        late * 0.04
    )


def test_against_a_direct_correlation():
    rng = np.random.default_rng(1)
    motion, loudness = rng.uniform(0, 1, (2, 60))
    scores = {
        s: np.corrcoef(
            motion[max(0, -s) : 60 - max(0, s)],
            np.log(loudness[max(0, s) : 60 + min(0, s)]),
        )[0, 1]
        for s in range(-10, 11)
    }
    best = max(scores, key=scores.get)
    assert energy_offset(motion, loudness, 10, 0.04) == pytest.approx(
        best * 0.04
    )


def test_nothing_to_go_by():
    assert energy_offset(np.zeros(50), np.ones(50), 5, 0.04) == 0
    assert energy_offset(np.arange(3.0), np.ones(3), 5, 0.04) == 0
    assert energy_offset(np.zeros(0), np.zeros(0), 5, 0.04) == 0
