"""Annotation files: one line per video, as CSV with a header.

``video,audio,start,duration,label``, then whatever else is known. ``audio``
is the file that holds the sound (the video itself for raw files, empty for
none); picture and sound both exist in ``[start, start + duration]``, seconds
of the video's own clock; ``label`` is -1 where it is empty, ``duration`` NaN.

mmaction2's lists, a line ``path label`` for each video, are read as well: of
them nothing else is known.

A column ``prepared_bytes`` is of ``tools/data/prepare_av.py`` alone: the size
of the video file that it wrote. A file that still has this size is opened
without looking at its pictures first, because it is known what it is like; see
:class:`~avts_mm.media.writer.VideoWriter`. Without it, where it is empty, or
with another size, a file is looked at as any other.
"""

import contextlib
import csv
import io
import math
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import IO, NamedTuple, TypeVar

from .storage import is_file, open_file

FIELDS = ('video', 'audio', 'start', 'duration', 'label')

Row = TypeVar('Row')

# A line of mmaction2's lists.
PATH_AND_LABEL = re.compile(r'\s*(\S.*?)[ \t]+(-?\d{1,18})\s*')


class ListError(ValueError):
    """A list cannot be used; the message names it and says why."""


class Record(NamedTuple):
    """One line of an annotation file; ``extra`` are its other columns.

    ``prepared_bytes`` is 0 where it is not known.
    """

    video: str
    audio: str
    start: float
    duration: float
    label: int
    prepared_bytes: int
    extra: dict[str, str]

    @property
    def sound(self) -> str:
        """The file in which to look for the sound, empty for none: of lists
        that tell paths and labels alone the video, which may have none."""
        unknown = math.isnan(self.duration)
        return self.audio or (self.video if unknown else '')


@contextlib.contextmanager
def open_text(path: str) -> Iterator[IO[str]]:
    """Open a list or an annotation file to read it; ListError with the line
    if it is not in UTF-8."""
    try:
        # utf-8-sig: spreadsheets put a byte-order mark in front.
        with io.TextIOWrapper(
            open_file(path), 'utf-8-sig', newline=''
        ) as file:
            yield file
    except UnicodeDecodeError:
        raise ListError(
            f'{path}, line {_first_bad_line(path)}: is not text in UTF-8; '
            'save the file as such'
        ) from None


def _first_bad_line(path: str) -> int:
    with open_file(path) as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode()
            except UnicodeDecodeError:
                return number
    return 1


def iter_rows(
    path: str | os.PathLike,
    required: Sequence[str],
    parse: Callable[[dict[str, str]], Row],
    remedy: str,
) -> Iterator[Row]:
    """Read a CSV file with a header line by line.

    Args:
        path (str): The file.
        required (Sequence[str]): Columns that it must have.
        parse (Callable): Makes of the values of a line, by column and without
            spaces around them, what is yielded. A ValueError that it raises
            gets the file and the line in front.
        remedy (str): What to do where there is no such file.

    Raises:
        FileNotFoundError: There is no such file.
        ListError: A column is missing or a line is not what it should be;
            the message names file, line and field.
    """
    path = os.fspath(path)
    if not is_file(path):
        raise FileNotFoundError(f'{path}: no such annotation file; {remedy}')
    with open_text(path) as file:
        rows = csv.reader(file, skipinitialspace=True)
        try:
            header = [name.strip() for name in next(rows, [])]
            missing = [name for name in required if name not in header]
            if missing:
                raise ValueError(
                    f'the header lacks {", ".join(missing)}; it must have '
                    f'{", ".join(required)}'
                )
            for row in rows:
                if not row:  # blank line
                    continue
                if len(row) > len(header):
                    raise ValueError(
                        'more values than columns; quote names with commas'
                    )
                row += [''] * (len(header) - len(row))
                yield parse(dict(zip(header, map(str.strip, row))))
        except UnicodeDecodeError:
            raise
        except (csv.Error, ValueError) as error:
            raise ListError(f'{path}, line {rows.line_num}: {error}') from None


