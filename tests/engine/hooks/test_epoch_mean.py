"""Means over an epoch."""

import math

import pytest
import torch

from avts_mm.engine.hooks.epoch_mean import EpochMean


def test_mean_of_an_epoch(monkeypatch):
    mean = EpochMean()
    assert math.isnan(mean.result())
    for value in (1.0, torch.tensor(2.0, requires_grad=True), 4):
        mean.add(value)
    assert mean.result() == pytest.approx(7 / 3)

    def add_other_rank(both, op):
        assert op == 'sum'
        both += torch.tensor([13.0, 2.0])

    monkeypatch.setattr(
        'avts_mm.engine.hooks.epoch_mean.all_reduce',
        add_other_rank,
    )
    assert mean.result() == pytest.approx(20 / 5)
    mean.reset()
    assert mean.result() == pytest.approx(13 / 2)
