"""Turn videos into a corpus that trains fast: ``DIR/videos/*.mp4`` with a wav
beside each, ``annotation.csv``, and a count of what is of no use and why.

Interrupted runs go on where they were: run the same command again.
"""

import argparse
import csv
import json
import math
import os
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path

from avts_mm import __version__
from avts_mm.media import PrepareOptions
from avts_mm.media.annotation import printable, write_records
from avts_mm.preparation import (
    REASONS,
    Corpus,
    Shard,
    find_sources,
    prepare_corpus,
    split_records,
)

import av
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

# Fields of PrepareOptions that are flags here: name, type, explanation.
OPTIONS = (
    ('short_side', int, "pixels of the picture's shorter side"),
    ('fps', str, 'constant number of pictures per second'),
    ('sample_rate', int, 'of the sound, in Hz'),
    ('gop', int, 'pictures per key frame'),
    ('crf', int, 'x264 quality, lower is better'),
    (
        'crop',
        lambda text: tuple(map(float, text.split(','))),
        'region to keep, X1,Y1,X2,Y2 as shares of the picture (0 to 1)',
    ),
    ('min_seconds', float, 'least length with both picture and sound'),
    ('silence_db', float, 'a video never louder than this counts as silent'),
)


def read_size(text: str) -> float:
    """Bytes of a size such as ``1GB`` or ``500MB``."""
    number, unit = text[:-2], text[-2:].upper()
    size = float(number) * {'MB': 1e6, 'GB': 1e9, 'TB': 1e12}.get(unit, 0)
    if not 0 < size < math.inf:
        raise ValueError(text)
    return size


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        'src', nargs='*', help='videos, and folders to search for videos'
    )
    parser.add_argument('--out', required=True, metavar='DIR')
    parser.add_argument(
        '--list',
        metavar='FILE',
        help='a path per line, "path label" as in mmaction2, or a CSV with '
        'the columns video and, if wanted, start, end (s), name, label, '
        'split, ...',
    )
    parser.add_argument(
        '--root',
        metavar='DIR',
        help='what paths in the list are relative to (default: its folder)',
    )
    for name, kind, text in OPTIONS:
        parser.add_argument(
            f'--{name.replace("_", "-")}',
            type=kind,
            default=getattr(PrepareOptions, name),
            help=text,
        )
    parser.add_argument(
        '--val-share',
        type=float,
        metavar='SHARE',
        help='also write annotation_train.csv and annotation_val.csv',
    )
    parser.add_argument('--seed', type=int, default=0, help='of that split')
    parser.add_argument('--num-workers', type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        '--time-limit',
        type=float,
        default=120.0,
        metavar='SECONDS',
        help='give a video up that makes no progress for so long',
    )
    parser.add_argument(
        '--shard',
        type=Shard.parse,
        default=Shard(),
        metavar='I/N',
        help='prepare only the I-th of N parts, in one of N jobs that share '
        'DIR; slurm takes both numbers from the array of jobs',
    )
    parser.add_argument(
        '--merge',
        action='store_true',
        help='the same command after all of these jobs: write the annotation',
    )
    parser.add_argument(
        '--ray',
        nargs='?',
        const='auto',
        metavar='ADDRESS',
        help='work on the CPUs of a Ray cluster: the one that this machine '
        'belongs to, unless told',
    )
    parser.add_argument(
        '--shards',
        type=read_size,
        default=0,
        metavar='SIZE',
        help="move the corpus into WebDataset's tars of about this size, e.g. "
        '1GB; videos need not be named for that',
    )
    parser.add_argument(
        '--prune',
        action='store_true',
        help='take out of the corpus what this command does not name; '
        'without it, it is added to',
    )
    parser.add_argument(
        '--overwrite',
        action='store_true',
        help='begin anew: delete what is there',
    )
    parser.add_argument(
        '--json', metavar='FILE', help='also write the report here'
    )
    args = parser.parse_args(argv)
    packs = args.shards and not (args.prune or args.overwrite)
    if not args.src and args.list is None and not packs:
        parser.error('give videos, folders or --list FILE')
    if args.val_share is not None and not 0 < args.val_share < 1:
        parser.error('--val-share must lie between 0 and 1')
    if args.merge and (args.overwrite or args.shard.count > 1):
        parser.error('--merge comes without --overwrite and --shard')
    if args.num_workers < 1 or args.time_limit <= 0:
        parser.error('--num-workers and --time-limit must be positive')
    try:
        args.options = PrepareOptions(
            **{name: getattr(args, name) for name, *_ in OPTIONS}
        )
    except ValueError as error:
        parser.error(str(error))
    return args


