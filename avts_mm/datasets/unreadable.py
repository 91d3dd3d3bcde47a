"""What training does about files that cannot be read: take others, say so.

A dataset hands its loading to :class:`UnreadableFiles` and says how to replace
an item. What was replaced travels with the sample to the main process, where
``UnreadableFilesHook`` counts it.
"""

import logging
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from mmengine.dataset import BaseDataset
from mmengine.logging import print_log

from avts_mm.media import MediaError

Index = TypeVar('Index')


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
            raise RuntimeError(
                f'{len(skipped)} items in a row could not be read '
                f'({count_reasons(skipped)}), the last because of: {error} '
                f'{self.remedy}'
            ) from error


class ReplacesUnreadable(BaseDataset):
    """A data set of videos that are indexed by their number.

    In training an unreadable video is replaced by the next one of the list,
    with the label of that one: lists are mostly sorted by class, so the
    classes stay as frequent as they are. In testing it is an error.

    Attributes:
        unreadable (UnreadableFiles): Set by the data set.
    """

    unreadable: UnreadableFiles

    def __getitem__(self, idx: int) -> Any:
        """Load a video.

        Raises:
            MediaError: It cannot be read, in test mode.
            RuntimeError: Too many in a row cannot be read, in training.
        """
        load = super().__getitem__
        if self.test_mode:
            return load(idx)
        return self.unreadable.load(idx, load, lambda i: (i + 1) % len(self))


def count_reasons(skipped: list[Skipped]) -> str:
    """How often each reason occurs, as in ``'3 missing, 1 empty'``."""
    counts = Counter(item.reason for item in skipped)
    return ', '.join(f'{n} {why}' for why, n in counts.most_common())
