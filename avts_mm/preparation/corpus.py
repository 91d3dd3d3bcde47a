"""Many videos in, a corpus with its annotation files out."""

import csv
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ..media.annotation import write_records
from ..media.options import Prepared, PrepareOptions, find_fault
from ..media.transcode import transcode
from .journal import Journal, prepared_paths
from .pool import run_jobs
from .sources import Source, name_clash, split_clashes

REASONS = {
    'no_audio': 'without sound',
    'no_video': 'without pictures',
    'silent': 'silent',
    'too_short': 'too short',
    'out_of_sync': 'picture and sound do not lie together',
    'bad_timestamps': 'jumping timestamps',
    'unsupported': 'times that cannot be relied on',
    'bad_segment': 'bad segment',
    'undecodable': 'undecodable (not media, empty, cut short, damaged)',
    'missing': 'missing file',
    'name_clash': 'name taken by another video',
    'timeout': 'decoder hung',
    'crashed': 'decoder crashed',
    'error': 'unexpected error',
}
_PART = '.part'


@dataclass(frozen=True)
class _Job:
    source: Source
    out: str
    options: PrepareOptions

    @property
    def path(self) -> str:
        return self.source.path


@dataclass
class Corpus:
    """The outcome of :func:`prepare_corpus`.

    Attributes:
        records (list[dict]): The annotation, one per kept source.
        left_out (list[tuple]): Source, reason and detail of each other one.
        reused (int): Sources that an earlier run had finished.
        seconds (float): Wall time of this run.
    """

    records: list[dict] = field(default_factory=list)
    left_out: list[tuple[Source, str, str]] = field(default_factory=list)
    reused: int = 0
    seconds: float = 0.0

    def by_reason(self) -> dict[str, list[Source]]:
        """The sources that were left out, the most frequent reason first."""
        groups: dict[str, list[Source]] = {}
        for source, reason, _ in self.left_out:
            groups.setdefault(reason, []).append(source)
        return dict(sorted(groups.items(), key=lambda g: -len(g[1])))


def prepare_corpus(
    sources: Iterable[Source],
    out: str,
    options: PrepareOptions,
    num_workers: int = 1,
    time_limit: float = 120.0,
    overwrite: bool = False,
    on_done: Callable[[Source, str | None], None] | None = None,
) -> Corpus:
    """Prepare videos in parallel; what is finished already is kept.

    Writes ``videos/<name>.mp4`` and ``.wav``, ``annotation.csv``,
    ``skipped.csv`` and a journal by which a later run goes on.

    Args:
        sources (Iterable[Source]): See :func:`find_sources`.
        out (str): Folder of the corpus.
        options (PrepareOptions): What the videos become.
        num_workers (int): Processes.
        time_limit (float): Seconds without progress after which a video is
            given up.
        overwrite (bool): Do everything again.
        on_done (Callable | None): Called with each source and, if it is left
            out, the reason.

    Raises:
        ValueError: ``out`` holds a corpus made with other options.
        OSError: ``out`` cannot be written to.
    """
    begin = time.monotonic()
    sources, clashes = split_clashes(sources)
    outcome = {}
    journal = Journal(out, options, overwrite)
    part = os.path.join(out, _PART)
    try:
        shutil.rmtree(part, ignore_errors=True)
        os.makedirs(part)
        jobs = []
        for source in sources:
            entry = journal.find(source)
            if entry is None and (owner := journal.owner(source)):
                clashes.append((source, name_clash(source, owner)))
            elif entry is None:
                jobs.append(_Job(source, out, options))
            else:
                outcome[source] = _judge(entry, options)
        corpus = Corpus(reused=len(outcome))
        for source, error in clashes:
            outcome[source] = None, error.reason, str(error)
        if on_done is not None:
            for source, (_, reason, _) in outcome.items():
                on_done(source, reason)
        workers = max(1, min(num_workers, len(jobs)))
        for job, result in run_jobs(_prepare, jobs, workers, time_limit):
            source = job.source
            outcome[source] = _note(journal, source, result)
            if on_done is not None:
                on_done(source, outcome[source][1])
    finally:
        journal.close()
        shutil.rmtree(part, ignore_errors=True)
    # In the order of the sources, whoever was finished first.
    for source in [*sources, *(source for source, _ in clashes)]:
        if source not in outcome:
            continue
        prepared, reason, detail = outcome.pop(source)
        if reason is None:
            size = journal.entries[source.name]['bytes'][0]
            corpus.records.append(_record(out, source, prepared, size))
        else:
            corpus.left_out.append((source, reason, detail))
    write_records(os.path.join(out, 'annotation.csv'), corpus.records)
    _write_skipped(os.path.join(out, 'skipped.csv'), corpus.left_out)
    corpus.seconds = time.monotonic() - begin
    return corpus


