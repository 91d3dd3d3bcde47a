"""Official splits of UCF101 and HMDB51, matched with the videos one has.

Both have three splits into training and test, given as lists of names. Copies
of the videos differ in their folders and formats, so that a video is looked
for by its name, and by the folder of its class.
"""

import os
import re
from collections.abc import Iterable
from typing import NamedTuple

from .sources import SUFFIXES

SPLITS = (1, 2, 3)


class ActionVideo(NamedTuple):
    """One line of an official list.

    Attributes:
        name (str): File name without folder, as listed.
        action (str): Name of its class, which is also that of its folder.
        label (int): Number of the class, from 0 on.
    """

    name: str
    action: str
    label: int


class ActionLists(NamedTuple):
    """Official lists.

    Attributes:
        classes (list[str]): Names; the place is the label.
        parts (dict[str, list[ActionVideo]]): ``train_split1`` and so on.
    """

    classes: list[str]
    parts: dict[str, list[ActionVideo]]


def read_ucf101(folder: str) -> ActionLists:
    """Read ``classInd.txt``, ``trainlist0N.txt`` and ``testlist0N.txt``.

    Args:
        folder (str): Where these are (``ucfTrainTestlist``).

    Raises:
        FileNotFoundError: A list is missing.
        ValueError: A list is not of this form.
    """
    path = os.path.join(folder, 'classInd.txt')
    classes: list[str] = []
    for place, line in _lines(path):
        number, _, name = line.partition(' ')
        if number != str(len(classes) + 1) or not name:
            raise ValueError(
                f'{place}: must be "{len(classes) + 1} NameOfClass", not '
                f'{line[:80]!r}'
            )
        classes.append(name.strip())
    labels = {name: label for label, name in enumerate(classes)}
    parts = {}
    for split in SPLITS:
        for part in ('train', 'test'):
            path = os.path.join(folder, f'{part}list{split:02d}.txt')
            parts[f'{part}_split{split}'] = [
                _ucf101_video(place, line, labels)
                for place, line in _lines(path)
            ]
    return ActionLists(classes, parts)


def _ucf101_video(place: str, line: str, labels: dict) -> ActionVideo:
    # Lists for training tell the number of the class, too, from 1 on.
    path, number = line, None
    match = re.fullmatch(r'(.*\S)\s+(\d+)', line)
    if match:
        path, number = match[1], int(match[2])
    action, _, name = path.partition('/')
    if not name or action not in labels:
        raise ValueError(
            f'{place}: must be Class/video.avi with a class of classInd.txt, '
            f'not {line[:80]!r}'
        )
    if number is not None and number != labels[action] + 1:
        raise ValueError(
            f'{place}: class {number}, but {action} is class '
            f'{labels[action] + 1} in classInd.txt'
        )
    return ActionVideo(name, action, labels[action])


