"""Annotation of ESC-50, or of its part ESC-10, wherever it is kept.

Reads ``meta/esc50.csv`` of the ESC-50 repository, or the folders of the older
ESC-10 and ESC-50 repositories, ``001 - Dog bark/1-30226-A.ogg``. The
recordings are not copied: the list names them by absolute path.
"""

import argparse
import os
import re
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from avts_mm.datasets.recordings import (
    Recording,
    check_sources,
    write_recordings,
)
from avts_mm.media.annotation import iter_rows, parse_integer

from official_lists import parse_args, run

_FOLDER = re.compile(r'(\d{3})(?: - |_)(.+)')
_FILE = re.compile(r'(\d)-(\d+)-([A-Z]+)\.(ogg|wav|flac|mp3)', re.I)
_COLUMNS = ('filename', 'fold', 'target', 'category', 'src_file', 'esc10')


def read_table(root: str, esc10: bool) -> list[Recording]:
    """The recordings of ``meta/esc50.csv``."""

    def parse(row: dict[str, str]) -> tuple[bool, Recording]:
        recording = Recording(
            os.path.abspath(os.path.join(root, 'audio', row['filename'])),
            parse_integer('target', row['target'], 0),
            parse_integer('fold', row['fold'], 0),
            row['src_file'],
            row['category'],
        )
        return row['esc10'].lower() == 'true', recording

    path = os.path.join(root, 'meta', 'esc50.csv')
    rows = iter_rows(path, _COLUMNS, parse, 'fetch ESC-50 again')
    found = [recording for ten, recording in rows if ten or not esc10]
    # ESC-10 keeps the order of its classes, numbered from 0.
    labels = sorted({recording.label for recording in found})
    return [r._replace(label=labels.index(r.label)) for r in found]


def read_folders(root: str) -> list[Recording]:
    """The recordings in folders named by class."""
    found, labels = [], {}
    for path in sorted(Path(os.path.abspath(root)).glob('*/*')):
        folder = _FOLDER.fullmatch(path.parent.name)
        match = _FILE.fullmatch(path.name)
        if folder and match:
            label = labels.setdefault(folder.group(1), len(labels))
            category = folder.group(2).replace(' ', '_').lower()
            fold, source = int(match.group(1)), match.group(2)
            found.append(Recording(str(path), label, fold, source, category))
    return found


def read(root: str, esc10: bool = False) -> list[Recording]:
    """The recordings of a copy of ESC-50 or ESC-10."""
    if not os.path.isdir(root):
        raise ValueError(f'{root}: no such folder')
    if os.path.isfile(os.path.join(root, 'meta', 'esc50.csv')):
        recordings = read_table(root, esc10)
    else:
        recordings = read_folders(root)
        if esc10 and len({r.label for r in recordings}) > 10:
            raise ValueError(
                f'{root}: only meta/esc50.csv tells which of these are of '
                'ESC-10; fetch the ESC-50 repository, or ESC-10 alone'
            )
    if not recordings:
        raise ValueError(
            f'{root}: has neither meta/esc50.csv nor folders such as '
            '"001 - Dog bark" with recordings such as 1-30226-A.ogg'
        )
    missing = [r.audio for r in recordings if not os.path.isfile(r.audio)]
    if missing:
        raise ValueError(
            f'{len(missing)} of {len(recordings)} recordings are missing, '
            f'the first is {missing[0]}; fetch them again'
        )
    check_sources(recordings, root)
    return recordings


def build(args: argparse.Namespace) -> None:
    recordings = read(args.root, args.esc10)
    classes = len({r.label for r in recordings})
    name = 'esc10' if classes == 10 else 'esc50'
    path = os.path.join(args.out or f'data/{name}', 'annotation.csv')
    write_recordings(path, recordings)
    counts = dict(recordings=len(recordings), classes=classes)
    counts['sources'] = len({r.source for r in recordings})
    folds = Counter(f'fold {r.fold}' for r in recordings)
    for key, number in (counts | dict(sorted(folds.items()))).items():
        print(f'{key:12s}{number:6d}')
    if len(recordings) != {10: 400, 50: 2000}.get(classes):
        print('note: not the official 2000 (ESC-10: 400) recordings')
    print(f'list: {path}')


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('root', help='folder of the ESC-50 or ESC-10 copy')
    parser.add_argument(
        '--esc10', action='store_true', help='the ten classes of ESC-10 alone'
    )
    return run(build, parse_args(parser, None, argv))


if __name__ == '__main__':
    sys.exit(main())