def _prepare(job: _Job, progress: Callable) -> Prepared:
    """Prepare one source in a worker. The files appear complete."""
    finals = prepared_paths(job.out, job.source.name)
    stem = hashlib.sha256(job.source.name.encode()).hexdigest()[:24]
    stem = os.path.join(job.out, _PART, f'{stem}-{os.getpid()}')
    parts = f'{stem}.mp4', f'{stem}.wav'
    try:
        prepared = transcode(
            job.source.path,
            *parts,
            job.options,
            job.source.start,
            job.source.end,
            progress,
        )
        os.makedirs(os.path.dirname(finals[0]), exist_ok=True)
        # The wav first: who sees an mp4 finds the wav beside it.
        for part, final in zip(reversed(parts), reversed(finals)):
            os.replace(part, final)
    finally:
        for part in parts:
            if os.path.exists(part):
                os.remove(part)
    return prepared


def _note(journal: Journal, source: Source, result) -> tuple:
    if isinstance(result, Prepared):
        journal.add(source, result)
        return result, None, ''
    reason = 'undecodable' if result.reason == 'empty' else result.reason
    journal.add(source, None, reason, str(result))
    return None, reason, str(result)


def _judge(entry: dict, options: PrepareOptions) -> tuple:
    """The outcome that an earlier run wrote down, under today's limits."""
    if entry['reason'] is not None:
        return None, entry['reason'], entry['detail']
    prepared = Prepared(**entry['prepared'])
    reason, text = find_fault(prepared, options) or (None, '')
    return prepared, reason, f'{entry["path"]}: {text}'


def _record(out: str, source: Source, prepared: Prepared, size: int) -> dict:
    video, audio = (
        os.path.relpath(path, out).replace(os.sep, '/')
        for path in prepared_paths(out, source.name)
    )
    return {
        'video': video,
        'audio': audio,
        'start': prepared.start,
        'duration': prepared.duration,
        **source.extra,
        'label': int(source.extra.get('label') or -1),
        'source': source.path,
        'prepared_bytes': size,
    }


def _write_skipped(path: str, left_out) -> None:
    part = f'{path}.part'
    with open(part, 'w', newline='', encoding='utf-8') as file:
        writer = csv.writer(file, lineterminator='\n')
        writer.writerow(['path', 'start', 'end', 'name', 'reason', 'detail'])
        for source, reason, detail in left_out:
            writer.writerow(
                [
                    source.path,
                    *(source.start, source.end, source.name),
                    *(reason, detail),
                ]
            )
    os.replace(part, path)


def split_records(
    records: list[dict], val_share: float, seed: int = 0
) -> dict[str, list[dict]]:
    """Divide an annotation into ``'train'`` and ``'val'``.

    All segments of one video go to the same side. Which side does not depend
    on the order, and adding videos moves few others.

    Args:
        records (list[dict]): The annotation.
        val_share (float): Share of the videos for validation.
        seed (int): Another seed, another draw.

    Raises:
        ValueError: There are fewer than two videos to divide.
    """
    if not 0 < val_share < 1:
        raise ValueError(f'val_share={val_share} must lie between 0 and 1')
    names = sorted({record['source'] for record in records})
    if len(names) < 2:
        raise ValueError(
            f'{len(names)} video(s) cannot be divided into train and val'
        )
    base = os.path.commonpath([os.path.dirname(name) for name in names])

    def draw(name):
        # Moving the folder does not change the draw.
        text = f'{seed}:{os.path.relpath(name, base)}'
        return hashlib.sha256(text.encode()).digest()

    count = min(max(1, round(val_share * len(names))), len(names) - 1)
    val = set(sorted(names, key=draw)[:count])
    parts: dict[str, list[dict]] = {'train': [], 'val': []}
    for record in records:
        parts['val' if record['source'] in val else 'train'].append(record)
    return parts