def read_hmdb51(folder: str) -> ActionLists:
    """Read ``<class>_test_split<N>.txt``: names followed by a code.

    Code 1 is training, 2 test, 0 neither. Classes are numbered in
    alphabetical order.

    Args:
        folder (str): Where these are (``testTrainMulti_7030_splits``).

    Raises:
        FileNotFoundError: There are no lists, or one is missing.
        ValueError: A list is not of this form.
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
            'of the official lists, testTrainMulti_7030_splits'
        )
    parts: dict[str, list[ActionVideo]] = {
        f'{part}_split{n}': [] for n in SPLITS for part in ('train', 'test')
    }
    for label, action in enumerate(classes):
        for split in SPLITS:
            name = f'{action}_test_split{split}.txt'
            for place, line in _lines(os.path.join(folder, name)):
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
    return ActionLists(classes, parts)


def _lines(path: str) -> Iterable[tuple[str, str]]:
    """(place for messages, text) of the lines that are not blank."""
    if not os.path.isfile(path):
        raise FileNotFoundError(
            f'{path}: no such list; unpack the official lists anew'
        )
    with open(path, encoding='utf-8-sig') as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                yield f'{path}, line {number}', line.strip()


class VideoFolder:
    """Videos below a folder, found by name whatever their format.

    Args:
        folder (str): Searched with its subfolders. Empty files, which failed
            downloads leave, do not count.

    Raises:
        FileNotFoundError: There is no such folder, or no video in it.
    """

    def __init__(self, folder: str) -> None:
        if not os.path.isdir(folder):
            raise FileNotFoundError(f'{folder}: no such folder')
        self.folder = os.path.abspath(folder)
        self._found: dict[str, list[str]] = {}
        for place, folders, names in os.walk(self.folder, followlinks=True):
            folders.sort()
            for name in sorted(names):
                stem, suffix = os.path.splitext(name)
                path = os.path.join(place, name)
                if suffix.lower() in SUFFIXES and os.path.getsize(path):
                    self._found.setdefault(stem, []).append(path)
        if not self._found:
            raise FileNotFoundError(f'{folder}: holds no videos')

    def find(self, video: ActionVideo) -> str | None:
        """The file of a listed video, or None.

        Of several with its name the one in the folder of its class is meant;
        of these the one with the suffix of the list.

        Raises:
            ValueError: It cannot be told which is meant.
        """
        stem, suffix = os.path.splitext(video.name)
        paths = self._found.get(stem, [])
        if len(paths) > 1:
            paths = [
                p
                for p in paths
                if os.path.basename(os.path.dirname(p)) == video.action
            ] or paths
        if len(paths) > 1:
            same = [p for p in paths if p.endswith(suffix)]
            paths = same if len(same) == 1 else paths
        if len(paths) > 1:
            raise ValueError(
                f'{video.action}/{video.name} may be {paths[0]} or '
                f'{paths[1]}; remove one or the other'
            )
        return paths[0] if paths else None


def write_action_lists(
    out: str,
    lists: ActionLists,
    videos: VideoFolder,
    allow_missing: bool = False,
) -> dict[str, dict[str, int]]:
    """Write a list ``path label`` per part, and ``classes.txt``.

    Paths are relative to ``out`` where the videos are below it, else
    absolute. Nothing is written if videos are missing and must not be.

    Args:
        out (str): Folder to write to.
        lists (ActionLists): The official lists.
        videos (VideoFolder): The videos.
        allow_missing (bool): Leave out what is missing.

    Returns:
        dict: Numbers per part: ``listed``, ``available``.

    Raises:
        FileNotFoundError: Videos are missing: how many, and the first.
        ValueError: A name is found twice; a part would be empty.
    """
    base = os.path.abspath(out)
    texts, counts, missing = {}, {}, []
    for part, members in lists.parts.items():
        lines = []
        for video in members:
            path = videos.find(video)
            if path is None:
                missing.append((part, video))
                continue
            if path.startswith(base + os.sep):
                path = os.path.relpath(path, base)
            lines.append(f'{path} {video.label}\n')
        texts[part] = ''.join(lines)
        counts[part] = dict(listed=len(members), available=len(lines))
    if missing and not allow_missing:
        part, video = missing[0]
        distinct = {video for _, video in missing}
        raise FileNotFoundError(
            f'{len(distinct)} listed videos are missing below '
            f'{videos.folder}, the first is {video.action}/{video.name} '
            f'({part}); fetch them, or leave them out with --allow-missing'
        )
    for part, text in texts.items():
        if not text:
            raise ValueError(f'{part}: none of its videos is there')
    os.makedirs(out, exist_ok=True)
    texts['classes'] = ''.join(f'{name}\n' for name in lists.classes)
    for name, text in texts.items():
        path = os.path.join(out, f'{name}.txt')
        with open(f'{path}.part', 'w', encoding='utf-8') as file:
            file.write(text)
        os.replace(f'{path}.part', path)
    return counts


def format_action_counts(counts: dict[str, dict[str, int]]) -> list[str]:
    """The counts of :func:`write_action_lists` as lines to print."""
    lines = [f'{"":14s}{"listed":>8s}{"available":>11s}']
    for part, tally in counts.items():
        lines.append(f'{part:14s}{tally["listed"]:8d}{tally["available"]:11d}')
    return lines
