"""Worker processes are ended, those of this process alone."""

import multiprocessing
import os
import time

import pytest
from torch.utils.data import DataLoader

from avts_mm.engine.loops.workers import end_workers, kill_workers


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
