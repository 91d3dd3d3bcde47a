"""Signals that ask training to come to an end: SIGTERM and SIGUSR1.

Schedulers send them some time before they kill: Slurm at a job's time limit
or with ``--signal``, spot machines and Kubernetes before they are taken away,
torchrun when one of its processes has ended. The workers of data loaders,
which get them too, are ended here.
"""

import atexit
import contextlib
import functools
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from typing import Any

import torch
import torch.distributed as dist
from mmengine.dist import get_world_size
from torch.utils.data import DataLoader

#: What a training that was asked to stop, and has saved, exits with:
#: EX_TEMPFAIL of sysexits.h, "try again later".
STOPPED = 75


class BrokenOffError(BaseException):
    """A signal broke off waiting; no Exception, which readers would catch."""


class StopSignals:
    """Notes a signal to stop; at it for the time of a ``with`` block.

    Attributes:
        received (signal.Signals, optional): The first one.
    """

    NUMBERS = (signal.SIGTERM, signal.SIGUSR1)

    def __init__(self) -> None:
        self.received: signal.Signals | None = None
        self._breakable = False
        self._previous: dict = {}
        self._group = None

    def __enter__(self) -> 'StopSignals':
        # Ranks agree on the CPU, without waiting for the GPU.
        if get_world_size() > 1 and dist.get_backend() != 'gloo':
            self._group = dist.new_group(backend='gloo')
        if threading.current_thread() is threading.main_thread():
            for number in self.NUMBERS:
                self._previous[number] = signal.signal(number, self._note)
            atexit.register(kill_workers)
        return self

    def __exit__(self, *exc_info) -> None:
        if self.received:
            return  # schedulers repeat it while the process is leaving
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        self._previous.clear()

    def _note(self, number: int, frame) -> None:
        self.received = self.received or signal.Signals(number)
        if self._breakable:
            self._breakable = False
            raise BrokenOffError

    @contextlib.contextmanager
    def breakable(self) -> Iterator[None]:
        """A block that a signal breaks off, even one that came before.

        Raises:
            BrokenOffError: A signal came.
        """
        try:
            self._breakable = True
            if self.received:
                raise BrokenOffError
            yield
        finally:
            self._breakable = False

    def agreed(self) -> bool:
        """Whether any rank was asked to stop; a collective call."""
        if get_world_size() == 1:
            return self.received is not None
        flag = torch.tensor(int(self.received or 0))
        dist.all_reduce(flag, dist.ReduceOp.MAX, group=self._group)
        # Not what came meanwhile: the other ranks do not know of it.
        if not flag:
            return False
        self.received = signal.Signals(int(flag))
        return True

    def wait_for_all(self) -> None:
        """Return when all ranks have come here."""
        if get_world_size() > 1:
            dist.barrier(group=self._group)


def spare_workers(dataloader: DataLoader) -> None:
    """Let the workers of a data loader outlive a signal to stop.

    Schedulers send it to every process. Workers that die of it would take the
    training down before it has saved.
    """
    dataloader.worker_init_fn = functools.partial(
        _begin_worker, init_fn=dataloader.worker_init_fn
    )


def _begin_worker(worker_id: int, init_fn) -> None:
    for number in StopSignals.NUMBERS:
        signal.signal(number, signal.SIG_IGN)
    if init_fn is not None:
        init_fn(worker_id)


def end_workers(dataloader: DataLoader) -> None:
    """End the workers that a data loader keeps between epochs.

    Left to the garbage collector, which closes their queues first, they would
    never be told, and the process would wait 10 s for each.
    """
    iterator: Any = dataloader._iterator
    dataloader._iterator = None
    if iterator is not None:
        iterator._shutdown_workers()


def kill_workers() -> None:
    """End the workers of data loaders, also those stuck in a file.

    They ignore the SIGTERM with which ``multiprocessing`` would end them.
    """
    children: list[Any] = multiprocessing.active_children()
    # After os.fork() those of the parent are listed, too.
    own = [child for child in children if child._parent_pid == os.getpid()]
    workers = [child for child in own if child.daemon]
    if workers and threading.current_thread() is threading.main_thread():
        # torch's handler would take their end for an accident.
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for worker in workers:
        worker.kill()
    for worker in workers:
        worker.join()
