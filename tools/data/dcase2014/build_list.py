"""Annotation of the acoustic scenes of DCASE, wherever they are kept.

The recordings are not copied: the list names them by absolute path.
"""

import argparse
import os
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from avts_mm.datasets.recordings import Recording, write_recordings

from official_lists import parse_args, run

CLASSES = (
    *('bus', 'busystreet', 'office', 'openairmarket', 'park'),
    *('quietstreet', 'restaurant', 'supermarket', 'tube', 'tubestation'),
)
_FILE = re.compile(rf'({"|".join(CLASSES)})_?(\d+)\.(wav|flac|ogg|mp3)', re.I)


def read(folder: str, fold: int) -> list[Recording]:
    """The recordings below a folder, by class and name."""
    if not os.path.isdir(folder):
        raise ValueError(f'{folder}: no such folder')
    found = []
    for path in sorted(Path(os.path.abspath(folder)).rglob('*')):
        if match := _FILE.fullmatch(path.name):
            category = match.group(1).lower()
            label, name = CLASSES.index(category), str(path)
            found.append(Recording(name, label, fold, name, category))
    found.sort(key=lambda r: (r.label, r.audio))
    there = {recording.category for recording in found}
    lost = [category for category in CLASSES if category not in there]
    if lost:
        raise ValueError(
            f'{folder}: has {len(found)} recordings such as bus01.wav, and '
            f'none of {", ".join(lost)}; unpack scenes_stereo.zip (or '
            'scenes_stereo_testset.zip) there'
        )
    return found


def build(args: argparse.Namespace) -> None:
    # Fold 0 is for training alone.
    train, test = read(args.train, 0), read(args.test, 1)
    path = os.path.join(args.out, 'annotation.csv')
    write_recordings(path, train + test)
    print(f'train {len(train):12d}\ntest {len(test):13d}\nlist: {path}')


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument(
        'train', help='folder of the public recordings (scenes_stereo)'
    )
    parser.add_argument(
        'test', help='folder of the once private ones (scenes_stereo_testset)'
    )
    return run(build, parse_args(parser, 'data/dcase2014', argv))


if __name__ == '__main__':
    sys.exit(main())
