"""Annotation of ESC-50, or of its part ESC-10, wherever it is kept.

Reads ``meta/esc50.csv`` of the ESC-50 repository, or the folders of the older
ESC-10 and ESC-50 repositories, ``001 - Dog bark/1-30226-A.ogg``. The
recordings are not copied: the list names them by absolute path.
"""

import argparse
import csv
import json
import os
import re
import sys
from collections import Counter

from avts_mm.datasets.recordings import (
    Recording,
    check_sources,
    write_recordings,
)

_FOLDER = re.compile(r'(\d{3})(?: - |_)(.+)')
_FILE = re.compile(r'(\d)-(\d+)-([A-Z]+)\.(ogg|wav|flac|mp3)', re.I)
_COLUMNS = ('filename', 'fold', 'target', 'category')


def read_table(root: str, esc10: bool) -> list[Recording]:
    """The recordings of ``meta/esc50.csv``.

    Raises:
        ValueError: It is not of the official form.
    """
    path = os.path.join(root, 'meta', 'esc50.csv')
    with open(path, newline='', encoding='utf-8-sig') as file:
        reader = csv.DictReader(file)
        needed = [*_COLUMNS, 'src_file', *(['esc10'] if esc10 else [])]
        missing = set(needed) - set(reader.fieldnames or ())
        if missing:
            raise ValueError(
                f'{path}: lacks {", ".join(sorted(missing))}; is it the '
                'official list?'
            )
        rows = [
            row
            for row in reader
            if not esc10 or row['esc10'].strip().lower() == 'true'
        ]
    try:
        targets = sorted({int(row['target']) for row in rows})
        return [
            Recording(
                os.path.abspath(os.path.join(root, 'audio', row['filename'])),
                # ESC-10 keeps the order of its classes, numbered from 0.
                targets.index(int(row['target'])),
                int(row['fold']),
                row['src_file'],
                row['category'],
            )
            for row in rows
        ]
    except ValueError as error:
        raise ValueError(f'{path}: {error}') from None


def read_folders(root: str) -> list[Recording]:
    """The recordings in folders named by class."""
    folders = {
        match.group(1): (name, match.group(2))
        for name in os.listdir(root)
        if (match := _FOLDER.fullmatch(name))
    }
    found = []
    for label, number in enumerate(sorted(folders)):
        name, category = folders[number]
        category = category.replace(' ', '_').lower()
        for file in sorted(os.listdir(os.path.join(root, name))):
            match = _FILE.fullmatch(file)
            if match:
                path = os.path.abspath(os.path.join(root, name, file))
                fold, source = int(match.group(1)), match.group(2)
                found.append(Recording(path, label, fold, source, category))
    return found


def read(root: str, esc10: bool = False) -> list[Recording]:
    """The recordings of a copy of ESC-50 or ESC-10.

    Raises:
        ValueError: It is none, or recordings are missing.
    """
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


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('root', help='folder of the ESC-50 or ESC-10 copy')
    parser.add_argument(
        '--esc10', action='store_true', help='the ten classes of ESC-10 alone'
    )
    parser.add_argument(
        '--out', help='default data/esc50, or data/esc10 for ten classes'
    )
    parser.add_argument('--json', help='also write the counts here')
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    args = parse_args(argv)
    try:
        recordings = read(args.root, args.esc10)
        classes = len({r.label for r in recordings})
        name = 'esc10' if classes == 10 else 'esc50'
        out = args.out or os.path.join('data', name)
        path = os.path.join(out, 'annotation.csv')
        write_recordings(path, recordings)
    except (ValueError, OSError) as error:
        print(f'build_list: {error}', file=sys.stderr)
        return 1
    folds = Counter(r.fold for r in recordings)
    counts = dict(
        recordings=len(recordings),
        classes=classes,
        sources=len({r.source for r in recordings}),
        folds={str(fold): folds[fold] for fold in sorted(folds)},
    )
    for key in ('recordings', 'classes', 'sources'):
        print(f'{key:12s}{counts[key]:6d}')
    for fold, number in counts['folds'].items():
        print(f'fold {fold:7s}{number:6d}')
    expected = {10: 400, 50: 2000}.get(classes)
    if counts['recordings'] != expected:
        print('note: not the official 2000 (ESC-10: 400) recordings')
    print(f'list: {path}')
    if args.json:
        with open(args.json, 'w', encoding='utf-8') as file:
            json.dump(counts, file)
    return 0


if __name__ == '__main__':
    sys.exit(main())
