"""Worker processes that may hang or crash without harm.

Decoders are fed broken files here. ``concurrent.futures`` cannot end one
worker that hangs, and gives up altogether when one crashes; this pool kills
or replaces that worker and goes on. (A process for each job would do with
less, and costs 65 ms for every film.)
"""

import contextlib
import errno
import multiprocessing
import os
import signal
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.connection import wait
from typing import Any

from ..media import MediaError

# What the workers import. They are forked from a clean process that did so
# once: forking this one would copy its threads' locks in any state.
_PRELOAD = 'avts_mm.preparation'
# Every further job would fail like this one.
_FATAL = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}


def run_jobs(
    function: Callable[[Any, Callable], Any],
    jobs: Iterable[Any],
    num_workers: int,
    time_limit: float = 120.0,
) -> Iterator[tuple[Any, Any]]:
    """Apply a function to jobs in worker processes.

    Args:
        function (Callable): ``function(job, progress)``, importable by name.
            It calls ``progress(amount)`` now and then as a sign of life.
        jobs (Iterable): Picklable.
        num_workers (int): Processes.
        time_limit (float): Seconds without a sign of life after which a job
            is given up and its worker killed.

    Yields:
        tuple: A job and its result, in the order of completion. The result
        is a :class:`MediaError` if the function raised it, with reason
        ``'error'`` if it raised anything else, ``'timeout'`` if the job
        hung, ``'crashed'`` if the worker died.

    Raises:
        OSError: The disk is full or cannot be written to.
        RuntimeError: A worker cannot be started.
    """
    todo = iter(jobs)
    workers = [Worker(function) for _ in range(num_workers)]
    try:
        for worker in workers:
            worker.give(next(todo, None))
        while busy := [w for w in workers if w.job is not None]:
            ready = wait([w.connection for w in busy], timeout=0.2)
            for worker in busy:
                kind, value = (
                    worker.answer()
                    if worker.connection in ready
                    else worker.overdue(time_limit)
                )
                if kind == 'fatal':
                    raise OSError(value)
                if kind == 'done':
                    job = worker.job
                    worker.give(next(todo, None))
                    yield job, value
    finally:
        for worker in workers:
            worker.kill()


class Worker:
    """One process and the job it is at. The process starts with the first
    job, and ends with this one.

    Args:
        function (Callable): See :func:`run_jobs`.
    """

    def __init__(self, function: Callable[[Any, Callable], Any]) -> None:
        self.function = function
        self.process: Any = None
        self.job = None

    def run(self, job: Any, time_limit: float) -> tuple[str, Any]:
        """Do a job: ``'done'`` and its result, or ``'fatal'`` and why no
        other can be done; see :func:`run_jobs`."""
        self.give(job)
        kind = 'progress'
        while kind == 'progress':
            kind, value = (
                self.answer()
                if self.connection.poll(0.2)
                else self.overdue(time_limit)
            )
        return kind, value

    def give(self, job) -> None:
        """Begin a job; None to rest."""
        self.job = job
        if job is None:
            return
        if self.process is None:
            self._start()
        self.alive_at = time.monotonic()
        # A worker that died while idle is noticed when it is read from.
        with contextlib.suppress(OSError):
            self.connection.send(job)

    def _start(self) -> None:
        method = 'forkserver' if os.name == 'posix' else 'spawn'
        context: Any = multiprocessing.get_context(method)
        if method == 'forkserver':
            context.set_forkserver_preload([_PRELOAD])
        self.connection, theirs = context.Pipe()
        self.process = context.Process(
            target=_work, args=(theirs, self.function), daemon=True
        )
        self.process.start()
        theirs.close()
        # Imports take long on a busy machine; they are not the job's fault.
        try:
            self.connection.recv()
        except (EOFError, OSError):
            raise RuntimeError(
                'a worker process ended while it was starting; see above'
            ) from None

    def answer(self) -> tuple[str, Any]:
        self.alive_at = time.monotonic()
        try:
            return self.connection.recv()
        except (EOFError, OSError):
            return self._lose('crashed', 'the decoder died (exit {})')

    def overdue(self, limit: float) -> tuple[str, Any]:
        if time.monotonic() - self.alive_at < limit:
            return 'progress', None
        self.process.kill()
        return self._lose('timeout', f'no progress within {limit:g} s')

    def _lose(self, reason: str, text: str) -> tuple[str, MediaError]:
        """Give up the process, and the job with it."""
        self.process.join()
        text = text.format(self.process.exitcode)
        self.kill()
        path = getattr(self.job, 'path', str(self.job))
        return 'done', MediaError(f'{path}: {text}', path, reason)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.join()
            self.connection.close()
            self.process = None


def _work(connection, function) -> None:
    """What a worker does until its parent hangs up or dies."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's
    # The parent hanging up, in the middle of a job too, is no error.
    with contextlib.suppress(EOFError, ConnectionError):
        connection.send(('ready', None))
        while True:
            job = connection.recv()
            connection.send(_answer(connection, function, job))


def _answer(connection, function, job) -> tuple[str, Any]:
    def progress(amount):
        connection.send(('progress', amount))

    try:
        return 'done', function(job, progress)
    except MediaError as error:
        return 'done', error
    except ConnectionError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _FATAL:
            return 'fatal', str(error)
        path = getattr(job, 'path', str(job))
        text = ''.join(traceback.format_exception(error)[-2:])
        return 'done', MediaError(f'{path}: {text}', path, 'error')
