"""Which videos, or segments of videos, are to be prepared, and their names."""

import csv
import functools
import os
from collections.abc import Iterable
from dataclasses import dataclass, field

from ..media.annotation import (
    iter_rows,
    open_text,
    parse_integer,
    parse_seconds,
)

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
    if 'video' in [name.strip() for name in header]:
        parse = functools.partial(_parse, base)
        return list(iter_rows(list_file, ('video',), parse, ''))
    names = [line.strip() for line in lines if not line.startswith('#')]
    return [_parse(base, {'video': name}) for name in names if name]


def _parse(base: str, row: dict[str, str]) -> Source:
    if not row['video']:
        raise ValueError('the video is missing')
    start, end = (
        parse_seconds(key, row[key]) if row.get(key) else None
        for key in ('start', 'end')
    )
    if end is not None and end <= (start or 0.0):
        raise ValueError(f'end={end} is not after start={start}')
    try:
        parse_integer('label', row.get('label', ''), -1)
    except ValueError as error:
        raise ValueError(
            f'{error}; give numbers of classes there and their names in '
            'another column'
        ) from None
    stem = os.path.splitext(row['video'])[0]
    if os.path.isabs(stem):
        stem = os.path.basename(stem)
    if (start, end) != (None, None):
        stem += f'_{tag(start or 0.0)}_{tag(end)}'
    name = os.path.normpath(row.get('name') or stem).replace(os.sep, '/')
    # The prepared file lies below videos/, wherever the source is.
    name = '/'.join(p for p in name.split('/') if p not in ('', '.', '..'))
    if not name:
        raise ValueError(f'no name for {row["video"]!r}')
    return Source(
        os.path.normpath(os.path.join(base, row['video'])),
        name,
        start,
        end,
        {key: row[key] for key in row if key not in _COLUMNS},
    )


def tag(seconds: float | None) -> str:
    """A moment as part of a name: whole seconds where they suffice."""
    if seconds is None:
        return 'end'
    if seconds == int(seconds):
        return f'{int(seconds):06d}'
    return f'{seconds:010.3f}'