def iter_records(path: str | os.PathLike) -> Iterator[Record]:
    """Read an annotation file of videos, or a list of mmaction2's.

    Errors are those of :func:`iter_rows`.
    """
    path = os.fspath(path)
    if is_file(path):
        with open_text(path) as file:
            if PATH_AND_LABEL.fullmatch(file.readline()):
                file.seek(0)
                yield from _iter_pairs(path, file)
                return
    yield from iter_rows(
        path,
        ('video', 'duration'),
        _parse,
        'make one of your videos with tools/data/prepare_av.py or '
        'tools/data/build_list.py, or correct ann_file and data_root in the '
        'config',
    )


def _iter_pairs(path: str, lines: Iterable[str]) -> Iterator[Record]:
    for number, line in enumerate(lines, 1):
        if match := PATH_AND_LABEL.fullmatch(line):
            video, label = match.groups()
            yield Record(video, '', 0.0, math.nan, int(label), 0, {})
        elif line.strip():
            raise ListError(
                f'{path}, line {number}: must be "path label", the label a '
                f'number, as in the first line, not {line[:80]!r}'
            )


def read_records(path: str | os.PathLike) -> list[dict]:
    """Read an annotation file as a dict per line.

    The dicts are what :func:`write_records` takes: the fields of
    :class:`Record` (``prepared_bytes`` where it is known), and the extra
    columns as str. Errors are those of :func:`iter_rows`.
    """
    records = []
    for record in iter_records(path):
        fields = record._asdict()
        if not record.prepared_bytes:
            del fields['prepared_bytes']
        records.append({**fields.pop('extra'), **fields})
    return records


def _parse(row: dict[str, str]) -> Record:
    video = row.pop('video')
    if not video:
        raise ValueError('the video is missing')
    duration = row.pop('duration')
    return Record(
        video,
        row.pop('audio', ''),
        parse_seconds('start', row.pop('start', '')),
        parse_seconds('duration', duration) if duration else math.nan,
        parse_integer('label', row.pop('label', ''), -1),
        parse_integer('prepared_bytes', row.pop('prepared_bytes', ''), 0),
        row,
    )


def parse_seconds(name: str, text: str) -> float:
    """A value of a column that holds seconds; 0 where it is empty."""
    try:
        value = float(text or 0)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f'{name} is not a number of seconds: {text[:50]!r}')
    if value < 0:
        raise ValueError(f'{name} is negative: {text[:50]}')
    return value


def parse_integer(name: str, text: str, default: int) -> int:
    """A value of a column that holds whole numbers."""
    try:
        value = int(text or default)
    except ValueError:
        value = 2**63
    if not -(2**63) <= value < 2**63:
        raise ValueError(f'{name} is not an integer: {text[:50]!r}')
    return value


def write_records(path: str | os.PathLike, records: Iterable[dict]) -> None:
    """Write an annotation file.

    The file appears complete or not at all.

    Args:
        path (str): The CSV file; its folder is made if needed.
        records (Iterable[dict]): As :func:`read_records` gives them. A label
            of -1 and a duration of NaN are left empty; times are written
            to the microsecond.
    """
    records = list(records)
    extra = {key: None for record in records for key in record}
    names = list(FIELDS) + [key for key in extra if key not in FIELDS]
    rows = []
    for record in records:
        row = dict(record)
        for name in ('start', 'duration'):
            row[name] = round(float(row.get(name, 0.0)), 6)
            if math.isnan(row[name]):
                row[name] = ''
        if row.get('label', -1) == -1:
            row['label'] = ''
        rows.append(row)
    write_rows(path, names, rows)


def write_rows(
    path: str | os.PathLike, names: Sequence[str], rows: Iterable[Mapping]
) -> None:
    """Write a CSV file, complete or not at all.

    Its folder is made if needed. Values that lack stay empty, those of other
    columns are left out.

    Raises:
        ValueError: A value is no text, as names of files may be.
    """
    path = os.fspath(path)
    os.makedirs(os.path.dirname(path) or '.', exist_ok=True)
    part = f'{path}.part'
    with open(part, 'w', newline='', encoding='utf-8') as file:
        writer = csv.DictWriter(
            file, names, '', extrasaction='ignore', lineterminator='\n'
        )
        writer.writeheader()
        try:
            writer.writerows(rows)
        except UnicodeEncodeError as error:
            raise ValueError(
                f'{path}: cannot hold the name {printable(error.object)!r}, '
                'which is not UTF-8: rename the file or folder'
            ) from None
    os.replace(part, path)


def printable(name: str) -> str:
    """The name of a file as text, which names need not be."""
    return name.encode('utf-8', 'backslashreplace').decode()
