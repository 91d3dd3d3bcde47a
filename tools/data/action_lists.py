"""Official splits of UCF101 and HMDB51, matched with the videos one has.

Both have three splits into training and test, given as lists of names. A
video is looked for by its name, whatever its format, and by the folder of its
class.
"""

import argparse
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from official_lists import index_videos, parse_args, run

SPLITS = (1, 2, 3)


class ActionVideo(NamedTuple):
    """One line of an official list; labels count from 0."""

    name: str  # of the file, without folder
    action: str  # name of the class and of its folder
    label: int


# Names of the classes; the place is the label. Videos of ``train_split1`` etc.
Lists = tuple[list[str], dict[str, list[ActionVideo]]]


def read_lines(path: str) -> Iterator[tuple[str, str]]:
    """(place for messages, text) of the lines of a list that are not blank."""
    if not os.path.isfile(path):
        raise FileNotFoundError(
            f'{path}: no such list; unpack the official lists anew'
        )
    with open(path, encoding='utf-8-sig') as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                yield f'{path}, line {number}', line.strip()


def find(video: ActionVideo, videos: dict[str, list[str]]) -> str | None:
    """The file of a listed video, or None.

    Of several with its name the one in the folder of its class is meant; of
    these the one with the suffix of the list.
    """
    stem, suffix = os.path.splitext(video.name)
    paths = videos.get(stem, [])
    folder = f'{os.sep}{video.action}{os.sep}{stem}'
    paths = [
        p for p in paths if os.path.splitext(p)[0].endswith(folder)
    ] or paths
    if len(paths) > 1:
        same = [p for p in paths if p.endswith(suffix)]
        paths = same if len(same) == 1 else paths
    if len(paths) > 1:
        raise ValueError(
            f'{video.action}/{video.name} may be {paths[0]} or {paths[1]}; '
            'remove one or the other'
        )
    return paths[0] if paths else None


def write_lists(
    lists: Lists, args: argparse.Namespace
) -> dict[str, tuple[int, int]]:
    """Write a list ``path label`` per part, and ``classes.txt``.

    Paths are relative to the output where the videos are below it, else
    absolute. Nothing is written if videos are missing and must not be.
    """
    classes, parts = lists
    videos, base = index_videos(args.videos), os.path.abspath(args.out)
    texts, counts = {'classes': ''.join(f'{c}\n' for c in classes)}, {}
    missing: dict[ActionVideo, str] = {}
    for part, members in parts.items():
        lines = []
        for video in members:
            path = find(video, videos)
            if path is None:
                missing.setdefault(video, part)
                continue
            if path.startswith(base + os.sep):
                path = os.path.relpath(path, base)
            lines.append(f'{path} {video.label}\n')
        texts[part] = ''.join(lines)
        counts[part] = len(members), len(lines)
    if missing and not args.allow_missing:
        video, part = next(iter(missing.items()))
        raise FileNotFoundError(
            f'{len(missing)} listed videos are missing below {args.videos}, '
            f'the first is {video.action}/{video.name} ({part}); fetch them, '
            'or leave them out with --allow-missing'
        )
    for part, text in texts.items():
        if not text:
            raise ValueError(f'{part}: none of its videos is there')
    os.makedirs(args.out, exist_ok=True)
    for name, text in texts.items():
        Path(args.out, f'{name}.txt').write_text(text, encoding='utf-8')
    return counts


def main(
    read: Callable[[str], Lists],
    description: str,
    data: str,
    folder: str,
    argv: list[str] | None,
) -> int:
    """The script of a data set whose lists, in a folder usually called so,
    ``read`` understands; returns its exit status."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument(
        'lists', help=f'folder of the official lists, {folder}'
    )
    parser.add_argument(
        '--videos', required=True, help='folder, searched with subfolders'
    )
    parser.add_argument(
        '--allow-missing',
        action='store_true',
        help='leave out listed videos that are not there; the figures are '
        'then not those of the official splits',
    )

    def build(args: argparse.Namespace) -> None:
        lists = read(args.lists)
        counts = write_lists(lists, args)
        print(f'{"":14s}{"listed":>8s}{"available":>11s}')
        for part, (listed, available) in counts.items():
            print(f'{part:14s}{listed:8d}{available:11d}')
        print(f'{len(lists[0])} classes, lists in {args.out}')
        print(
            'next: python tools/finetune_splits.py '
            f'configs/finetune/{data}_avts.py --checkpoint AVTS.pth'
        )

    return run(build, parse_args(parser, f'data/{data}', argv))
