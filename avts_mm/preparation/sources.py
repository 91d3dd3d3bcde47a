"""Which videos, or segments of videos, are to be prepared, and their names."""

import csv
import fnmatch
import functools
import hashlib
import logging
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from mmengine.logging import print_log

from ..media.annotation import (
    PATH_AND_LABEL,
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
# By which a prepared corpus is known: journal.jsonl, journal.3-of-64.jsonl.
JOURNALS = 'journal*.jsonl'
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


def identity(source: Source) -> list:
    """What tells whether a source is still the same; survives moving it."""
    segment = [source.start, source.end]
    try:
        stat = os.stat(source.path)
    except OSError:
        return [None, None, *segment]
    return [stat.st_size, stat.st_mtime_ns, *segment]


@dataclass(frozen=True, order=True)
class Shard:
    """The part of the sources that one of several jobs prepares.

    Which one a source belongs to is told by its name alone.

    Attributes:
        number (int): From 1.
        count (int): Of all shards.
    """

    number: int = 1
    count: int = 1

    @classmethod
    def parse(cls, text: str) -> 'Shard':
        """``3/64``, or ``slurm`` for what the array of jobs tells.

        Raises:
            ValueError: It is neither, or this is no job of an array.
        """
        if text == 'slurm':
            names = ('ID', 'MIN', 'COUNT')
            found = [os.environ.get(f'SLURM_ARRAY_TASK_{n}') for n in names]
            if None in found:
                raise ValueError(
                    'slurm: is no job of an array; start it by sbatch '
                    '--array=1-64, or give the shard as 3/64'
                )
            job, first, count = map(int, filter(None, found))
            text = f'{job - first + 1}/{count}'
        match = re.fullmatch(r'(\d{1,9})/(\d{1,9})', text)
        shard = cls(*map(int, match.groups())) if match else cls(0)
        if not 1 <= shard.number <= shard.count:
            raise ValueError(f'{text}: must be slurm, or 1/64 to 64/64')
        return shard

    @classmethod
    def of(cls, name: str, count: int) -> 'Shard':
        """That of a name. Names that differ in case share one, so that it
        can tell whether they clash."""
        digest = hashlib.sha256(name.lower().encode()).digest()
        return cls(int.from_bytes(digest[:8], 'big') % count + 1, count)

    def part(self, sources: Iterable[Source]) -> list[Source]:
        """Those of the sources that belong to it."""
        return [s for s in sources if self.of(s.name, self.count) == self]

    def tag(self, before: str = '.') -> str:
        """For names of files: ``.3-of-64``, nothing for the only one."""
        several = self.count > 1
        return f'{before}{self.number}-of-{self.count}' if several else ''


WHOLE = Shard()


def find_sources(
    paths: Iterable[str] = (),
    list_file: str | None = None,
    root: str | None = None,
) -> list[Source]:
    """Collect the sources, in a fixed order.

    Args:
        paths (Iterable[str]): Videos, and folders that are searched
            (:func:`find_videos`). A video that is met twice, by links or in
            several of the paths, counts once.
        list_file (str | None): A text file with a path per line, a list of
            mmaction2's (``path label``), or a CSV with the columns video and,
            all optional, start, end (seconds), name (of the prepared files)
            and whatever else the annotation is to hold (label, split, ...).
        root (str | None): What relative paths in the list are taken from;
            the folder of the list if None.

    Raises:
        FileNotFoundError: A path or the list does not exist. (Videos named
            in the list may be missing: each is counted then.)
        ValueError: The list is malformed; the message names the line.
    """
    sources = []
    for path in paths:
        path = os.path.abspath(path)
        if os.path.isdir(path):
            for video in find_videos(path, prepared=False):
                inner = os.path.relpath(os.path.splitext(video)[0], path)
                sources.append(Source(video, _as_name(inner)))
        elif os.path.exists(path):
            name = os.path.splitext(os.path.basename(path))[0]
            sources.append(Source(path, _as_name(name)))
        else:
            raise FileNotFoundError(f'{path}: no such file or folder')
    sources = _once(sources)
    if list_file is not None:
        base = os.path.dirname(list_file) if root is None else root
        sources += _in_list(list_file, os.path.abspath(base))
    return sources


def find_videos(root: str, prepared: bool = True) -> Iterator[str]:
    """Videos below a folder by their suffix, in a fixed order.

    Names that begin with a dot do not count (macOS puts ``._film.mp4``
    beside a film). Links are followed, the folders behind them come last, and
    none is searched twice.

    Args:
        root (str): The folder.
        prepared (bool): Whether to search what ``tools/data/prepare_av.py``
            has written, too. Defaults to True.
    """
    seen: set[str] = set()
    tops = [root]
    for top in tops:  # which grow
        for folder, folders, names in os.walk(top, onerror=_tell):
            real = os.path.realpath(folder)
            if real in seen:
                folders.clear()
                continue
            seen.add(real)
            journals = fnmatch.filter(names, JOURNALS)
            if not prepared and 'videos' in folders and journals:
                folders.remove('videos')
                _tell(
                    f'{folder}{os.sep}videos: not searched, since '
                    'prepare_av.py has written it; name it to search it'
                )
            folders[:] = sorted(f for f in folders if not f.startswith('.'))
            paths = [os.path.join(folder, inner) for inner in folders]
            tops += filter(os.path.islink, paths)
            for name in sorted(names):
                suffix = os.path.splitext(name)[1].lower()
                if suffix in SUFFIXES and not name.startswith('.'):
                    yield os.path.join(folder, name)


def _tell(message: object) -> None:
    print_log(str(message), logger='current', level=logging.WARNING)


def _as_name(path: str) -> str:
    """Of prepared files: bytes that are not UTF-8 become ``%E9``."""
    path = re.sub(
        '[\udc80-\udcff]', lambda m: f'%{ord(m[0]) - 0xDC00:02X}', path
    )
    return path.replace(os.sep, '/')


def _once(sources: list[Source]) -> list[Source]:
    """Each file once; where there are links to it, not by one of those."""
    real = [os.path.realpath(source.path) for source in sources]
    first: dict[str, Source] = {}
    both = sorted(zip(real, sources), key=lambda b: os.path.islink(b[1].path))
    for path, source in both:
        first.setdefault(path, source)
    return [s for path, s in zip(real, sources) if first[path] is s]


def _in_list(list_file: str, base: str) -> list[Source]:
    with open_text(list_file) as file:
        lines = list(file)  # of files, unlike str, ended by new lines alone
    header = next(csv.reader(lines[:1]), [])
    if 'video' in [name.strip() for name in header]:
        parse = functools.partial(_parse, base)
        return list(iter_rows(list_file, ('video',), parse, ''))
    lines = [line.strip() for line in lines if not line.startswith('#')]
    return [_parse(base, _row(line)) for line in lines if line]


def _row(line: str) -> dict[str, str]:
    """A path, or a path and a label."""
    match = PATH_AND_LABEL.fullmatch(line)
    if match and os.path.splitext(match[1])[1].lower() in SUFFIXES:
        return {'video': match[1], 'label': match[2]}
    return {'video': line}


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
