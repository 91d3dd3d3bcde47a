"""Many videos in, a corpus with its annotation files out."""

import functools
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ..media.annotation import printable, write_records, write_rows
from ..media.options import Prepared, PrepareOptions, find_fault
from ..media.transcode import transcode
from .cluster import run_on_ray
from .journal import ANNOTATION, Journal, prepared_paths
from .pool import run_jobs
from .sources import WHOLE, Shard, Source
from .tars import Tars, remove_unused

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


@dataclass
class Corpus:
    """The outcome of :func:`prepare_corpus`.

    Attributes:
        records (list[dict]): The annotation, one per kept source, those of
            earlier runs first.
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
    prune: bool = False,
    shard: Shard = WHOLE,
    merge: bool = False,
    ray: str | None = None,
    tar_bytes: float = 0,
) -> Corpus:
    """Prepare videos in parallel; what is finished already is kept.

    What earlier runs have prepared in the folder stays in the corpus. Writes
    ``videos/<name>.mp4`` and ``.wav``, ``annotation.csv``, ``skipped.csv`` and
    a journal by which a later run goes on.

    Several jobs, on machines that see the folder under the same path, can
    prepare a shard each; each writes but its videos and a journal of its own.
    A run without a shard takes these over, and writes all the rest.

    Args:
        sources (Iterable[Source]): See :func:`find_sources`.
        out (str): Folder of the corpus.
        options (PrepareOptions): What the videos become.
        num_workers (int): Processes.
        time_limit (float): Seconds without progress after which a video is
            given up.
        overwrite (bool): Begin anew: take away what is there.
        on_done (Callable | None): Called with each source and, if it is left
            out, the reason.
        prune (bool): Take away what is not among the sources.
        shard (Shard): Which of the sources to prepare. Defaults to all.
        merge (bool): Prepare nothing: the jobs have done it.
        ray (str | None): Address of a Ray cluster to work on (see
            :func:`run_on_ray`) instead of processes of this machine.
        tar_bytes (float): Move what is kept, of earlier runs as well, into
            tars of about this size. Defaults to 0: it stays in files.

    Raises:
        ValueError: ``out`` holds a corpus made with other options, or a
            source lies where its prepared file would, or what is to be
            merged is not finished.
        OSError: ``out`` cannot be written to.
    """
    begin = time.monotonic()
    corpus = Corpus()
    outcome: dict[Source, tuple[dict, str | None, str]] = {}
    part = os.path.join(out, f'{_PART}{shard.tag()}')

    def settle(source: Source, entry: dict) -> None:
        """Note an entry of the journal, judged by today's limits."""
        reason, detail = entry['reason'], entry['detail']
        if reason is None:
            prepared = Prepared(**entry['prepared'])
            reason, text = find_fault(prepared, options) or (None, '')
            detail = f'{source.path}: {text}'
            if reason is None and tars:
                tars.add(entry, _record(source, entry))
        outcome[source] = entry, reason, detail

    def done(source: Source, entry: dict) -> None:
        settle(source, entry)
        if on_done is not None:
            on_done(source, outcome[source][1])

    sources = shard.part(dict.fromkeys(sources))
    _check_places(sources, out)
    journal = Journal(out, options, overwrite, sources, prune, shard)
    tars = Tars(journal, tar_bytes) if tar_bytes else None
    with journal:
        remove_unused(journal)
        shutil.rmtree(part, ignore_errors=True)
        os.makedirs(part)
        try:
            jobs = []
            owners: dict[str, Source] = {}
            for source in sources:
                # Not every disk tells names apart that differ in case.
                owner = owners.setdefault(source.name.lower(), source)
                entry = journal.find(source, retry=not merge)
                taken = journal.owner(source) if entry is None else None
                if owner is not source:
                    done(source, _clash(source, owner.path))
                elif entry is not None:
                    done(source, entry)
                    corpus.reused += not merge
                elif taken:
                    done(source, _clash(source, taken))
                else:
                    jobs.append(source)
            if merge and jobs:
                raise _unfinished(out, jobs, journal.shards)
            journal.end_shards()
            prepare = functools.partial(_prepare, out, options, part)
            workers = max(1, min(num_workers, len(jobs)))
            results = (
                run_jobs(prepare, jobs, workers, time_limit)
                if ray is None
                else run_on_ray(prepare, jobs, ray, time_limit)
            )
            for source, result in results:
                done(source, journal.add(source, result))
        finally:
            shutil.rmtree(part, ignore_errors=True)
        mine = {entry.get('name', '') for entry, *_ in outcome.values()}
        others = dict(journal.others(mine))
        for source, entry in others.items():
            if entry['reason'] is None and not journal.on_disk(entry):
                entry = _gone(source)
            settle(source, entry)
        if tars:
            tars.flush()
    # In the order of the sources, whoever was finished first.
    for source in (*others, *sources):
        entry, reason, detail = outcome[source]
        if reason is None:
            corpus.records.append(_record(source, entry))
        else:
            corpus.left_out.append((source, reason, detail))
    if shard == WHOLE:
        _write(out, corpus)
    corpus.seconds = time.monotonic() - begin
    return corpus


