"""Which videos, or segments of videos, are to be prepared, and their names."""

import csv
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from ..media.annotation import open_text

SUFFIXES = (
    *('.3gp', '.asf', '.avi', '.flv', '.m2ts', '.m4v', '.mkv', '.mov'),
    *('.mp4', '.mpeg', '.mpg', '.mts', '.mxf', '.ogv', '.ts', '.vob'),
    *('.webm', '.wmv'),
)
# Columns of a list that are used up here or computed anew.
_COLUMNS = ('video', 'audio', 'start', 'end', 'duration', 'name')


@dataclass(frozen=True)
class Source:
    """One video or segment.

    Attributes:
        path (str): The video, absolute.
        name (str): Path of the prepared files below ``videos/``, without
            suffix, parts separated by ``/``.
        start (float | None): Begin of a segment, seconds after the first
            picture.
        end (float | None): End of a segment.
        extra (dict): Further columns of the list, for the annotation.
    """

    path: str
    name: str
    start: float | None = None
    end: float | None = None
    extra: dict = field(default_factory=dict, compare=False)


def find_sources(
    paths: Iterable[str] = (), list_file: str | None = None
) -> list[Source]:
    """Collect the sources, in a fixed order.

    Args:
        paths (Iterable[str]): Videos, and folders that are searched with all
            their subfolders for files with the suffix of a video.
        list_file (str | None): A text file with a path per line, or a CSV
            with the columns video and, all optional, start, end (seconds),
            name (of the prepared files) and whatever else the annotation is
            to hold (label, split, ...). Relative paths are taken from the
            folder of the list.

    Raises:
        FileNotFoundError: A path or the list does not exist. (Videos named
            in the list may be missing: each is counted then.)
        ValueError: The list is malformed; the message names the line.
    """
    sources = []
    for path in paths:
        path = os.path.abspath(path)
        if os.path.isdir(path):
            sources += _in_folder(path)
        elif os.path.exists(path):
            name = os.path.splitext(os.path.basename(path))[0]
            sources.append(Source(path, name))
        else:
            raise FileNotFoundError(f'{path}: no such file or folder')
    if list_file is not None:
        sources += _in_list(list_file)
    return sources


def _in_folder(root: str) -> list[Source]:
    found = []
    for folder, folders, names in os.walk(root, followlinks=True):
        folders[:] = sorted(f for f in folders if not f.startswith('.'))
        for name in sorted(names):
            stem, suffix = os.path.splitext(name)
            if suffix.lower() not in SUFFIXES or name.startswith('.'):
                continue
            path = os.path.join(folder, name)
            inner = os.path.relpath(os.path.join(folder, stem), root)
            found.append(Source(path, inner.replace(os.sep, '/')))
    return found


def _in_list(list_file: str) -> list[Source]:
    base = os.path.dirname(os.path.abspath(list_file))
    with open_text(list_file) as file:
        lines = list(file)  # of files, unlike str, ended by new lines alone
    header = next(csv.reader(lines[:1]), [])
    if 'video' not in [name.strip() for name in header]:
        rows = [
            (number, {'video': line.strip()})
            for number, line in enumerate(lines, 1)
            if line.strip() and not line.startswith('#')
        ]
    else:
        reader = csv.DictReader(lines, skipinitialspace=True)
        rows = [(reader.line_num, row) for row in reader]
    return [_parse(f'{list_file}, line {n}', base, row) for n, row in rows]


def _parse(place: str, base: str, row: dict) -> Source:
    if None in row:
        raise ValueError(
            f'{place}: more values than columns; quote what holds a comma'
        )
    row = {key.strip(): (value or '').strip() for key, value in row.items()}
    if not row['video']:
        raise ValueError(f'{place}: the video is missing')
    start, end = (_seconds(place, row, key) for key in ('start', 'end'))
    if end is not None and end <= (start or 0.0):
        raise ValueError(f'{place}: end={end} is not after start={start}')
    label = row.get('label', '')
    if label and not re.fullmatch('-?[0-9]{1,18}', label):
        raise ValueError(
            f'{place}: label={label[:50]!r} is no integer; give numbers of '
            'classes there and their names in another column'
        )
    stem = os.path.splitext(row['video'])[0]
    if os.path.isabs(stem):
        stem = os.path.basename(stem)
    if (start, end) != (None, None):
        stem += f'_{tag(start or 0.0)}_{tag(end)}'
    name = os.path.normpath(row.get('name') or stem).replace(os.sep, '/')
    # The prepared file lies below videos/, wherever the source is.
    name = '/'.join(p for p in name.split('/') if p not in ('', '.', '..'))
    if not name:
        raise ValueError(f'{place}: no name for {row["video"]!r}')
    return Source(
        os.path.normpath(os.path.join(base, row['video'])),
        name,
        start,
        end,
        {key: row[key] for key in row if key not in _COLUMNS},
    )


def _seconds(place: str, row: dict, key: str) -> float | None:
    text = row.get(key, '')
    try:
        value = float(text) if text else None
    except ValueError:
        value = -1.0
    if value is not None and not 0 <= value < float('inf'):
        raise ValueError(
            f'{place}: {key}={text[:50]!r} is no number of seconds'
        )
    return value


def tag(seconds: float | None) -> str:
    """A moment as part of a name: whole seconds where they suffice."""
    if seconds is None:
        return 'end'
    if seconds == int(seconds):
        return f'{int(seconds):06d}'
    return f'{seconds:010.3f}'
