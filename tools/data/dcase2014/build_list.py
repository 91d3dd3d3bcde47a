"""Annotation of the acoustic scenes of DCASE, wherever they are kept.

The recordings are not copied: the list names them by absolute path.
"""

import argparse
import os
import re
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from official_lists import parse_args, run

from avts_mm.datasets.recordings import Recording, write_recordings

CLASSES = (
    *('bus', 'busystreet', 'office', 'openairmarket', 'park'),
    *('quietstreet', 'restaurant', 'supermarket', 'tube', 'tubestation'),
)
_FILE = re.compile(rf'({"|".join(CLASSES)})_?(\d+)\.(wav|flac|ogg|mp3)', re.I)


def read(folder: str, fold: int, folds: int = 1) -> list[Recording]:
    """The recordings below a folder.

    Those of each class are dealt by name, in turn, to ``folds`` folds from
    ``fold`` on.

    Raises:
        ValueError: There are none, or of some class there are too few.
    """
    if not os.path.isdir(folder):
        raise ValueError(f'{folder}: no such folder')
    found, seen = [], Counter()
    for path in sorted(Path(os.path.abspath(folder)).rglob('*')):
        if match := _FILE.fullmatch(path.name):
            category = match.group(1).lower()
            label, name = CLASSES.index(category), str(path)
            found.append(Recording(name, label, 0, name, category))
    found.sort(key=lambda r: (r.label, r.audio))
    for place, recording in enumerate(found):
        turn = seen[recording.category] % folds
        found[place] = recording._replace(fold=fold + turn)
        seen[recording.category] += 1
    lost = [category for category in CLASSES if not seen[category]]
    if lost:
        raise ValueError(
            f'{folder}: has {len(found)} recordings such as bus01.wav, and '
            f'none of {", ".join(lost)}; unpack scenes_stereo.zip (or '
            'scenes_stereo_testset.zip) there'
        )
    if min(seen.values()) < folds:
        raise ValueError(
            f'a class has {min(seen.values())} recordings, too few for '
            f'{folds} folds'
        )
    return found


def build(args: argparse.Namespace) -> None:
    # Fold 0 is for training alone.
    if args.test:
        recordings = read(args.train, 0) + read(args.test, 1)
    else:
        recordings = read(args.train, 1, args.folds)
    path = os.path.join(args.out, 'annotation.csv')
    write_recordings(path, recordings)
    folds = Counter(r.fold for r in recordings)
    for fold, number in sorted(folds.items()):
        name = f'fold {fold}' if fold else 'train'
        print(f'{name:12s}{number:6d}')
    if args.test is None:
        print('note: these folds are ours, not official')
    print(f'list: {path}')


def main(argv: list[str] | None = None) -> int:
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
    args = parse_args(parser, 'data/dcase2014', argv)
    if (args.test is None) == (args.folds is None):
        parser.error('give the folder of the test recordings, or --folds')
    if args.folds is not None and args.folds < 2:
        parser.error('--folds must be at least 2')
    return run(build, args)


if __name__ == '__main__':
    sys.exit(main())
