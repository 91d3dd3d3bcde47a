"""Lists of labelled recordings.

The annotation is a CSV file with the header ``audio,label,fold``, a line
per recording. ``label`` is a number from 0. ``fold`` is the official fold
from 1; recordings of fold 0 are for training alone. Two more columns may
follow: ``source``, equal for recordings that were cut from one original, and
``category``, the name of the class.
"""

import hashlib
from collections.abc import Hashable, Iterable, Sequence
from typing import Any, NamedTuple

from avts_mm.media.annotation import iter_rows, write_rows
from avts_mm.media.storage import open_file

FIELDS = ('audio', 'label', 'fold', 'source', 'category')


class Recording(NamedTuple):
    """One line of an annotation file."""

    audio: str
    label: int
    fold: int
    source: str
    category: str


def read_recordings(path: str) -> list[Recording]:
    """Read an annotation file of recordings.

    Args:
        path (str): The CSV file.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: A column is missing, a value is not what it should be, a
            recording is listed twice, or recordings of one source are in
            different folds.
    """
    found: dict[str, Recording] = {}

    def parse(row: dict[str, str]) -> None:
        recording = _parse(row)
        if found.setdefault(recording.audio, recording) is not recording:
            raise ValueError(
                f'{recording.audio} is listed already; list every recording '
                'once'
            )

    remedy = 'the tools in tools/data/esc50 and tools/data/dcase2014 write one'
    for _ in iter_rows(path, FIELDS[:3], parse, remedy):
        pass
    if not found:
        raise ValueError(f'{path} lists no recordings')
    recordings = list(found.values())
    check_sources(recordings, path)
    return recordings


def _parse(row: dict[str, str]) -> Recording:
    values: dict[str, Any] = {name: row.get(name, '') for name in FIELDS}
    if not values['audio']:
        raise ValueError('the audio is missing')
    for name in ('label', 'fold'):
        text = values[name]
        # A number of more digits is none that int() takes.
        if not (text.isascii() and text.isdigit() and len(text) < 19):
            raise ValueError(
                f'{name} must be a whole number from 0, not {text[:50]!r}'
            )
        values[name] = int(text)
    values['source'] = values['source'] or values['audio']
    return Recording(**values)


def check_sources(recordings: Sequence[Recording], path: str) -> None:
    """ValueError naming two recordings of one source in different folds."""
    torn = _torn(recordings, (recording.source for recording in recordings))
    if torn:
        raise ValueError(
            f'{path}: {torn[0].audio} and {torn[1].audio} are from one source '
            f'({torn[0].source}) but in the folds {torn[0].fold} and '
            f'{torn[1].fold}: what is learned from one would be tested on the '
            'other. Put them into one fold'
        )


def check_copies(recordings: Sequence[Recording], path: str) -> None:
    """ValueError naming two copies of one recording in different folds."""
    torn = _torn(recordings, (_digest(r.audio) for r in recordings))
    if torn:
        raise ValueError(
            f'{torn[0].audio} and {torn[1].audio} are the same recording in '
            f'the folds {torn[0].fold} and {torn[1].fold}; remove one of them '
            f'from {path}'
        )


def _digest(path: str) -> bytes:
    with open_file(path) as file:
        return hashlib.blake2b(file.read()).digest()


def _torn(
    recordings: Sequence[Recording], keys: Iterable[Hashable]
) -> tuple[Recording, Recording] | None:
    """Two recordings with one key in different folds, if there are any."""
    first: dict[Hashable, Recording] = {}
    for recording, key in zip(recordings, keys):
        other = first.setdefault(key, recording)
        if other.fold != recording.fold:
            return other, recording
    return None


def write_recordings(path: str, recordings: Sequence[Recording]) -> None:
    """Write an annotation file, complete or not at all."""
    write_rows(path, FIELDS, [recording._asdict() for recording in recordings])
