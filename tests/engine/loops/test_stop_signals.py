"""Signals to stop: noted, broken off for, agreed on; ends of workers."""

import multiprocessing
import os
import signal
import time

import pytest
import torch.distributed as dist
from torch.utils.data import DataLoader

from avts_mm.engine.loops import stop_signals
from avts_mm.engine.loops.stop_signals import (
    BrokenOffError,
    StopSignals,
    end_workers,
    kill_workers,
)


@pytest.fixture
def signals():
    before = [signal.getsignal(number) for number in StopSignals.NUMBERS]
    with StopSignals() as signals:
        yield signals
    for number, handler in zip(StopSignals.NUMBERS, before):
        signal.signal(number, handler)


def test_noted_and_broken_off(signals):
    with signals.breakable():
        pass
    assert not signals.agreed()
    with pytest.raises(BrokenOffError), signals.breakable():
        os.kill(os.getpid(), signal.SIGUSR1)
        pytest.fail('not broken off')
    assert signals.agreed()
    # A repetition disturbs nobody; later waiting is broken off at once.
    os.kill(os.getpid(), signal.SIGTERM)
    assert signals.received == signal.SIGUSR1
    with pytest.raises(BrokenOffError), signals.breakable():
        pytest.fail('not broken off')


def test_handlers_are_given_back():
    before = signal.getsignal(signal.SIGTERM)
    with StopSignals():
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_signal_while_ranks_agree_is_for_the_next_time(signals, monkeypatch):
    monkeypatch.setattr(stop_signals, 'get_world_size', lambda: 2)

    def interrupted(flag, *args, **kwargs):
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(dist, 'all_reduce', interrupted)
    assert not signals.agreed()
    assert signals.agreed()


def test_one_rank_tells_the_other(signals, monkeypatch):
    monkeypatch.setattr(stop_signals, 'get_world_size', lambda: 2)
    monkeypatch.setattr(
        dist, 'all_reduce', lambda flag, *a, **k: flag.fill_(signal.SIGTERM)
    )
    assert signals.agreed()
    assert signals.received is signal.SIGTERM


@pytest.fixture
def sleeper():
    process = multiprocessing.get_context('fork').Process(
        target=time.sleep, args=(600,), daemon=True
    )
    process.start()
    yield process
    process.kill()
    process.join()


def test_killed(sleeper):
    kill_workers()
    assert not sleeper.is_alive()


def test_those_of_a_parent_are_left_alone(sleeper):
    child = os.fork()
    if not child:
        try:
            kill_workers()
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
    assert sleeper.is_alive()


def test_workers_that_are_kept_are_ended():
    loader = DataLoader(range(4), num_workers=1, persistent_workers=True)
    before = set(multiprocessing.active_children())
    for _ in range(2):
        assert len(list(loader)) == 4
        (worker,) = set(multiprocessing.active_children()) - before
        end_workers(loader)
        assert not worker.is_alive()
    end_workers(loader)  # none is left
