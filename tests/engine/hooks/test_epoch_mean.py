"""Means over an epoch."""

import math
from types import SimpleNamespace

import pytest
import torch
from mmengine.logging import MessageHub

from avts_mm.engine.hooks.epoch_mean import EpochMean


@pytest.fixture
def runner(request):
    hub = MessageHub(request.node.name)
    return SimpleNamespace(epoch=0, message_hub=hub)


def test_mean_of_an_epoch(monkeypatch, runner):
    mean = EpochMean('loss')
    mean.begin(runner)
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
    runner.epoch = 1
    mean.begin(runner)
    assert mean.result() == pytest.approx(13 / 2)


def test_goes_on_in_the_epoch_of_a_checkpoint(runner):
    mean = EpochMean('loss')
    mean.begin(runner)
    mean.add(2.0)
    resumed = MessageHub('resumed')
    resumed.load_state_dict(runner.message_hub.state_dict())
    mean.add(5.0)
    other = EpochMean('loss')
    other.begin(SimpleNamespace(epoch=0, message_hub=resumed))
    other.add(4.0)
    assert (mean.result(), other.result()) == (3.5, 3.0)
    # At the end of an epoch nothing is taken over.
    other.begin(SimpleNamespace(epoch=1, message_hub=resumed))
    assert math.isnan(other.result())
