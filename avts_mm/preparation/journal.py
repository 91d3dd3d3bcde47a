"""What has been done already, so that an interrupted run can go on."""

import contextlib
import json
import os
import sys
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from ..media import MediaError, Prepared, PrepareOptions
from ..media.annotation import read_records
from .sources import JOURNAL, Source

# On Windows two runs in one folder are the user's care.
if sys.platform != 'win32':
    import fcntl

ANNOTATION = 'annotation.csv'
# Columns of it that are no further ones of a source.
COMPUTED = (
    *('video', 'audio', 'start', 'duration', 'source', 'prepared_bytes'),
)
# Judged anew by every run, so they may change between runs.
JUDGEMENT = ('min_seconds', 'silence_db')
JUDGED = ('too_short', 'silent', 'out_of_sync')
# Perhaps not the file's fault: tried again.
RETRIED = ('timeout', 'crashed', 'error', 'missing')


class Journal:
    """One line of JSON per finished source, appended as they finish.

    A half-written last line, left by a killed run, does not count. What is
    there already of ``sources`` gets the names that they have now.

    Args:
        out (str): Folder of the corpus.
        options (PrepareOptions): What the videos become.
        overwrite (bool): Take everything away first.
        sources (Sequence[Source]): What is going to be prepared.
        prune (bool): Take away first what is not among these.

    Raises:
        ValueError: The folder holds a corpus made with other options.
        BlockingIOError: Another run is at work there.
    """

    def __init__(
        self,
        out: str,
        options: PrepareOptions,
        overwrite: bool = False,
        sources: Sequence[Source] = (),
        prune: bool = False,
    ) -> None:
        self.out = out
        self.path = os.path.join(out, JOURNAL)
        self.entries: dict[str, dict] = {}
        self._files = contextlib.ExitStack()
        os.makedirs(out, exist_ok=True)
        header = {'options': options.to_dict()}
        self._limits = [header['options'][key] for key in JUDGEMENT]
        with self._files:  # closed again if anything fails
            self._take_lock()
            if os.path.exists(self.path):
                self._read(None if overwrite else header['options'])
            names = set() if overwrite else {s.name for s in sources}
            if not overwrite:
                self._rename(sources, names)
            if overwrite or prune:
                self._remove(set(self.entries) - names)
            with open(f'{self.path}.part', 'w', encoding='utf-8') as file:
                for entry in (header, *self.entries.values()):
                    file.write(json.dumps(entry) + '\n')
            os.replace(f'{self.path}.part', self.path)
            self._file = self._files.enter_context(
                open(self.path, 'a', encoding='utf-8')  # noqa: SIM115
            )
            self._files = self._files.pop_all()

    def __enter__(self) -> 'Journal':
        return self

    def __exit__(self, *exc) -> None:
        """Free the folder for other runs."""
        self._files.close()

    def _take_lock(self) -> None:
        path = os.path.join(self.out, '.lock')
        lock = self._files.enter_context(open(path, 'w'))  # noqa: SIM115
        if sys.platform == 'win32':
            return
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise BlockingIOError(
                f'{self.out}: another run is preparing videos there; wait '
                'for it or choose another folder'
            ) from None

    def _read(self, now: dict | None) -> None:
        """Read the entries, if they were made with these options."""
        lines: list[dict] = []
        with open(self.path, encoding='utf-8') as file:
            for line in file:
                with contextlib.suppress(json.JSONDecodeError):
                    lines.append(json.loads(line))
        now = now or {}
        before = lines.pop(0).get('options', {}) if lines else now
        other = ', '.join(
            f'{key}={before.get(key)}'
            for key in now
            if key not in JUDGEMENT and before.get(key) != now[key]
        )
        if other:
            raise ValueError(
                f'{self.out}: holds videos prepared with {other}; choose '
                'another folder, the same options, or --overwrite'
            )
        self.entries = {entry['name']: entry for entry in lines}
        if any('extra' not in entry for entry in lines):  # version 0.1.0
            self._recall_extra()

    def _recall_extra(self) -> None:
        """Take further columns from the annotation."""
        known = {}
        with contextlib.suppress(FileNotFoundError):
            for record in read_records(os.path.join(self.out, ANNOTATION)):
                label = record.pop('label')
                extra = {k: v for k, v in record.items() if k not in COMPUTED}
                extra |= {'label': str(label)} if label >= 0 else {}
                known[record['video']] = extra
        for name, entry in self.entries.items():
            entry.setdefault('extra', known.get(f'videos/{name}.mp4', {}))

    def _rename(self, sources: Sequence[Source], names: set[str]) -> None:
        """A video that is called otherwise now is no other video."""
        known = {
            (entry['path'], *entry['source']): name
            for name, entry in self.entries.items()
            if name not in names and self.on_disk(entry)
        }
        for source in sources if known else ():
            old = known.pop((source.path, *identity(source)), None)
            if old is None or source.name in self.entries:
                continue
            paths = (prepared_paths(self.out, x) for x in (old, source.name))
            for before, after in zip(*paths):
                os.makedirs(os.path.dirname(after), exist_ok=True)
                os.replace(before, after)
            entry = {**self.entries.pop(old), 'name': source.name}
            self.entries[source.name] = entry

    def _remove(self, names: Iterable[str]) -> None:
        """Forget entries, and delete their files."""
        for name in names:
            del self.entries[name]
            for path in prepared_paths(self.out, name):
                with contextlib.suppress(FileNotFoundError):
                    os.remove(path)

    def find(self, source: Source) -> dict | None:
        """The entry of a source that need not be done again."""
        entry = self.entries.get(source.name)
        if entry is None or identity(source) != entry['source']:
            return None
        reason = entry['reason']
        if reason is None:
            again = not self.on_disk(entry)
        else:
            again = reason in RETRIED or (
                reason in JUDGED and entry['limits'] != self._limits
            )
        if again:
            return None
        now = {'path': source.path, 'extra': source.extra}
        return entry if entry | now == entry else self._note(entry | now)

    def others(self, names: Container[str]) -> Iterator[tuple[Source, dict]]:
        """What earlier runs have prepared beside these names."""
        for name, entry in sorted(self.entries.items()):
            if name not in names:
                *_, start, end = entry['source']
                extra = entry['extra']
                yield Source(entry['path'], name, start, end, extra), entry

    def owner(self, source: Source) -> str | None:
        """Path of another source whose prepared files have this name."""
        entry = self.entries.get(source.name)
        if entry is None or entry['reason'] is not None:
            return None
        if entry['path'] == source.path or not self.on_disk(entry):
            return None
        return entry['path']

    def on_disk(self, entry: dict) -> bool:
        """Both files are as they were when they were finished."""
        paths = prepared_paths(self.out, entry['name'])
        try:
            return [os.path.getsize(p) for p in paths] == entry['bytes']
        except OSError:
            return False

    def add(self, source: Source, result: Prepared | MediaError) -> dict:
        """Note that a source is finished, or why it is left out."""
        entry: dict[str, Any] = {
            'name': source.name,
            'path': source.path,
            'source': identity(source),
            'reason': None,
            'detail': '',
            'limits': self._limits,
            'extra': source.extra,
        }
        if isinstance(result, MediaError):
            empty = result.reason == 'empty'
            entry['reason'] = 'undecodable' if empty else result.reason
            entry['detail'] = str(result)
        else:
            paths = prepared_paths(self.out, source.name)
            entry['bytes'] = [os.path.getsize(path) for path in paths]
            entry['prepared'] = asdict(result)
        return self._note(entry)

    def _note(self, entry: dict) -> dict:
        self.entries[entry['name']] = entry
        self._file.write(json.dumps(entry) + '\n')
        self._file.flush()
        return entry


def identity(source: Source) -> list:
    """What tells whether a source is still the same; survives moving it."""
    segment = [source.start, source.end]
    try:
        stat = os.stat(source.path)
    except OSError:
        return [None, None, *segment]
    return [stat.st_size, stat.st_mtime_ns, *segment]


def prepared_paths(out: str, name: str) -> tuple[str, str]:
    """The mp4 and the wav of a source."""
    stem = os.path.join(out, 'videos', *name.split('/'))
    return f'{stem}.mp4', f'{stem}.wav'
