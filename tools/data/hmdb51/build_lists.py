"""Match the official splits of HMDB51 with the videos one has."""

import os
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import action_lists
from action_lists import SPLITS, ActionVideo, Lists, read_lines

FOLDER = 'testTrainMulti_7030_splits'


def read(folder: str) -> Lists:
    """Read ``<class>_test_split<N>.txt``: names followed by a code.

    Code 1 is training, 2 test, 0 neither. Classes are numbered in
    alphabetical order.
    """
    if not os.path.isdir(folder):
        raise FileNotFoundError(f'{folder}: no such folder')
    found = (
        re.fullmatch(r'(.+)_test_split\d\.txt', name)
        for name in os.listdir(folder)
    )
    classes = sorted({match[1] for match in found if match})
    if not classes:
        raise FileNotFoundError(
            f'{folder}: holds no <class>_test_split<N>.txt; name the folder '
            f'of the official lists, {FOLDER}'
        )
    parts: dict[str, list[ActionVideo]] = {
        f'{part}_split{n}': [] for n in SPLITS for part in ('train', 'test')
    }
    for label, action in enumerate(classes):
        for split in SPLITS:
            path = os.path.join(folder, f'{action}_test_split{split}.txt')
            for place, line in read_lines(path):
                *video, code = line.rsplit(maxsplit=1)
                if not video or code not in ('0', '1', '2'):
                    raise ValueError(
                        f'{place}: must be a name and 0, 1 or 2, not '
                        f'{line[:80]!r}'
                    )
                if code != '0':
                    part = 'train' if code == '1' else 'test'
                    parts[f'{part}_split{split}'].append(
                        ActionVideo(video[0], action, label)
                    )
    return classes, parts


def main(argv: list[str] | None = None) -> int:
    return action_lists.main(read, __doc__, 'hmdb51', FOLDER, argv)


if __name__ == '__main__':
    sys.exit(main())
