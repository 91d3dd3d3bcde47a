"""What surrounds the loading of an item: its seed, a limit to the time that
it may take, and others in place of what cannot be read.

What was replaced travels with the sample to the main process, where
``UnreadableFilesHook`` counts it.
"""

import logging
import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeVar

import numpy as np
import torch
from mmengine.logging import print_log
from torch.utils.data import get_worker_info

from avts_mm.media import MediaError

Index = TypeVar('Index')


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed what transforms draw from, and leave it as it was afterwards; in
    the worker of a data loader nobody else draws."""
    if get_worker_info() is not None:
        _seed(seed)
        yield
        return
    numpy_state, python_state = np.random.get_state(), random.getstate()
    try:
        with torch.random.fork_rng(devices=[]):
            _seed(seed)
            yield
    finally:
        np.random.set_state(numpy_state)
        random.setstate(python_state)


def _seed(seed: int) -> None:
    np.random.seed(np.random.SeedSequence(seed).generate_state(4))
    random.seed(seed)
    torch.default_generator.manual_seed(seed)


class ends_after:
    """Name some files and end the process if reading them takes too long.

    A decoder that hangs cannot be interrupted: it is deep in C. The data
    loader notices that its worker is gone, and ends the training.

    Args:
        seconds (float): The limit.
        paths (str): The files.
    """

    # What is read now; one thread of a process looks at it from time to time.
    _current: 'ends_after | None' = None
    _watched = 0  # the process that has the thread: a fork has not

    def __init__(self, seconds: float, *paths: str) -> None:
        self.seconds = seconds
        self.paths = dict.fromkeys(map(str, paths))

    def __enter__(self) -> None:
        self.end = time.monotonic() + self.seconds
        ends_after._current = self
        if ends_after._watched != os.getpid():
            ends_after._watched = os.getpid()
            threading.Thread(target=self._watch, daemon=True).start()

    def __exit__(self, *exc) -> None:
        ends_after._current = None

    @classmethod
    def _watch(cls) -> None:
        while True:
            time.sleep(0.1)
            late = cls._current
            if late is not None and time.monotonic() > late.end:
                late._give_up()

    def _give_up(self) -> None:
        print_log(
            f'reading has not ended after {self.seconds:g} s, so the training '
            f'does: {", ".join(self.paths)}; leave the file '
            'out (tools/data/prepare_av.py does), or raise time_limit of the '
            'data set if the disk is slow',
            logger='current',
            level=logging.ERROR,
        )
        os._exit(1)


class Skipped(NamedTuple):
    """A file that could not be read, and why; see :class:`MediaError`."""

    path: str
    reason: str
    message: str


class UnreadableFiles:
    """Loads items, and others in place of those that cannot be read.

    Each file is warned of once in a process. The metainfo of a sample lists
    under ``skipped`` (a list of :class:`Skipped`) what was tried in vain
    before it.

    Args:
        max_in_a_row (int): Unreadable items in a row after which it is given
            up. Defaults to 100.
        remedy (str): What to check then.
    """

    def __init__(self, max_in_a_row: int = 100, remedy: str = '') -> None:
        if max_in_a_row < 1:
            raise ValueError(
                f'max_failures_in_a_row must be positive, got {max_in_a_row}'
            )
        self.max_in_a_row = max_in_a_row
        self.remedy = remedy
        self._warned: set[str] = set()

    def load(
        self,
        index: Index,
        load: Callable[[Index], Any],
        replacement: Callable[[Index], Index],
    ) -> Any:
        """Load an item, or the first that can be read of its replacements.

        Args:
            index: Of the item.
            load (Callable): Loads the item of an index; raises MediaError.
            replacement (Callable): The index to try after an unreadable one.
                To make samples a function of the plan, it must be one of the
                index.

        Raises:
            RuntimeError: Too many in a row cannot be read.
        """
        skipped: list[Skipped] = []
        while True:
            try:
                data = load(index)
                break
            except MediaError as error:
                self._note(error, skipped)
                index = replacement(index)
        sample = data.get('data_samples') if isinstance(data, dict) else None
        if sample is not None and hasattr(sample, 'set_metainfo'):
            sample.set_metainfo(dict(skipped=skipped))
        return data

    def _note(self, error: MediaError, skipped: list[Skipped]) -> None:
        skipped.append(Skipped(error.path, error.reason, str(error)))
        if error.path not in self._warned:
            self._warned.add(error.path)
            print_log(
                f'{error} (replaced by another)',
                logger='current',
                level=logging.WARNING,
            )
        if len(skipped) >= self.max_in_a_row:
            counts = Counter(item.reason for item in skipped).most_common()
            reasons = ', '.join(f'{n} {why}' for why, n in counts)
            raise RuntimeError(
                f'{len(skipped)} items in a row could not be read '
                f'({reasons}), the last because of: {error} {self.remedy}'
            ) from error
