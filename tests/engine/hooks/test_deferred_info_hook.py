"""What is logged is the same, but fetched rarely."""

import copy
import json
import math
from pathlib import Path
from types import SimpleNamespace as Space

import pytest
import torch
from mmengine.model import BaseModel

from avts_mm.engine import DeferredInfoHook
from avts_mm.engine.hooks import deferred_info_hook
from avts_mm.engine.hooks.deferred_info_hook import mean_loss


class Counting(BaseModel):
    """Its losses are the number of the step and of the batch's samples."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.step = 0

    def forward(self, inputs, data_samples=None, mode='tensor'):
        self.step += 1
        losses = dict(loss=self.weight.sum() * 0 + self.step / 3)
        if self.step % 2:
            losses['odd'] = torch.tensor(float(self.step))
        return losses


def train(toy_runner, tmp_path, kind, every, **checkpoint):
    runner = toy_runner(
        model=Counting(),
        work_dir=str(tmp_path / f'{kind}{every}'),
        max_epochs=2,
        log_processor=dict(window_size=3),
        default_hooks=dict(
            runtime_info=dict(type=kind),
            logger=dict(type='LoggerHook', interval=every),
            checkpoint=dict(type='CheckpointHook', **checkpoint),
        ),
    )
    runner.train()
    (log,) = Path(runner.work_dir).rglob('scalars.json')
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    for line in lines:
        for key in ('time', 'data_time'):
            line.pop(key)
    return runner, lines


@pytest.mark.parametrize('interval', [1, 3, 50])
def test_the_log_is_the_same(toy_runner, tmp_path, interval):
    _, expected = train(toy_runner, tmp_path, 'RuntimeInfoHook', interval)
    _, found = train(toy_runner, tmp_path, 'DeferredInfoHook', interval)
    assert found == expected
    assert len(found) >= 2 and 'loss' in found[0]


def test_losses_are_fetched_when_they_are_logged(
    toy_runner, tmp_path, monkeypatch
):
    asked = []
    fetch = DeferredInfoHook.fetch
    monkeypatch.setattr(
        DeferredInfoHook,
        'fetch',
        lambda self, runner: (
            asked.append(len(self._waiting)),
            fetch(self, runner),
        ),
    )
    runner, _ = train(toy_runner, tmp_path, 'DeferredInfoHook', 3)
    steps = len(runner.train_dataloader)
    assert steps % 3
    # Then those of the epoch's end, and once more for its checkpoint.
    fetched = [n for n in asked if n]
    assert fetched == ([3] * (steps // 3) + [steps % 3]) * 2


def test_a_checkpoint_within_an_epoch_has_all_losses(toy_runner, tmp_path):
    train(
        toy_runner,
        tmp_path,
        'DeferredInfoHook',
        50,
        interval=2,
        by_epoch=False,
    )
    (file,) = tmp_path.rglob('iter_2.pth')
    hub = torch.load(file)['message_hub']
    assert hub['log_scalars']['train/loss'].data[0].tolist() == [
        pytest.approx(1 / 3),
        pytest.approx(2 / 3),
    ]


def test_only_the_latest_values_are_kept(toy_runner, tmp_path, monkeypatch):
    monkeypatch.setattr(deferred_info_hook, 'KEEP', 4)
    runner, _ = train(toy_runner, tmp_path, 'DeferredInfoHook', 1)
    steps = runner.iter
    assert steps > 5
    scalars = runner.message_hub.log_scalars
    assert len(scalars['train/lr'].data[0]) == 4
    assert scalars['train/loss'].data[0].tolist() == [
        pytest.approx(step / 3) for step in range(steps - 3, steps + 1)
    ]


def test_the_mean_of_an_epoch(toy_runner, tmp_path, monkeypatch):
    def add_other_rank(both, op):
        assert op == 'sum'
        both += torch.tensor([13.0, 2.0])

    monkeypatch.setattr(deferred_info_hook, 'all_reduce', add_other_rank)
    runner, _ = train(toy_runner, tmp_path, 'DeferredInfoHook', 50)
    # Steps 5 to 8, with a loss of a third of their number.
    assert mean_loss(runner) == pytest.approx((26 / 3 + 13) / 6)


def test_the_mean_of_an_epoch_that_is_gone_on_with(toy_runner):
    hub = toy_runner().message_hub
    hook = DeferredInfoHook()
    runner = Space(epoch=0, iter=0, message_hub=hub)
    runner.model = runner.visualizer = None
    hook.before_train_epoch(runner)
    hub.runtime_info['epoch_loss'].update(total=2.0, count=1)
    state = copy.deepcopy(hub.state_dict())
    hub.runtime_info['epoch_loss'].update(total=7.0, count=2)
    hub.load_state_dict(state)
    hook.before_train_epoch(runner)
    hook._waiting = [dict(loss=torch.tensor(4.0))]
    hook.after_train_epoch(runner)
    assert mean_loss(runner) == 3.0
    # At the end of an epoch nothing is taken over.
    runner.epoch = 1
    hook.before_train_epoch(runner)
    hook.after_train_epoch(runner)
    assert math.isnan(mean_loss(runner))
