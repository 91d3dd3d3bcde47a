"""Match the official splits of UCF101 with the videos one has."""

import os
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import action_lists
from action_lists import SPLITS, ActionVideo, Lists, read_lines


def read(folder: str) -> Lists:
    """Read ``classInd.txt``, ``trainlist0N.txt`` and ``testlist0N.txt``."""
    labels: dict[str, int] = {}
    for place, line in read_lines(os.path.join(folder, 'classInd.txt')):
        number, _, name = line.partition(' ')
        if number != str(len(labels) + 1) or not name:
            raise ValueError(
                f'{place}: must be "{len(labels) + 1} NameOfClass", not '
                f'{line[:80]!r}'
            )
        labels[name.strip()] = len(labels)
    parts = {}
    for split in SPLITS:
        for part in ('train', 'test'):
            path = os.path.join(folder, f'{part}list{split:02d}.txt')
            parts[f'{part}_split{split}'] = [
                _video(place, line, labels) for place, line in read_lines(path)
            ]
    return list(labels), parts


def _video(place: str, line: str, labels: dict[str, int]) -> ActionVideo:
    # Lists for training tell the number of the class, too, from 1 on.
    action, name, number = re.fullmatch(
        r'([^/]*)(?:/(.*?))?(?:\s+(\d+))?', line
    ).groups()
    if not name or action not in labels:
        raise ValueError(
            f'{place}: must be Class/video.avi with a class of classInd.txt, '
            f'not {line[:80]!r}'
        )
    if number and int(number) != labels[action] + 1:
        raise ValueError(
            f'{place}: class {number}, but {action} is class '
            f'{labels[action] + 1} in classInd.txt'
        )
    return ActionVideo(name, action, labels[action])


def main(argv: list[str] | None = None) -> int:
    return action_lists.main(read, __doc__, 'ucf101', 'ucfTrainTestlist', argv)


if __name__ == '__main__':
    sys.exit(main())
