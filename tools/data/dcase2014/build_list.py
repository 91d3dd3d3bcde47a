"""Annotation of the acoustic scenes of DCASE, wherever they are kept.

The recordings are not copied: the list names them by absolute path.
"""

import argparse
import json
import os
import re
import sys
from collections import Counter, defaultdict

from avts_mm.datasets.recordings import Recording, write_recordings

CLASSES = (
    *('bus', 'busystreet', 'office', 'openairmarket', 'park'),
    *('quietstreet', 'restaurant', 'supermarket', 'tube', 'tubestation'),
)
_FILE = re.compile(rf'({"|".join(CLASSES)})_?(\d+)\.(wav|flac|ogg|mp3)', re.I)


def read(folder: str, fold: int) -> list[Recording]:
    """The recordings below a folder, all of one fold.

    Raises:
        ValueError: There are none, or of some class there are none.
    """
    if not os.path.isdir(folder):
        raise ValueError(f'{folder}: no such folder')
    found = []
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            match = _FILE.fullmatch(name)
            if match:
                path = os.path.abspath(os.path.join(place, name))
                category = match.group(1).lower()
                label = CLASSES.index(category)
                found.append(Recording(path, label, fold, path, category))
    lost = set(CLASSES) - {r.category for r in found}
    if lost:
        raise ValueError(
            f'{folder}: has {len(found)} recordings such as bus01.wav, and '
            f'none of {", ".join(sorted(lost))}; unpack scenes_stereo.zip '
            '(or scenes_stereo_testset.zip) there'
        )
    return sorted(found, key=lambda r: (r.label, r.audio))


def in_folds(recordings: list[Recording], number: int) -> list[Recording]:
    """Deal the recordings of each class to the folds in turn, by name."""
    seen = defaultdict(int)
    dealt = []
    for recording in recordings:
        fold = seen[recording.label] % number + 1
        seen[recording.label] += 1
        dealt.append(recording._replace(fold=fold))
    if min(seen.values()) < number:
        raise ValueError(
            f'a class has {min(seen.values())} recordings, too few for '
            f'{number} folds'
        )
    return dealt


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument(
        'train', help='folder of the public recordings (scenes_stereo)'
    )
    parser.add_argument(
        'test',
        nargs='?',
        help='folder of the once private ones (scenes_stereo_testset)',
    )
    parser.add_argument(
        '--folds',
        type=int,
        help='without the private ones: cross-validate the public ones in so '
        'many folds, dealt by name',
    )
    parser.add_argument('--out', default='data/dcase2014')
    parser.add_argument('--json', help='also write the counts here')
    args = parser.parse_args(argv)
    if (args.test is None) == (args.folds is None):
        parser.error('give the folder of the test recordings, or --folds')
    if args.folds is not None and args.folds < 2:
        parser.error('--folds must be at least 2')
    return args


def main(argv: list[str] | None = None) -> int:
    args = parse_args(argv)
    try:
        # Fold 0 is for training alone.
        recordings = read(args.train, 0)
        if args.test:
            recordings += read(args.test, 1)
        else:
            recordings = in_folds(recordings, args.folds)
        path = os.path.join(args.out, 'annotation.csv')
        write_recordings(path, recordings)
    except (ValueError, OSError) as error:
        print(f'build_list: {error}', file=sys.stderr)
        return 1
    counts = Counter(r.fold for r in recordings)
    counts = {str(fold): counts[fold] for fold in sorted(counts)}
    for fold, number in counts.items():
        name = 'train' if fold == '0' else f'fold {fold}'
        print(f'{name:12s}{number:6d}')
    if args.test is None:
        print('note: these folds are ours, not official')
    print(f'list: {path}')
    if args.json:
        with open(args.json, 'w', encoding='utf-8') as file:
            json.dump(counts, file)
    return 0


if __name__ == '__main__':
    sys.exit(main())
