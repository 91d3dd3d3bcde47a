"""Loops that begin anywhere, validate what was left out, and tell why not."""

import multiprocessing
import signal
import time

import pytest
from mmengine.hooks import Hook
from mmengine.runner import Runner

from avts_mm.datasets import AVPair
from avts_mm.engine import SickTrainingError
from avts_mm.engine.loops.resumable_loops import PLACE, VALIDATED
from avts_mm.engine.loops.stop_signals import StopSignals, end_workers


class Notes(Hook):
    """Notes the batches and validations that there are."""

    def __init__(self):
        self.batches, self.validated = [], []

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        pairs = [tuple(s.pair) for s in data_batch['data_samples']]
        self.batches.append((runner.epoch, batch_idx, runner.iter, pairs))

    def before_val(self, runner):
        self.validated.append((runner.epoch, runner.iter))


@pytest.fixture(autouse=True)
def handlers():
    """A training that was stopped keeps its handlers."""
    before = {n: signal.getsignal(n) for n in StopSignals.NUMBERS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def run(toy_runner):
    """Trains from a place in the message hub; gives notes and the runner."""

    def make(
        epoch=0,
        iteration=0,
        hub=None,
        sampler=None,
        hooks=(),
        runners=None,
        **kwargs,
    ):
        notes = Notes()
        kwargs.setdefault(
            'train_cfg', dict(type='ResumableEpochLoop', max_epochs=3)
        )
        runner = toy_runner(
            custom_hooks=[notes, *hooks],
            sampler=dict(sampler or dict(type='AVPairSampler')),
            **kwargs,
        )

        class Place(Hook):
            priority = 'HIGHEST'

            def before_run(self, runner):
                runner.train_loop._epoch = epoch
                runner.train_loop._iter = iteration
                runner.message_hub.update_info_dict(hub or {})

        runner.register_hook(Place())
        if runners is not None:
            runners.append(runner)
        runner.train()
        return notes, runner

    return make


def test_begins_within_an_epoch(run):
    """32 pairs are 4 batches of 8; two of the second epoch are done."""
    whole, _ = run()
    place = {PLACE: dict(epoch=1, samples=16, seed=3)}
    rest, _ = run(epoch=1, iteration=6, hub=place)
    assert len(whole.batches) == 12
    assert rest.batches == whole.batches[6:]


def test_the_place_is_noted_for_checkpoints(run):
    class Places(Hook):
        places = []

        def after_train_iter(self, runner, *args, **kwargs):
            place = runner.message_hub.get_info(PLACE)
            self.places.append((place['epoch'], place['samples']))

    hooks = dict(places=Places(), logger=dict(type='LoggerHook'))
    run(default_hooks=hooks)
    assert Places.places == [
        (epoch, 8 * step) for epoch in range(3) for step in range(1, 5)
    ]


def test_after_the_last_batch_of_an_epoch(run):
    place = {PLACE: dict(epoch=1, samples=32, seed=3)}
    rest, runner = run(epoch=1, iteration=8, hub=place)
    assert [b[:3] for b in rest.batches] == [(2, i, 8 + i) for i in range(4)]
    assert (runner.epoch, runner.iter) == (3, 12)


def test_the_seed_of_the_sampler_is_that_of_the_checkpoint(run):
    one, _ = run(hub={PLACE: dict(epoch=-1, samples=0, seed=77)})
    other, _ = run()
    assert one.batches != other.batches
    again, _ = run(sampler=dict(type='AVPairSampler', seed=77))
    assert again.batches == one.batches


@pytest.fixture
def asked(toy_dataset, monkeypatch):
    """What the data set was asked for; here also numbers, as others give."""
    asked = []
    load = type(toy_dataset).__getitem__

    def count(self, index):
        asked.append(index)
        if not isinstance(index, AVPair):
            index = AVPair(int(index), int(index), 0, 5)
        return load(self, index)

    monkeypatch.setattr(type(toy_dataset), '__getitem__', count)
    return asked


@pytest.mark.parametrize(
    ('sampler', 'loop'),
    [
        (
            dict(type='AVPairSampler', pairs_per_video=25_010),
            dict(type='ResumableEpochLoop', max_epochs=1),
        ),
        (
            dict(type='InfiniteSampler'),
            dict(type='ResumableIterLoop', max_iters=100_010),
        ),
    ],
)
def test_nothing_consumed_is_read_after_100000_iterations(
    sampler, loop, toy_runner, asked
):
    runner = toy_runner(train_cfg=loop, sampler=sampler, workers=0)
    begin = []

    class Place(Hook):
        def before_run(self, runner):
            runner.train_loop._iter = 100_000
            place = dict(epoch=0, samples=800_000, seed=3)
            runner.message_hub.update_info(PLACE, place)
            begin.append(time.process_time())

        def before_train_iter(self, runner, batch_idx, data_batch=None):
            assert batch_idx == runner.iter
            begin.append(time.process_time())

    runner.register_hook(Place())
    runner.train()
    assert runner.iter in (100_010, 100_040)
    assert len(asked) == 8 * (runner.iter - 100_000)
    assert begin[1] - begin[0] < 5


def test_the_validation_that_was_missed(run, toy_val):
    notes, _ = run(epoch=2, iteration=8, **toy_val)
    assert notes.validated == [(2, 8), (3, 12)]
    notes, _ = run(epoch=2, iteration=8, hub={VALIDATED: 2}, **toy_val)
    assert notes.validated == [(3, 12)]
    notes, _ = run(**toy_val)
    assert notes.validated == [(1, 4), (2, 8), (3, 12)]


@pytest.mark.parametrize(
    ('train_cfg', 'sampler'),
    [
        (dict(type='ResumableEpochLoop', max_epochs=2), 'AVPairSampler'),
        (dict(type='ResumableIterLoop', max_iters=6), 'InfiniteSampler'),
    ],
)
def test_no_worker_is_left(run, toy_val, asked, train_cfg, sampler):
    toy_val['val_dataloader'].update(num_workers=1, persistent_workers=True)
    before = set(multiprocessing.active_children())
    _, runner = run(
        train_cfg=train_cfg, sampler=dict(type=sampler), workers=2, **toy_val
    )
    assert not set(multiprocessing.active_children()) - before
    # The loaders can be used again.
    runner._val_loop.run()
    assert len(set(multiprocessing.active_children()) - before) == 1
    end_workers(runner._val_loop.dataloader)


@pytest.mark.parametrize('persistent', [True, False])
def test_no_worker_is_left_after_an_error(run, persistent, monkeypatch):
    build = Runner.build_dataloader

    def other(loader, *args, **kwargs):
        loader = dict(loader, persistent_workers=persistent)
        return build(loader, *args, **kwargs)

    monkeypatch.setattr(Runner, 'build_dataloader', staticmethod(other))

    class Error(Hook):
        def after_train_iter(self, runner, batch_idx, **kwargs):
            raise RuntimeError('broken')

    before = set(multiprocessing.active_children())
    with pytest.raises(RuntimeError, match='broken'):
        run(hooks=[Error()], workers=1)
    assert not set(multiprocessing.active_children()) - before


def test_iterations_need_an_endless_sampler(run):
    with pytest.raises(TypeError, match=r'InfiniteSampler.*got AVPairSampler'):
        run(train_cfg=dict(type='ResumableIterLoop', max_iters=4))


def test_no_stop_between_accumulated_gradients(run):
    optimizer = dict(type='SGD', lr=1.0)

    class Signal(Hook):
        def after_train_iter(self, runner, batch_idx, **kwargs):
            if runner.iter == 4:
                runner.train_loop.signals.received = signal.SIGTERM

    stopped = []
    with pytest.raises(SystemExit) as stop:
        run(
            optim_wrapper=dict(optimizer=optimizer, accumulative_counts=3),
            hooks=[Signal()],
            runners=stopped,
        )
    assert stop.value.code == 75
    # Five iterations were done; the sixth completes the sum.
    assert stopped[0].iter == 6


@pytest.mark.parametrize('part', ['train', 'val'])
def test_without_a_batch_there_is_no_training(toy_runner, toy_val, part):
    runner = toy_runner(
        **toy_val, train_cfg=dict(type='ResumableEpochLoop', max_epochs=3)
    )
    loader = getattr(runner, f'_{part}_dataloader')
    loader.update(batch_size=500, drop_last=True)
    match = rf'{part}_dataloader: \d+ samples make no batch of batch_size=500'
    with pytest.raises(SickTrainingError, match=match):
        runner.train()
