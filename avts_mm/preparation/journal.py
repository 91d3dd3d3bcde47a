"""What has been done already, so that an interrupted run can go on."""

import contextlib
import json
import os
import sys
from dataclasses import asdict
from typing import Any

from ..media import MediaError, Prepared, PrepareOptions
from .sources import Source

# On Windows two runs in one folder are the user's care.
if sys.platform != 'win32':
    import fcntl

# Judged anew by every run, so they may change between runs.
JUDGEMENT = ('min_seconds', 'silence_db')
JUDGED = ('too_short', 'silent', 'out_of_sync')
# Perhaps not the file's fault: tried again.
RETRIED = ('timeout', 'crashed', 'error', 'missing')


class Journal:
    """One line of JSON per finished source, appended as they finish.

    A half-written last line, left by a killed run, does not count, and with
    ``overwrite`` none does. ValueError if the folder holds a corpus made with
    other options, BlockingIOError if another run is at work there.
    """

    def __init__(
        self, out: str, options: PrepareOptions, overwrite: bool = False
    ) -> None:
        self.out = out
        self.path = os.path.join(out, 'journal.jsonl')
        self.entries: dict[str, dict] = {}
        self._files = contextlib.ExitStack()
        os.makedirs(out, exist_ok=True)
        header = {'options': options.to_dict()}
        self._limits = [header['options'][key] for key in JUDGEMENT]
        with self._files:  # closed again if anything fails
            self._take_lock()
            if os.path.exists(self.path) and not overwrite:
                self._read(header['options'])
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

    def _read(self, now: dict) -> None:
        lines: list[dict] = []
        with open(self.path, encoding='utf-8') as file:
            for line in file:
                with contextlib.suppress(json.JSONDecodeError):
                    lines.append(json.loads(line))
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

    def find(self, source: Source) -> dict | None:
        """The entry of a source that need not be done again."""
        entry = self.entries.get(source.name)
        if entry is None or identity(source) != entry['source']:
            return None
        if entry['reason'] is not None:
            again = entry['reason'] in RETRIED or (
                entry['reason'] in JUDGED and entry['limits'] != self._limits
            )
            return None if again else entry
        return entry if self._on_disk(entry) else None

    def owner(self, source: Source) -> str | None:
        """Path of another source whose prepared files have this name."""
        entry = self.entries.get(source.name)
        if entry is None or entry['reason'] is not None:
            return None
        if entry['path'] == source.path or not self._on_disk(entry):
            return None
        return entry['path']

    def _on_disk(self, entry: dict) -> bool:
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
        }
        if isinstance(result, MediaError):
            empty = result.reason == 'empty'
            entry['reason'] = 'undecodable' if empty else result.reason
            entry['detail'] = str(result)
        else:
            paths = prepared_paths(self.out, source.name)
            entry['bytes'] = [os.path.getsize(path) for path in paths]
            entry['prepared'] = asdict(result)
        self.entries[source.name] = entry
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
