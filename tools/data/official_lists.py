"""Official lists, matched with the videos that one has.

Copies of a data set differ in folders, names and formats, and of the YouTube
segments of Kinetics and AudioSet many are gone.
"""

import argparse
import hashlib
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from typing import NamedTuple

from avts_mm.media.annotation import write_rows
from avts_mm.preparation import find_videos
from avts_mm.preparation.sources import tag


def parse_args(
    parser: argparse.ArgumentParser, out: str | None, argv: list[str] | None
) -> argparse.Namespace:
    """Read the command line, with what all these scripts understand."""
    parser.add_argument('--out', default=out, help='folder of the lists')
    return parser.parse_args(argv)


def run(build: Callable[[argparse.Namespace], None], args) -> int:
    """Do what a script is for; its exit status."""
    try:
        build(args)
    except (ValueError, OSError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    return 0


def index_videos(folder: str) -> dict[str, list[str]]:
    """Paths of all videos below a folder by name without suffix.

    Empty files, which failed downloads leave, do not count.
    """
    if not os.path.isdir(folder):
        raise FileNotFoundError(f'{folder}: no such folder')
    found: dict[str, list[str]] = {}
    for path in find_videos(os.path.abspath(folder)):
        if os.path.isfile(path) and os.path.getsize(path):
            stem = os.path.splitext(os.path.basename(path))[0]
            found.setdefault(stem, []).append(path)
    if not found:
        raise FileNotFoundError(f'{folder}: holds no videos')
    return found


class Segment(NamedTuple):
    """One line of a list of YouTube segments, and its file."""

    youtube_id: str
    start: float  # seconds in the full video
    end: float
    split: str  # train, val or test
    label: int = -1  # -1 for none
    names: str = ''  # of the class, or identifiers of several
    path: str = ''  # empty if there is none
    trimmed: bool = False  # the file is the segment alone

    @property
    def name(self) -> str:
        """Of the prepared files; as Kinetics names its clips."""
        stem = f'{self.youtube_id}_{tag(self.start)}_{tag(self.end)}'
        return f'{self.split}/{stem}'


def _tags(seconds: float) -> list[str]:
    """The ways in which downloaders write a moment."""
    tags = {f'{seconds:.1f}', f'{seconds:.3f}', f'{seconds * 1000:.0f}'}
    if seconds == int(seconds):
        tags |= {f'{int(seconds)}', f'{int(seconds):06d}'}
    return sorted(tags, reverse=True)


def match(segment: Segment, videos: dict[str, list[str]]) -> Segment:
    """Find the file of a segment.

    In this order: ``<id>_<start>_<end>`` and ``<id>_<start>``, the moments
    in seconds, with or without zeros in front, or milliseconds; then
    ``<id>``, the full video.
    """
    starts, ends = _tags(segment.start), _tags(segment.end)
    tags = [f'_{start}_{end}' for start in starts for end in ends]
    for ending in (*tags, *(f'_{start}' for start in starts), ''):
        if paths := videos.get(segment.youtube_id + ending):
            return segment._replace(path=paths[0], trimmed=bool(ending))
    return segment


def draw(segments: Iterable[Segment], number: int, seed: int) -> set[Segment]:
    """Draw some of the available training segments; take all others.

    At random, but the same everywhere: a smaller draw is part of every
    larger one with the same seed, and a video that has gone missing is
    replaced without disturbing the rest.
    """

    def ticket(segment):
        text = f'{seed}:{segment.youtube_id}:{segment.start}'
        return hashlib.sha256(text.encode()).digest()

    available = {s for s in segments if s.path}
    train = [s for s in available if s.split == 'train']
    if len(train) < number:
        raise ValueError(
            f'asked for {number} training segments, but only {len(train)} '
            'are available'
        )
    return available - set(sorted(train, key=ticket)[number:])


def write_lists(
    out: str, segments: list[Segment], chosen: set[Segment] | None = None
) -> None:
    """Write what there is for ``prepare_av.py``, and what is missing.

    ``availability.csv`` holds all segments with a column that tells which
    are there, ``videos.csv`` those that are to be prepared: all that are
    there, or those ``chosen``. Prints numbers of segments per split.
    """
    there = [s for s in segments if s.path]
    wanted = [s for s in there if chosen is None or s in chosen]
    write_rows(
        os.path.join(out, 'availability.csv'),
        (*Segment._fields[:6], 'available', 'video'),
        (
            dict(s._asdict(), available=int(bool(s.path)), video=s.path)
            for s in segments
        ),
    )
    write_rows(
        os.path.join(out, 'videos.csv'),
        ('video', 'start', 'end', 'name', 'label', 'split', 'names')
        + ('youtube_id',),
        (
            {
                **s._asdict(),
                **(dict(start='', end='') if s.trimmed else {}),
                'video': s.path,
                'name': s.name,
                'label': '' if s.label < 0 else s.label,
            }
            for s in wanted
        ),
    )
    print(f'{"":8s}{"listed":>10s}{"available":>10s}{"to prepare":>12s}')
    listed, available, to_prepare = (
        Counter(s.split for s in part) for part in (segments, there, wanted)
    )
    for split, number in listed.items():
        found, share = available[split], available[split] / number
        numbers = f'{number:10d}{found:10d}{to_prepare[split]:12d}'
        print(f'{split:8s}{numbers}   ({share:.1%} available)')
    if not there:
        raise ValueError('no video matches')
    print(f'next: tools/data/prepare_av.py --list {out}/videos.csv')