def _write(out: str, corpus: Corpus) -> None:
    """Write the annotation, and what is left out of it."""
    write_records(os.path.join(out, ANNOTATION), corpus.records)
    write_rows(
        os.path.join(out, 'skipped.csv'),
        ('path', 'start', 'end', 'name', 'reason', 'detail'),
        [
            {
                **vars(source),
                'path': printable(source.path),
                'reason': reason,
                'detail': printable(detail),
            }
            for source, reason, detail in corpus.left_out
        ],
    )


def _check_places(sources: Iterable[Source], out: str) -> None:
    """ValueError where a video would be replaced by itself."""
    for source in sources:
        made, _ = prepared_paths(out, source.name)
        if os.path.exists(made) and os.path.samefile(made, source.path):
            raise ValueError(
                f'{source.path}: lies where the prepared file would; choose '
                'another folder for these'
            )


def _unfinished(out: str, jobs: list[Source], count: int) -> ValueError:
    shards = sorted({Shard.of(source.name, count) for source in jobs})
    again = ', '.join(f'--shard {s.number}/{s.count}' for s in shards[:10])
    return ValueError(
        f'{out}: {len(jobs)} videos are not finished, the first of them '
        f'{jobs[0].path}; run {again}{", ..." * (len(shards) > 10)} again, or '
        'leave --merge out to prepare them now'
    )


def _gone(source: Source) -> dict:
    return {
        'reason': 'missing',
        'detail': f'videos/{source.name}.mp4, its wav or their tar is gone or '
        f'has changed; prepare {source.path} again',
    }


def _clash(source: Source, owner: str) -> dict:
    return {
        'reason': 'name_clash',
        'detail': f'{source.path}: videos/{source.name}.mp4 is already made '
        f'from {owner}; rename one of them, or give a list with a name column',
    }


def _prepare(
    out: str,
    options: PrepareOptions,
    part: str,
    source: Source,
    progress: Callable,
) -> Prepared:
    """Prepare one source in a worker. The files appear complete."""
    mp4, wav = prepared_paths(out, source.name)
    stem = hashlib.sha256(source.name.encode()).hexdigest()[:24]
    stem = os.path.join(part, f'{stem}-{os.getpid()}')
    prepared = transcode(
        source.path,
        f'{stem}.mp4',
        f'{stem}.wav',
        options,
        source.start,
        source.end,
        progress,
    )
    os.makedirs(os.path.dirname(mp4), exist_ok=True)
    # The wav first: who sees an mp4 finds the wav beside it.
    os.replace(f'{stem}.wav', wav)
    os.replace(f'{stem}.mp4', mp4)
    return prepared


def _record(source: Source, entry: dict) -> dict:
    stem = f'videos/{source.name}'
    video, audio = entry.get('members', (f'{stem}.mp4', f'{stem}.wav'))
    return {
        'video': video,
        'audio': audio,
        'start': entry['prepared']['start'],
        'duration': entry['prepared']['duration'],
        **source.extra,
        'label': int(source.extra.get('label') or -1),
        'source': printable(source.path),
        'prepared_bytes': entry['bytes'][0],
    }
