"""Prepared files moved into tars, as WebDataset reads them.

Of a film ``name`` there are ``name.mp4``, ``name.wav`` and ``name.json``, one
after the other; the journal says where they lie.
"""

import io
import json
import os
import re
import tarfile
from itertools import count

from ..media.storage import member
from .journal import Journal, prepared_paths

FOLDER = 'shards'
# What of a record is not of the film itself.
_ELSEWHERE = ('video', 'audio', 'prepared_bytes')


class Tars:
    """Fills tars, as films are finished.

    Args:
        journal (Journal): Of the corpus.
        size (float): Bytes of films from which on a tar is full.
    """

    def __init__(self, journal: Journal, size: float) -> None:
        self.journal = journal
        self.size = size
        self._films: list[tuple[dict, dict]] = []
        self._bytes = 0

    def add(self, entry: dict, record: dict) -> None:
        """Have a film moved, unless it is in a tar already.

        Args:
            entry (dict): Of the journal; gets the ``members``.
            record (dict): What the annotation says of it.
        """
        if 'members' in entry:
            return
        self._films.append((entry, record))
        self._bytes += sum(entry['bytes'])
        if self._bytes >= self.size:
            self.flush()

    def flush(self) -> None:
        """Move what has been added."""
        if not self._films:
            return
        out = self.journal.out
        os.makedirs(os.path.join(out, FOLDER), exist_ok=True)
        tag = self.journal.shard.tag('-')
        names = (f'{FOLDER}/{number:06d}{tag}.tar' for number in count())
        name = next(n for n in names if not os.path.exists(f'{out}/{n}'))
        path = os.path.join(out, name)
        with tarfile.open(f'{path}.part', 'w') as tar:
            for entry, record in self._films:
                self._write(tar, entry, record)
        with tarfile.open(f'{path}.part') as tar:
            lie = {m.name: f'{m.offset_data}+{m.size}' for m in tar}
        os.replace(f'{path}.part', path)
        for entry, _ in self._films:
            files = [f'{_key(entry)}.{suffix}' for suffix in ('mp4', 'wav')]
            entry['members'] = [f'{name}/{lie[f]}/{f}' for f in files]
            self.journal.note(entry)
            for file in prepared_paths(out, entry['name']):
                os.remove(file)
        self._films, self._bytes = [], 0

    def _write(self, tar: tarfile.TarFile, entry: dict, record: dict) -> None:
        known = {k: v for k, v in record.items() if k not in _ELSEWHERE}
        text = json.dumps(known).encode()
        paths = prepared_paths(self.journal.out, entry['name'])
        with open(paths[0], 'rb') as mp4, open(paths[1], 'rb') as wav:
            for suffix, file, size in (
                ('mp4', mp4, entry['bytes'][0]),
                ('wav', wav, entry['bytes'][1]),
                ('json', io.BytesIO(text), len(text)),
            ):
                info = tarfile.TarInfo(f'{_key(entry)}.{suffix}')
                info.size = size
                tar.addfile(info, file)


def _key(entry: dict) -> str:
    """What WebDataset knows a film by: it ends at the first dot."""
    return entry['name'].replace('.', '%2E')


def remove_unused(journal: Journal) -> None:
    """Delete tars that such a run has written, but that the journal does not
    name: it was killed, or begins anew."""
    folder = os.path.join(journal.out, FOLDER)
    used = {
        os.path.basename(part[0])
        for entry in journal.entries.values()
        for path in entry.get('members', ())
        if (part := member(path))
    }
    tag = journal.shard.tag('-') or '.*'
    mine = re.compile(rf'\d{{6}}{tag}\.tar(\.part)?')
    for name in os.listdir(folder) if os.path.isdir(folder) else ():
        if mine.fullmatch(name) and name not in used:
            os.remove(os.path.join(folder, name))
