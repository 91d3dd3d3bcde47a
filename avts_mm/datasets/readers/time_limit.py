"""A limit to the time that reading a file may take.

A decoder that hangs cannot be interrupted: it is deep in C. So that it does
not stop the training, files are read in a helper thread, which is left to its
fate when the time is over. Should the decoder ever come back, the thread ends
there, so that nothing is drawn or changed behind the back of the others.
"""

import queue
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn

from .errors import MediaError

# Each thread that hangs holds memory and perhaps a core.
MAX_HANGING = 8
# How often to look whether the time is over (s).
_LOOK = 0.1

_hung: set[str] = set()
_hanging: list['_Helper'] = []
_own = threading.local()


def check_limit(seconds: float | None) -> float | None:
    """A limit that makes sense.

    Raises:
        ValueError: It is not a positive number of seconds.
    """
    if seconds is None or 0 < seconds <= threading.TIMEOUT_MAX:
        return seconds
    raise ValueError(
        f'time_limit must be a positive number of seconds or None, got '
        f'{seconds!r}'
    )


def read_within(
    seconds: float | None, path: str, function: Callable, *args: Any
) -> Any:
    """Call a function that reads a file, for a limited time.

    A file that was given up is not tried again by this process.

    Args:
        seconds (float, optional): The limit, kept to a tenth of a second;
            None for no limit.
        path (str): The file, for the message.
        function (Callable): What to call.
        args: Its arguments.

    Returns:
        What the function returns.

    Raises:
        MediaError: The time was over (reason ``'timeout'``).
        RuntimeError: Too many files have been given up and still hang.
        Exception: Whatever the function raises.
    """
    if seconds is None:
        return function(*args)
    if path in _hung:
        raise _timeout(path, seconds)
    helper = threading.current_thread()
    if isinstance(helper, _Helper):
        return helper.read(_Reading(path, seconds), function, args)
    return in_helper(read_within, seconds, path, function, *args)


def in_helper(function: Callable, *args: Any) -> Any:
    """Call a function in the thread in which files are read.

    What it calls :func:`read_within` for is then not handed from thread to
    thread, and from core to core, each time.

    Raises:
        MediaError: Reading a file took too long.
        RuntimeError: Too many files have been given up and still hang.
        Exception: Whatever the function raises.
    """
    if isinstance(threading.current_thread(), _Helper):
        return function(*args)
    helper = getattr(_own, 'helper', None)
    if helper is None or not helper.is_alive():  # after a fork it is not
        helper = _own.helper = _Helper()
    answers: queue.SimpleQueue = queue.SimpleQueue()
    helper.calls.put((function, args, answers))
    while True:
        try:
            value, error = answers.get(timeout=_LOOK)
            break
        except queue.Empty:
            late = helper.give_up_late()
            if late:
                _given_up(helper, late)
    if error is not None:
        raise error
    return value


def _given_up(helper: '_Helper', late: '_Reading') -> NoReturn:
    _hung.add(late.path)
    _own.helper = None
    _hanging[:] = [h for h in (*_hanging, helper) if h.is_alive()]
    if len(_hanging) >= MAX_HANGING:
        raise RuntimeError(
            f'{len(_hanging)} decoders hang in this process, the last one '
            f'with {late.path}; prepare the videos with '
            'tools/data/prepare_av.py, which leaves such files out, or raise '
            'time_limit if the disk is merely slow'
        )
    raise _timeout(late.path, late.limit)


def _timeout(path: str, seconds: float) -> MediaError:
    return MediaError(
        f'{path}: reading was given up after {seconds:g} s; leave the file '
        'out, or raise time_limit in the pipeline if the disk is slow',
        path,
        'timeout',
    )


class _Reading(NamedTuple):
    """What a helper reads.

    Attributes:
        path (str): The file.
        limit (float): Seconds that it may take.
        begin (float): When it began, :func:`time.monotonic`.
    """

    path: str
    limit: float
    begin: float = 0.0


class _GivenUpError(BaseException):
    """Ends a helper that comes back too late."""


class _Helper(threading.Thread):
    """Answers one call after the other."""

    def __init__(self) -> None:
        # A process does not wait for daemons when it ends.
        super().__init__(daemon=True, name='read_within')
        self.calls: queue.SimpleQueue = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._reading: _Reading | None = None
        self._given_up = False
        self.start()

    def read(self, reading: _Reading, function: Callable, args: tuple) -> Any:
        """Call a function, known to be reading meanwhile."""
        outer = self._reading
        self._reading = reading._replace(begin=time.monotonic())
        try:
            return function(*args)
        finally:
            with self._lock:
                if self._given_up:
                    raise _GivenUpError
                self._reading = outer

    def give_up_late(self) -> _Reading | None:
        """Give it up if the time for what it reads is over; what that is."""
        with self._lock:
            now = self._reading
            if now is None or time.monotonic() - now.begin < now.limit:
                return None
            self._given_up = True
            return now

    def run(self) -> None:
        while True:
            function, args, answers = self.calls.get()
            value = error = None
            try:
                value = function(*args)
            except _GivenUpError:
                return
            except BaseException as caught:
                error = caught
            answers.put((value, error))
            # Nothing is kept until the next call.
            del function, args, answers, value, error
