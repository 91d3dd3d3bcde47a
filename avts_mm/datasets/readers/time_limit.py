"""A limit to the time that reading a file may take.

A decoder that hangs cannot be interrupted: it is deep in C. So that it does
not stop the training, files are read in a helper thread, which is left to its
fate when the time is over. It draws no random numbers, so who reads does not
matter to anything else.
"""

import queue
import threading
from collections.abc import Callable
from typing import Any

from .errors import MediaError

# Each thread that hangs holds memory and perhaps a core.
MAX_HANGING = 8

_hung: set[str] = set()
_hanging: list[threading.Thread] = []
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
        seconds (float, optional): The limit; None for no limit.
        path (str): The file, for the message.
        function (Callable): What to call; it must draw no random numbers.
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
    helper = getattr(_own, 'helper', None)
    if helper is None or not helper.is_alive():  # after a fork it is not
        helper = _own.helper = _Helper()
    answers: queue.SimpleQueue = queue.SimpleQueue()
    helper.calls.put((function, args, answers))
    try:
        value, error = answers.get(timeout=seconds)
    except queue.Empty:
        _give_up(helper, path)
        raise _timeout(path, seconds) from None
    if error is not None:
        raise error
    return value


def _give_up(helper: '_Helper', path: str) -> None:
    _hung.add(path)
    _own.helper = None
    helper.calls.put(None)  # should it ever come back
    _hanging[:] = [h for h in (*_hanging, helper) if h.is_alive()]
    if len(_hanging) >= MAX_HANGING:
        raise RuntimeError(
            f'{len(_hanging)} decoders hang in this process, the last one '
            f'with {path}; prepare the videos with tools/data/prepare_av.py, '
            'which leaves such files out, or raise time_limit if the disk is '
            'merely slow'
        )


def _timeout(path: str, seconds: float) -> MediaError:
    return MediaError(
        f'{path}: reading was given up after {seconds:g} s; leave the file '
        'out, or raise time_limit in the pipeline if the disk is slow',
        path,
        'timeout',
    )


class _Helper(threading.Thread):
    """Answers one call after the other."""

    def __init__(self) -> None:
        # A process does not wait for daemons when it ends.
        super().__init__(daemon=True, name='read_within')
        self.calls: queue.SimpleQueue = queue.SimpleQueue()
        self.start()

    def run(self) -> None:
        while call := self.calls.get():
            function, args, answers = call
            value = error = None
            try:
                value = function(*args)
            except BaseException as caught:
                error = caught
            answers.put((value, error))
            # Nothing is kept until the next call.
            del call, function, args, answers, value, error
