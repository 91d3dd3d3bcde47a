"""A training that goes wrong says so once, and stops if told to."""

import json
import os
import re

import pytest
import torch
from mmengine.hooks import Hook, LoggerHook
from mmengine.model import BaseModel

from avts_mm.engine import HealthHook, SickTrainingError
from avts_mm.engine.hooks import health_hook
from avts_mm.models import AVContrastiveHead

STEPS = 24  # 6 epochs of toy_runner


class TwoTowers(BaseModel):
    """Towers of a layer each, and what can go wrong with them."""

    def __init__(self, sick='', since=0, until=10**9):
        super().__init__()
        self.video_backbone = torch.nn.Linear(1, 4)
        self.audio_backbone = torch.nn.Linear(1, 4)
        self.register_buffer('mean', torch.zeros(1))
        self.head = AVContrastiveHead()
        self.sick, self.since, self.until = sick, since, until
        self.steps = 0

    def forward(self, inputs, data_samples=None, mode='tensor'):
        sick = self.sick if self.since <= self.steps < self.until else ''
        self.steps += 1
        noise = torch.randn(len(inputs), 1)
        video = self.video_backbone(noise)
        audio = self.audio_backbone(torch.randn(len(inputs), 1))
        if sick == 'dead_tower':
            audio = torch.relu(audio - 1e6)
        if sick == 'detached':
            audio = audio.detach()
        target = torch.arange(len(inputs)) % 2
        losses = self.head.loss(video, audio, target)
        if sick == 'collapse' or (sick == 'mostly' and self.steps % 4):
            losses['distance_spread'] = torch.tensor(0.005)
        if sick == 'offset':
            losses['distance_spread'] = torch.tensor(0.005)
            losses['tower_offset'] = 5 * losses['tower_spread']
        if sick == 'nan':
            losses['loss'] = losses['loss'] * float('nan')
        if sick == 'odd':
            losses['loss'] = losses['loss'] + float('inf')
        if sick == 'statistics':
            losses['loss'] = losses['loss'] + float('inf')
            self.mean.fill_(float('nan'))
        return losses


@pytest.fixture
def train(toy_runner, tmp_path, monkeypatch):
    """Trains, and gives the warnings and what the board shows."""
    monkeypatch.setattr(health_hook, 'MAX_WAITING', 1.0)

    def run(sick='', since=0, until=10**9, model=None, **kwargs):
        model = model or TwoTowers(sick, since, until)
        options = dict(interval=2, patience=2)
        hook = HealthHook(**{**options, **kwargs.pop('health', {})})
        kwargs.setdefault('optim_wrapper', dict(optimizer=OPTIMIZER))
        runner = toy_runner(
            model=model,
            max_epochs=6,
            custom_hooks=[hook],
            **kwargs,
        )
        told = []
        runner.logger.warning = lambda text: (
            told.append(text) if is_ours(text) else None
        )
        try:
            runner.train()
        except SickTrainingError as error:
            told.append(error)
        board = max(
            tmp_path.glob('work/*/vis_data/scalars.json'), key=os.path.getmtime
        )
        lines = map(json.loads, board.read_text().splitlines())
        marks = [
            (key.removeprefix('warning/'), line['step'])
            for line in lines
            for key in line
            if key.startswith('warning/')
        ]
        return told, marks, runner

    return run


def is_ours(text):
    return re.search(r'\(iteration \d+, \w+\)$', text)


OPTIMIZER = dict(type='SGD', lr=0.01)


def saved(tmp_path):
    return sorted(p.name for p in tmp_path.glob('work/*.pth'))


def test_a_healthy_training_is_left_alone(train):
    told, marks, _ = train(health=dict(stop=['nan', 'collapse', 'dead_tower']))
    assert told == [] and marks == []


@pytest.mark.parametrize(
    'sick, words, step',
    [
        ('offset', 'For 4 iterations the means .* 5 times .*center=True', 4),
        ('collapse', 'For 4 iterations all distances .* 0.50% .*margin', 4),
        ('mostly', 'For 8 iterations .* mostly lain within 0.50%', 8),
        ('dead_tower', 'For 4 iterations no gradient .*audio_backbone', 4),
        ('detached', 'For 4 iterations no gradient .*audio_backbone', 4),
        ('nan', '2 of the last 2 losses.*weights .*not finite.*lower it', 2),
        ('odd', '2 of the last 2 losses are NaN or infinite. Most often', 2),
    ],
)
def test_each_is_told_once(train, sick, words, step):
    health = dict(interval=4) if sick == 'mostly' else {}
    told, marks, runner = train(sick, health=dict(stop=[], **health))
    kinds = dict(detached='dead_tower', odd='nan', mostly='collapse')
    kind = kinds.get(sick, sick)
    assert marks == [(kind, step)]
    assert len(told) == 1
    assert re.search(words, told[0])
    assert told[0].endswith(f'(iteration {step}, {kind})')
    assert runner.iter == STEPS


