"""Official lists of segments, matched with the videos that one has.

Kinetics and AudioSet are published as lists of YouTube segments; many of the
videos are gone. What is left, and as what it was saved, differs from person
to person.
"""

import csv
import hashlib
import os
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from .sources import SUFFIXES


class Segment(NamedTuple):
    """One line of an official list.

    Attributes:
        youtube_id (str): 11 characters.
        start (float): Seconds in the full video.
        end (float): Seconds in the full video.
        split (str): ``'train'``, ``'val'``, ``'test'``.
        label (int): Number of the class, -1 for none.
        names (str): Name of the class, or identifiers of several.
    """

    youtube_id: str
    start: float
    end: float
    split: str
    label: int = -1
    names: str = ''


class Match(NamedTuple):
    """A segment and the file that holds it.

    Attributes:
        segment (Segment): The segment.
        path (str): The file, empty if there is none.
        trimmed (bool): The file is the segment alone, not the full video.
    """

    segment: Segment
    path: str = ''
    trimmed: bool = False


def index_videos(folder: str) -> dict[str, str]:
    """Paths of all videos below a folder by name without suffix.

    Empty files, which failed downloads leave, do not count.

    Raises:
        FileNotFoundError: There is no such folder.
    """
    if not os.path.isdir(folder):
        raise FileNotFoundError(f'{folder}: no such folder')
    found: dict[str, str] = {}
    for place, folders, names in os.walk(folder, followlinks=True):
        folders.sort()
        for name in sorted(names):
            stem, suffix = os.path.splitext(name)
            path = os.path.join(place, name)
            if suffix.lower() in SUFFIXES and os.path.getsize(path):
                found.setdefault(stem, os.path.abspath(path))
    return found


def _tags(seconds: float) -> set[str]:
    """The ways in which downloaders write a moment."""
    tags = {f'{seconds:.1f}', f'{seconds:.3f}', f'{seconds * 1000:.0f}'}
    if seconds == int(seconds):
        tags |= {f'{int(seconds)}', f'{int(seconds):06d}'}
    return tags


def match(segment: Segment, videos: dict[str, str]) -> Match:
    """Find the file of a segment.

    In this order: ``<id>_<start>_<end>`` and ``<id>_<start>``, the moments
    in seconds, with or without zeros in front, or milliseconds; then
    ``<id>``, the full video.
    """
    starts = sorted(_tags(segment.start), reverse=True)
    ends = sorted(_tags(segment.end), reverse=True)
    stems = [f'{start}_{end}' for start in starts for end in ends]
    for tag in (*stems, *starts):
        path = videos.get(f'{segment.youtube_id}_{tag}')
        if path is not None:
            return Match(segment, path, True)
    path = videos.get(segment.youtube_id)
    return Match(segment) if path is None else Match(segment, path)


def read_kinetics(paths: Iterable[str]) -> tuple[list[Segment], list[str]]:
    """Read Kinetics lists: label, youtube_id, time_start, time_end, split.

    Classes are numbered in alphabetical order over all the lists given.

    Args:
        paths (Iterable[str]): CSV files.

    Returns:
        tuple: The segments and the names of the classes.

    Raises:
        ValueError: A list is not of this form.
    """
    rows = []
    for path in paths:
        with open(path, newline='', encoding='utf-8-sig') as file:
            reader = csv.DictReader(file, skipinitialspace=True)
            needed = {'youtube_id', 'time_start', 'time_end', 'split'}
            missing = needed - set(reader.fieldnames or ())
            if missing:
                raise ValueError(
                    f'{path}: lacks {", ".join(sorted(missing))}; is it the '
                    'official list?'
                )
            for row in reader:
                try:
                    moments = float(row['time_start']), float(row['time_end'])
                except (TypeError, ValueError):
                    raise ValueError(
                        f'{path}, line {reader.line_num}: no times'
                    ) from None
                label = (row.get('label') or '').strip()
                split = row['split'].strip()
                split = {'validate': 'val', 'validation': 'val'}.get(
                    split, split
                )
                rows.append((row['youtube_id'], *moments, split, label))
    classes = sorted({row[-1] for row in rows} - {''})
    numbers = {name: number for number, name in enumerate(classes)}
    segments = [
        Segment(*row[:4], numbers.get(row[4], -1), row[4]) for row in rows
    ]
    return segments, classes


