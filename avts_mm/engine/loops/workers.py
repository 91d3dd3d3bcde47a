"""Ends the worker processes of data loaders."""

import multiprocessing
import os
import signal
import threading
from typing import Any

from torch.utils.data import DataLoader


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

    They ignore SIGTERM (:meth:`.StopSignals.spare_workers`), with which
    ``multiprocessing`` would end them.
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