@pytest.mark.parametrize('kind', ['collapse', 'dead_tower', 'nan'])
def test_each_can_stop(train, kind, tmp_path):
    told, marks, runner = train(kind, since=9, health=dict(stop=[kind]))
    warning, error = told
    assert str(error).startswith(f'training stopped: {warning}')
    assert f'{kind!r} out of default_hooks.health.stop' in str(error)
    stopped = dict(nan=10, dead_tower=12, collapse=12)[kind]
    assert marks == [(kind, stopped)]
    assert runner.iter == stopped - 1
    # Nothing is saved any more.
    assert saved(tmp_path) == ['epoch_1.pth', 'epoch_2.pth']


def test_weights_that_are_nan_are_not_saved(train, tmp_path):
    """Epochs are shorter than the interval."""
    told, _, _ = train('nan', since=6, health=dict(interval=1000))
    assert '2 of the last 4 losses' in told[0]
    assert isinstance(told[-1], SickTrainingError)
    assert saved(tmp_path) == ['epoch_1.pth']


def test_a_passing_infinity_does_not_stop(train):
    told, marks, runner = train('odd', since=5, until=6)
    assert marks == [('nan', 6)] and len(told) == 1
    assert '1 of the last 2 losses' in told[0]
    assert runner.iter == STEPS


def test_statistics_that_are_lost_stop(train):
    told, _, runner = train('statistics', since=5, until=6)
    assert 'weights or statistics' in told[0]
    assert runner.iter == 5


def test_what_comes_and_goes_is_not_told(train):
    told, marks, _ = train('collapse', since=2, until=4)
    assert told == [] and marks == []


def test_a_tower_frozen_on_purpose(train):
    model = TwoTowers('dead_tower')
    model.audio_backbone.requires_grad_(False)
    told, marks, _ = train(model=model)
    assert told == [] and marks == []


class Timer(Hook):
    """Gives the times of IterTimerHook, whatever they were."""

    def __init__(self, waited):
        self.waited = waited

    def after_train_iter(self, runner, *args, **kwargs):
        times = dict(data_time=self.waited[runner.iter], time=1.0)
        for name, value in times.items():
            runner.message_hub.update_scalar(f'train/{name}', value)


@pytest.mark.parametrize(
    'waited, step',
    [
        ([0.49] * 24, 0),
        ([0.9, 0.9, 0.9] + [0.1] * 21, 0),  # until the workers have begun
        ([0.9, 0.9, 0.1, 0.1] * 6, 0),
        ([0.1] * 5 + [0.1, 0.95] * 9 + [0.1], 10),
    ],
)
def test_starvation(train, waited, step, monkeypatch):
    monkeypatch.setattr(health_hook, 'MAX_WAITING', 0.5)
    told, marks, _ = train(
        health=dict(stop=['starvation']),
        default_hooks=dict(timer=Timer(waited), logger=LoggerHook()),
    )
    assert marks == ([('starvation', step)] if step else [])
    if step:
        assert told[0].startswith('For 4 iterations 52% of the time')
        assert 'num_workers (now 0)' in told[0] and 'prepare_av' in told[0]
        assert isinstance(told[1], SickTrainingError)


def test_boards_that_take_text_get_it(train, tmp_path):
    pytest.importorskip('tensorboard')
    from tensorboard.backend.event_processing import event_accumulator

    kinds = ['LocalVisBackend', 'TensorboardVisBackend']
    train(
        'collapse',
        health=dict(stop=[]),
        visualizer=dict(
            type='Visualizer', vis_backends=[dict(type=k) for k in kinds]
        ),
    )
    (path,) = tmp_path.rglob('events.out.tfevents*')
    events = event_accumulator.EventAccumulator(str(path))
    events.Reload()
    (scalar,) = events.Scalars('warning/collapse')
    assert (scalar.step, scalar.value) == (4, 1.0)
    (text,) = events.Tensors('warning/collapse/text_summary')
    assert b'all distances' in text.tensor_proto.string_val[0]


def test_arguments():
    with pytest.raises(
        ValueError, match=r"nan, offset, collapse.*got \['sad'\]"
    ):
        HealthHook(stop=['sad'])
    with pytest.raises(ValueError, match="got 'nan'"):
        HealthHook(stop='nan')
