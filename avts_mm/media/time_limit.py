"""A limit to the time that reading a file may take.

A decoder that hangs cannot be interrupted: it is deep in C. So that it does
not stop the training, files are read in a helper thread, which is left to its
fate when the time is over. Should the decoder ever come back, the thread ends
there, so that nothing is drawn or changed behind the back of the others.
"""

import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

from .media_info import MediaError

# Each thread that hangs holds memory and perhaps a core.
MAX_HANGING = 8
# How often to look whether the time is over (s).
_LOOK = 0.1

_hung: set[str] = set()
_hanging: list['_Helper'] = []
_own = threading.local()

Item = TypeVar('Item')


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
    (answer,) = map_in_helper(
        lambda args: read_within(seconds, path, function, *args), [args]
    )
    return answer


def map_in_helper(
    function: Callable[[Item], Any], items: Sequence[Item]
) -> list:
    """Call a function for each item, all in the thread that files are read in.

    What it calls :func:`read_within` for is then not handed from thread to
    thread, and from core to core, each time. When reading a file takes too
    long, the function is called once more for that item, in another thread,
    and finds that the file was given up.

    Args:
        function (Callable): What to call.
        items (Sequence): Its argument each time.

    Returns:
        list: What it returns for each.

    Raises:
        RuntimeError: Too many files have been given up and still hang.
        Exception: Whatever the function raises, such as the MediaError of a
            file given up.
    """
    results: list = []

    def rest() -> None:
        for item in items[len(results) :]:
            results.append(function(item))

    if isinstance(threading.current_thread(), _Helper):
        rest()
    else:
        while not _ends_in_time(rest):
            pass
    return results


def _ends_in_time(function: Callable) -> bool:
    """Call a function in the helper; False if that was given up."""
    helper = getattr(_own, 'helper', None)
    if helper is None or not helper.is_alive():  # after a fork it is not
        helper = _own.helper = _Helper()
    errors: queue.SimpleQueue = queue.SimpleQueue()
    helper.calls.put((function, errors))
    while True:
        try:
            error = errors.get(timeout=_LOOK)
            break
        except queue.Empty:
            late = helper.give_up_late()
            if late is not None:
                _note(helper, late)
                return False
    if error is not None:
        raise error
    return True


def _note(helper: '_Helper', late: '_Reading') -> None:
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
            function, errors = self.calls.get()
            error = None
            try:
                function()
            except _GivenUpError:
                return
            except BaseException as caught:
                error = caught
            errors.put(error)
            # Nothing is kept until the next call.
            del function, errors, error
