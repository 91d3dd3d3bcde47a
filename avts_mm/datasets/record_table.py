"""Annotated videos as columns, so that millions of them stay small.

Two million records as Python dicts take gigabytes, and each worker copies
them by merely counting references. Columns are a handful of objects.
"""

import csv
import math
from array import array
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .records import FIELDS


class PackedStrings:
    """Strings in one buffer; behaves as a read-only sequence of str.

    Args:
        data (np.ndarray): uint8, all strings in UTF-8 one after the other.
        ends (np.ndarray): int64 ``(N,)``, where each ends.
    """

    def __init__(self, data: np.ndarray, ends: np.ndarray) -> None:
        self.data = data
        self.ends = ends

    def __len__(self) -> int:
        return len(self.ends)

    def __getitem__(self, index: int) -> str:
        index = range(len(self.ends))[index]
        begin = int(self.ends[index - 1]) if index else 0
        return self.data[begin : int(self.ends[index])].tobytes().decode()

    def lengths(self) -> np.ndarray:
        """int64 ``(N,)``: bytes of each string."""
        return np.diff(self.ends, prepend=0)

    def take(self, index: np.ndarray) -> 'PackedStrings':
        """The strings at some places."""
        lengths = self.lengths()[index]
        ends = np.cumsum(lengths)
        # Where each byte comes from: its string's begin, plus how far in.
        begins = (self.ends - self.lengths())[index]
        source = np.repeat(begins - (ends - lengths), lengths)
        source += np.arange(len(source))
        return PackedStrings(self.data[source], ends)


class _StringPacker:
    """Collects strings for :class:`PackedStrings`."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.ends = array('q')

    def add(self, text: str) -> None:
        self.data += text.encode()
        self.ends.append(len(self.data))

    def pack(self) -> PackedStrings:
        return PackedStrings(
            np.frombuffer(bytes(self.data), np.uint8),
            np.array(self.ends, np.int64),
        )


@dataclass
class RecordTable:
    """The columns of an annotation file, N records.

    Attributes:
        video (PackedStrings): Files with the pictures.
        audio (PackedStrings): Files with the sound; empty for none.
        start (np.ndarray): float64 ``(N,)``, seconds on the video's clock.
        duration (np.ndarray): float64 ``(N,)``, seconds with both streams.
        label (np.ndarray): int64 ``(N,)``; -1 for none.
        video_ids (np.ndarray): int64 ``(N,)``; equal for records that are cut
            from one file.
    """

    video: PackedStrings
    audio: PackedStrings
    start: np.ndarray
    duration: np.ndarray
    label: np.ndarray
    video_ids: np.ndarray

    def __len__(self) -> int:
        return len(self.start)

    def take(self, index: np.ndarray) -> 'RecordTable':
        """The records at some places."""
        return RecordTable(
            *(
                column.take(index)
                if isinstance(column, PackedStrings)
                else column[index]
                for column in vars(self).values()
            )
        )


def read_record_table(path: str) -> RecordTable:
    """Read an annotation file column by column.

    It takes and refuses what :func:`~avts_mm.datasets.records.read_records`
    does, which is the reference for the format, but keeps no record apart.

    Args:
        path (str): CSV file with a header.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: Malformed; names the file, the line and the field.
    """
    try:
        file = open(path, newline='', encoding='utf-8-sig')  # noqa: SIM115
    except (FileNotFoundError, IsADirectoryError):
        raise FileNotFoundError(
            f'{path}: no such annotation file; make one of your videos with '
            'tools/data/prepare_av.py, or correct ann_file and data_root in '
            'the config'
        ) from None
    with file:
        rows = csv.reader(file)
        try:
            return _collect(rows)
        except UnicodeDecodeError as error:
            raise ValueError(f'{path} is not text in UTF-8: {error}') from None
        except (csv.Error, ValueError) as error:
            raise ValueError(
                f'{path}, line {rows.line_num}: {error}'
            ) from None


def _collect(rows: Iterator[list[str]]) -> RecordTable:
    header = next(rows, [])
    missing = [name for name in ('video', 'duration') if name not in header]
    if missing:
        raise ValueError(
            f'the header lacks {", ".join(missing)}; it must be '
            f'{",".join(FIELDS)}'
        )
    places = [header.index(n) if n in header else None for n in FIELDS]
    video, audio = _StringPacker(), _StringPacker()
    start, duration, label = array('d'), array('d'), array('q')
    hashes = array('q')
    for row in rows:
        if not row:  # blank line
            continue
        if len(row) > len(header):
            raise ValueError(
                'more values than columns; quote names with commas'
            )
        row += [''] * (len(header) - len(row))
        values = ['' if p is None else row[p].strip() for p in places]
        if not values[0]:
            raise ValueError('the video is missing')
        video.add(values[0])
        audio.add(values[1])
        hashes.append(hash(values[0]))
        start.append(_seconds('start', values[2]))
        duration.append(_seconds('duration', values[3]))
        try:
            label.append(int(values[4] or -1))
        except (ValueError, OverflowError):
            raise ValueError(
                f'label is not an integer: {values[4][:50]!r}'
            ) from None
    # Equal paths have equal hashes; 64 bits keep different ones apart.
    ids = np.unique(np.array(hashes, np.int64), return_inverse=True)[1]
    return RecordTable(
        video.pack(),
        audio.pack(),
        np.array(start),
        np.array(duration),
        np.array(label, np.int64),
        ids.reshape(-1),
    )


def _seconds(name: str, text: str) -> float:
    try:
        value = float(text or 0)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f'{name} is not a number of seconds: {text[:50]!r}')
    if value < 0:
        raise ValueError(f'{name} is negative: {text[:50]}')
    return value