def read_audioset(path: str, split: str) -> Iterator[Segment]:
    """Read an AudioSet list: id, start, end, quoted label identifiers.

    Args:
        path (str): CSV file whose comments begin with ``#``.
        split (str): What its segments are for.

    Raises:
        ValueError: The list is not of this form.
    """
    with open(path, newline='', encoding='utf-8-sig') as file:
        reader = csv.reader(file, skipinitialspace=True)
        for row in reader:
            if not row or row[0].startswith('#'):
                continue
            try:
                name, start, end, labels = row
                segment = Segment(name, float(start), float(end), split)
            except ValueError:
                raise ValueError(
                    f'{path}, line {reader.line_num}: is not of the form '
                    'id, start, end, "labels"'
                ) from None
            yield segment._replace(names=labels.replace(',', ' '))


def draw(matches: Iterable[Match], number: int, seed: int = 0) -> set[Segment]:
    """Draw some of the available training segments; take all others.

    At random, but the same everywhere: a smaller draw is part of every
    larger one with the same seed, and a video that has gone missing is
    replaced without disturbing the rest.

    Returns:
        set: The segments to prepare.

    Raises:
        ValueError: Fewer than ``number`` are available.
    """

    def ticket(segment):
        text = f'{seed}:{segment.youtube_id}:{segment.start}'
        return hashlib.sha256(text.encode()).digest()

    available = {m.segment for m in matches if m.path}
    train = [s for s in available if s.split == 'train']
    if len(train) < number:
        raise ValueError(
            f'asked for {number} training segments, but only {len(train)} '
            'are available'
        )
    left = set(sorted(train, key=ticket)[number:])
    return available - left


def write_lists(
    out: str, matches: list[Match], chosen: set[Segment] | None = None
) -> dict[str, dict[str, int]]:
    """Write what there is for ``prepare_av.py``, and what is missing.

    ``availability.csv`` holds all segments with a column that tells which
    are there, ``videos.csv`` those that are to be prepared.

    Args:
        out (str): Folder to write to.
        matches (list[Match]): All segments of the lists.
        chosen (set | None): Which of the available ones to prepare; None for
            all.

    Returns:
        dict: Numbers of segments per split: ``listed``, ``available``, and
        ``chosen``, to be prepared.
    """
    os.makedirs(out, exist_ok=True)
    counts: dict[str, dict[str, int]] = {}
    files = [os.path.join(out, n) for n in ('videos.csv', 'availability.csv')]
    parts = [f'{path}.part' for path in files]
    with (
        open(parts[0], 'w', newline='', encoding='utf-8') as to_prepare,
        open(parts[1], 'w', newline='', encoding='utf-8') as overview,
    ):
        videos = csv.writer(to_prepare, lineterminator='\n')
        videos.writerow(
            ['video', 'start', 'end', 'name', 'label', 'split', 'names']
            + ['youtube_id']
        )
        available = csv.writer(overview, lineterminator='\n')
        available.writerow([*Segment._fields, 'available', 'video'])
        for segment, path, trimmed in matches:
            tally = counts.setdefault(
                segment.split, dict(listed=0, available=0, chosen=0)
            )
            tally['listed'] += 1
            available.writerow([*segment, int(bool(path)), path])
            if not path:
                continue
            tally['available'] += 1
            if chosen is not None and segment not in chosen:
                continue
            tally['chosen'] += 1
            span = ('', '') if trimmed else (segment.start, segment.end)
            label = '' if segment.label < 0 else segment.label
            videos.writerow(
                [path, *span, _name(segment), label, segment.split]
                + [segment.names, segment.youtube_id]
            )
    for part, path in zip(parts, files):
        os.replace(part, path)
    return counts


def format_counts(counts: dict[str, dict[str, int]]) -> list[str]:
    """The counts of :func:`write_lists` as lines to print."""
    lines = [f'{"":8s}{"listed":>10s}{"available":>10s}{"to prepare":>12s}']
    for split, tally in counts.items():
        share = tally['available'] / tally['listed']
        lines.append(
            f'{split:8s}{tally["listed"]:10d}{tally["available"]:10d}'
            f'{tally["chosen"]:12d}   ({share:.1%} available)'
        )
    return lines


def _name(segment: Segment) -> str:
    """Name of the prepared files; as Kinetics names its clips."""
    moments = [
        f'{int(t):06d}' if t == int(t) else f'{t:010.3f}'
        for t in (segment.start, segment.end)
    ]
    return '/'.join([segment.split, '_'.join([segment.youtube_id, *moments])])
