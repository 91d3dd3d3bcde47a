"""Worker processes that may hang or crash without harm.

Decoders are fed broken files here. ``concurrent.futures`` cannot end one
worker that hangs, and gives up altogether when one crashes; this pool kills
or replaces that worker and goes on.
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
from multiprocessing.process import BaseProcess
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
    on_progress: Callable[[Any, float], None] | None = None,
) -> Iterator[tuple[Any, Any]]:
    """Apply a function to jobs in worker processes.

    Args:
        function (Callable): ``function(job, progress)``, importable by name.
            It calls ``progress(amount)`` now and then as a sign of life.
        jobs (Iterable): Picklable.
        num_workers (int): Processes.
        time_limit (float): Seconds without a sign of life after which a job
            is given up and its worker killed.
        on_progress (Callable | None): Called with a job and its amount.

    Yields:
        tuple: A job and its result, in the order of completion. The result
        is a :class:`MediaError` if the function raised it, with reason
        ``'error'`` if it raised anything else, ``'timeout'`` if the job
        hung, ``'crashed'`` if the worker died.

    Raises:
        OSError: The disk is full or cannot be written to.
        RuntimeError: A worker cannot be started.
    """
    method = 'forkserver' if os.name == 'posix' else 'spawn'
    context = multiprocessing.get_context(method)
    if method == 'forkserver':
        context.set_forkserver_preload([_PRELOAD])
    todo = iter(jobs)
    workers = [_Worker(context, function) for _ in range(num_workers)]
    try:
        for worker in workers:
            worker.give(next(todo, None))
        while busy := [w for w in workers if w.busy]:
            ready = wait([w.connection for w in busy], timeout=0.2)
            for worker in busy:
                answer = (
                    worker.answer()
                    if worker.connection in ready
                    else worker.overdue(time_limit)
                )
                if answer is None:
                    continue
                kind, value = answer
                if kind == 'progress':
                    if on_progress is not None:
                        on_progress(worker.job, value)
                    continue
                if kind == 'fatal':
                    raise OSError(value)
                job = worker.job
                worker.give(next(todo, None))
                yield job, value
    finally:
        for worker in workers:
            worker.kill()


class _Worker:
    """One process and the job it is at."""

    def __init__(self, context, function) -> None:
        self.context = context
        self.function = function
        self.process: BaseProcess | None = None
        self.job = None
        self.busy = False

    def give(self, job) -> None:
        """Begin a job; None to rest."""
        self.job, self.busy = job, job is not None
        if not self.busy:
            return
        if self.process is None:
            self._start()
        self.alive_at = time.monotonic()
        # A worker that died while idle is noticed when it is read from.
        with contextlib.suppress(OSError):
            self.connection.send(job)

    def _start(self) -> None:
        self.connection, theirs = self.context.Pipe()
        process = self.context.Process(
            target=_work, args=(theirs, self.function), daemon=True
        )
        process.start()
        self.process = process
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
            code = self._exit_code()
            self.kill()
            return self._error('crashed', f'the decoder died (exit {code})')

    def _exit_code(self) -> int | None:
        if self.process is None:
            return None
        self.process.join()
        return self.process.exitcode

    def overdue(self, limit: float) -> tuple[str, Any] | None:
        if time.monotonic() - self.alive_at < limit:
            return None
        self.kill()
        return self._error('timeout', f'no progress within {limit:g} s')

    def _error(self, reason, text) -> tuple[str, MediaError]:
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
