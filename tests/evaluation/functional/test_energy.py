"""Motion and loudness, without learning."""

import numpy as np
import pytest

from avts_mm.evaluation.functional.energy import energy_offset, energy_sums
from avts_mm.evaluation.functional.offset import estimate_offset


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


@pytest.mark.parametrize('late', [-7, 0, 12])
def test_with_a_confidence(late):
    rng = np.random.default_rng(0)
    events = rng.uniform(0.1, 1, 560)
    motion = events[30:530] * 10
    loudness = events[30 - 15 - late : 530 + 15 - late] ** 2
    found = estimate_offset(energy_sums(motion, loudness, 0.04))
    assert found.offset == pytest.approx(late * 0.04, abs=0.02)
    assert found.confidence == 1
    motion[:100], loudness[300:] = np.nan, np.nan
    found = estimate_offset(energy_sums(motion, loudness, 0.04))
    assert found.offset == pytest.approx(late * 0.04, abs=0.02)
    other = rng.uniform(0.1, 1, 530)
    assert estimate_offset(energy_sums(motion, other, 0.04)).offset is None


def test_no_motion_or_no_sound():
    for motion, loudness in (
        (np.zeros(0), np.zeros(10)),
        (np.full(50, np.nan), np.ones(60)),
        (np.ones(50), np.full(60, np.nan)),
    ):
        sums = energy_sums(motion, loudness, 0.04)
        assert sums.radius == 5
        assert estimate_offset(sums).offset is None
