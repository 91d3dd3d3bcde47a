"""What has been done already, so that an interrupted run can go on."""

import contextlib
import glob
import json
import os
import re
import sys
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from ..media import MediaError, Prepared, PrepareOptions
from ..media.annotation import read_records
from ..media.storage import file_status
from .sources import WHOLE, Shard, Source, identity

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

    Each shard has a journal of its own, which begins with what that of the
    whole corpus knows of it.

    Args:
        out (str): Folder of the corpus.
        options (PrepareOptions): What the videos become.
        overwrite (bool): Take everything away first.
        sources (Sequence[Source]): What is going to be prepared.
        prune (bool): Take away first what is not among these.
        shard (Shard): What part of the corpus this is about.

    Attributes:
        shards (int): How many of them have prepared the corpus.

    Raises:
        ValueError: The folder holds a corpus made with other options, or
            divided into another number of shards.
        BlockingIOError: Another run is at work there.
    """

    def __init__(
        self,
        out: str,
        options: PrepareOptions,
        overwrite: bool = False,
        sources: Sequence[Source] = (),
        prune: bool = False,
        shard: Shard = WHOLE,
    ) -> None:
        self.out, self.shard = out, shard
        self.path = self._path(shard)
        self.entries: dict[str, dict] = {}
        self._files = contextlib.ExitStack()
        os.makedirs(out, exist_ok=True)
        header = {'options': options.to_dict()}
        self._limits = [header['options'][key] for key in JUDGEMENT]
        with self._files:  # closed again if anything fails
            if shard != WHOLE:
                self._take_lock(shard.tag())
            self._take_lock(shared=shard != WHOLE)
            self._load(None if overwrite else header['options'])
            names = set() if overwrite else {s.name for s in sources}
            self._rename(() if overwrite else sources, names)
            if overwrite or prune:
                self._remove(set(self.entries) - names)
            with open(f'{self.path}.part', 'w', encoding='utf-8') as file:
                lines = map(json.dumps, (header, *self.entries.values()))
                file.writelines(f'{line}\n' for line in lines)
            os.replace(f'{self.path}.part', self.path)
            self._file = self._files.enter_context(
                open(self.path, 'a', encoding='utf-8')  # noqa: SIM115
            )
            self._files = self._files.pop_all()

    def __enter__(self) -> 'Journal':
        return self

    def end_shards(self) -> None:
        """Take away the journals of shards: that of the whole has it all."""
        for part in self._parts if self.shard == WHOLE else ():
            os.remove(self._path(part))

    def __exit__(self, *exc) -> None:
        """Free the folder for other runs."""
        self._files.close()

    def _path(self, shard: Shard) -> str:
        return os.path.join(self.out, f'journal{shard.tag()}.jsonl')

    def _take_lock(self, tag: str = '', shared: bool = False) -> None:
        path = os.path.join(self.out, f'.lock{tag}')
        lock = self._files.enter_context(open(path, 'a+'))  # noqa: SIM115
        if sys.platform == 'win32':
            return
        kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        try:
            fcntl.flock(lock, kind | fcntl.LOCK_NB)
        except OSError:
            raise BlockingIOError(
                f'{self.out}: another run is preparing videos there; wait '
                'for it or choose another folder'
            ) from None

    def _load(self, now: dict | None) -> None:
        """Read the entries, if they were made with these options."""
        found = glob.glob('journal.*-of-*.jsonl', root_dir=self.out)
        parts = [Shard(*map(int, re.findall(r'\d+', n))) for n in found]
        self._parts = parts
        self.shards = max(part.count for part in (*parts, self.shard))
        for part in parts:
            if self.shard != WHOLE and part.count != self.shard.count:
                raise ValueError(
                    f'{self.out}: is being prepared in {part.count} shards; '
                    f'give --shard {part.number}/{part.count} and so on, or '
                    '--merge them first'
                )
        mine = [p for p in parts if self.shard in (p, WHOLE)]

        def is_known(name: str) -> bool:
            # What shards have done since is in their own journals.
            home = Shard.of(name, self.shards)
            return home not in mine and self.shard in (home, WHOLE)

        self._read(self._path(WHOLE), now, is_known)
        for part in mine:
            self._read(self._path(part), now)
        if any('extra' not in e for e in self.entries.values()):
            self._recall_extra()  # version 0.1.0

    def _read(
        self,
        path: str,
        now: dict | None,
        wanted: Callable[[str], bool] = lambda name: True,
    ) -> None:
        """Read those entries of a journal, if there is one."""
        lines: list[dict] = []
        with (
            contextlib.suppress(FileNotFoundError),
            open(path, encoding='utf-8') as file,
        ):
            for line in file:
                with contextlib.suppress(json.JSONDecodeError):
                    lines.append(json.loads(line))
        now = now or {}
        before = lines.pop(0).get('options', {}) if lines else now
        lines = [entry for entry in lines if wanted(entry['name'])]
        other = [
            f'{key}={before.get(key)}'
            for key in now
            if key not in JUDGEMENT and before.get(key) != now[key]
        ]
        if other and lines:
            raise ValueError(
                f'{self.out}: holds videos prepared with {", ".join(other)}; '
                'choose another folder, the same options, or --overwrite'
            )
        self.entries.update((entry['name'], entry) for entry in lines)

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
            moved = 'members' in self.entries[old]
            for before, after in () if moved else zip(*paths):
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

    def find(self, source: Source, retry: bool = True) -> dict | None:
        """The entry of a source that need not be done again; without
        ``retry`` what did not succeed either."""
        entry = self.entries.get(source.name)
        if entry is None or identity(source) != entry['source']:
            return None
        reason = entry['reason']
        if reason is None:
            again = not self.on_disk(entry)
        else:
            again = (retry and reason in RETRIED) or (
                reason in JUDGED and entry['limits'] != self._limits
            )
        if again:
            return None
        now = {'path': source.path, 'extra': source.extra}
        return entry if entry | now == entry else self.note(entry | now)

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
        if members := entry.get('members'):
            paths = [os.path.join(self.out, part) for part in members]
        sizes = [status and status.size for status in map(file_status, paths)]
        return sizes == entry.get('bytes')

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
        return self.note(entry)

    def note(self, entry: dict) -> dict:
        """Write an entry that has changed."""
        self.entries[entry['name']] = entry
        self._file.write(json.dumps(entry) + '\n')
        self._file.flush()
        return entry


def prepared_paths(out: str, name: str) -> list[str]:
    """The mp4 and the wav of a source."""
    stem = os.path.join(out, 'videos', *name.split('/'))
    return [f'{stem}.mp4', f'{stem}.wav']