def prepare(args: argparse.Namespace, console: Console) -> Corpus:
    """Prepare with a progress bar."""
    sources = find_sources(args.src, args.list, args.root)
    if not sources and (args.src or args.list):
        raise ValueError('found no videos; are their suffixes known ones?')
    counts, total = Counter(), len(args.shard.part(sources))
    with Progress(console=console) as progress:
        task = progress.add_task('preparing', total=total)

        def on_done(source, reason):
            counts[reason is None] += 1
            progress.update(
                task,
                advance=1,
                description=f'{counts[True]} of {total} kept, '
                f'{counts[False]} left out',
            )

        return prepare_corpus(
            sources,
            args.out,
            args.options,
            args.num_workers,
            args.time_limit,
            args.overwrite,
            on_done,
            args.prune,
            args.shard,
            args.merge,
            args.ray,
            args.shards,
        )


def write_splits(args: argparse.Namespace, records: list[dict]) -> dict:
    """Write an annotation file per split; returns their sizes."""
    before = [
        path
        for split in ('train', 'val')
        if (path := Path(args.out, f'annotation_{split}.csv')).exists()
    ]
    for path in before:  # they would mislead
        path.unlink()
    parts = {}
    if any(record.get('split') for record in records):
        for record in records:
            parts.setdefault(record.get('split') or 'rest', []).append(record)
    elif args.val_share is not None:
        parts = split_records(records, args.val_share, args.seed)
    elif before:
        names = ' and '.join(path.name for path in before)
        print(f'{names} of an earlier run removed; --val-share makes new ones')
    for split, part in parts.items():
        write_records(os.path.join(args.out, f'annotation_{split}.csv'), part)
    return {split: len(part) for split, part in parts.items()}


def make_report(args, corpus: Corpus, splits: dict) -> dict:
    """The figures of this run as plain values."""
    groups = corpus.by_reason()
    return {
        'kept': len(corpus.records),
        'kept_seconds': round(sum(r['duration'] for r in corpus.records), 3),
        'left_out': {reason: len(found) for reason, found in groups.items()},
        'first_files': {
            reason: [source.path for source in found[:10]]
            for reason, found in groups.items()
        },
        'splits': splits,
        'reused': corpus.reused,
        'seconds': round(corpus.seconds, 2),
        'options': args.options.to_dict(),
        'versions': {'avts_mm': __version__, 'av': av.__version__},
    }


def make_table(report: dict) -> Table:
    """What was kept and what was left out, by reason."""
    table = Table('outcome', 'videos', 'first files')
    table.columns[1].justify = 'right'
    length = timedelta(seconds=round(report['kept_seconds']))
    kept = str(report['kept'])
    table.add_row('kept', kept, f'{length} (h:mm:ss)', style='green')
    for reason, count in report['left_out'].items():
        files = report['first_files'][reason]
        names = ', '.join(printable(Path(path).name) for path in files[:3])
        names += ', …' * (count > 3)
        text = REASONS.get(reason, reason)
        table.add_row(text, str(count), escape(names))
    total = report['kept'] + sum(report['left_out'].values())
    table.add_section()
    table.add_row('all', str(total), '')
    return table


def main(argv: list[str] | None = None) -> int:
    args = parse_args(argv)
    console = Console()
    try:
        corpus = prepare(args, console)
        several = args.shard.count > 1
        splits = {} if several else write_splits(args, corpus.records)
    except (
        *(ValueError, OSError, csv.Error, RuntimeError, ImportError),
    ) as error:
        print(f'prepare_av: {printable(str(error))}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print('\ninterrupted; the same command goes on', file=sys.stderr)
        return 130
    report = make_report(args, corpus, splits)
    text = json.dumps(report, indent=2) + '\n'
    here = None if several else f'{args.out}/report.json'
    for path in map(Path, filter(None, (here, args.json))):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding='utf-8')
    console.print(make_table(report))
    if corpus.reused:
        console.print(f'{corpus.reused} were finished by an earlier run')
    for split, count in splits.items():
        console.print(f'annotation_{split}.csv: {count} videos')
    if several:
        console.print('after all jobs: the same command with --merge')
        return 0
    if corpus.left_out:
        console.print(f'each with its reason: {args.out}/skipped.csv')
    if not corpus.records:
        print('prepare_av: no video can be used', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
