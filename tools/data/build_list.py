"""Write the annotation of videos that are used as they are.

    python tools/data/build_list.py my_videos/ --val-share 0.1

writes my_videos/annotation.csv (video,audio,start,duration,label) with the
span of each video that has both picture and sound, annotation_train.csv and
annotation_val.csv, and skipped.csv; videos of no use are left out and counted.
"""

import argparse
import csv
import functools
import os
import sys
from collections import Counter
from pathlib import Path

from avts_mm.media import MediaError, PrepareOptions
from avts_mm.media.annotation import printable, write_records, write_rows
from avts_mm.preparation import (
    REASONS,
    find_sources,
    measure,
    run_jobs,
    split_records,
)

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('folder', help='searched for videos; the data_root')
    parser.add_argument(
        '--list',
        metavar='FILE',
        help='take these instead of all: as of prepare_av.py, e.g. lines of '
        '"path label"; paths relative to the folder',
    )
    parser.add_argument(
        '--out', metavar='DIR', help='of the lists (default: the folder)'
    )
    parser.add_argument(
        '--val-share',
        type=float,
        metavar='SHARE',
        help='also write annotation_train.csv and annotation_val.csv',
    )
    parser.add_argument('--seed', type=int, default=0, help='of that split')
    parser.add_argument(
        '--min-seconds',
        type=float,
        default=PrepareOptions.min_seconds,
        help='least length with both picture and sound',
    )
    parser.add_argument('--num-workers', type=int, default=os.cpu_count() or 1)
    args = parser.parse_args(argv)
    if args.val_share is not None and not 0 < args.val_share < 1:
        parser.error('--val-share must lie between 0 and 1')
    if args.num_workers < 1 or args.min_seconds <= 0:
        parser.error('--num-workers and --min-seconds must be positive')
    return args


def measure_all(args, sources, console):
    """The records of the sources in their order, and what is left out."""
    found = {}
    with Progress(console=console) as progress:
        task = progress.add_task('measuring', total=len(sources))
        options = PrepareOptions(min_seconds=args.min_seconds)
        function = functools.partial(measure, options)
        workers = min(args.num_workers, len(sources))
        for source, result in run_jobs(function, sources, workers):
            if printable(source.path) != source.path:
                result = MediaError(
                    f'{source.path}: no list can hold a name that is not '
                    'UTF-8; rename it, or prepare it with prepare_av.py',
                    source.path,
                    'name that is not UTF-8',
                )
            elif isinstance(result, MediaError) and result.reason == 'empty':
                result.reason = 'undecodable'  # as prepare_av.py calls it
            found[source] = result
            progress.advance(task)
    records, left_out = [], []
    for source in sources:
        result = found[source]
        if isinstance(result, MediaError):
            left_out.append((source, result))
        else:
            records.append(make_record(args, source, *result))
    return records, left_out


def make_record(args, source, start, duration):
    """Paths below the folder are relative to it."""
    folder = os.path.abspath(args.folder)
    path = os.path.relpath(source.path, folder)
    if path.startswith(os.pardir):
        path = source.path
    path = path.replace(os.sep, '/')
    return {
        **dict(video=path, audio=path, start=start, duration=duration),
        **source.extra,
        'label': int(source.extra.get('label') or -1),
        'source': source.path,
    }


def write(args, records, left_out):
    """Write the lists; returns their lengths."""
    out = Path(args.out or args.folder)
    parts = {'': records}
    if args.val_share is not None:
        split = split_records(records, args.val_share, args.seed)
        parts |= {f'_{name}': part for name, part in split.items()}
    for name, part in parts.items():
        plain = [
            {key: value for key, value in record.items() if key != 'source'}
            for record in part
        ]
        write_records(out / f'annotation{name}.csv', plain)
    write_rows(
        out / 'skipped.csv',
        ('path', 'reason', 'detail'),
        [
            dict(
                path=printable(source.path),
                reason=error.reason,
                detail=printable(str(error)),
            )
            for source, error in left_out
        ],
    )
    return {out / f'annotation{k}.csv': len(v) for k, v in parts.items()}


def make_table(records, left_out):
    """What is listed and what is left out, by reason."""
    table = Table('outcome', 'videos', 'first files')
    table.columns[1].justify = 'right'
    table.add_row('listed', str(len(records)), '', style='green')
    reasons = Counter(error.reason for _, error in left_out)
    for reason, count in reasons.most_common():
        files = [s.path for s, error in left_out if error.reason == reason]
        names = ', '.join(printable(Path(path).name) for path in files[:3])
        names += ', …' * (count > 3)
        text = REASONS.get(reason, reason)
        table.add_row(text, str(count), escape(names))
    return table


def main(argv: list[str] | None = None) -> int:
    args = parse_args(argv)
    console = Console()
    try:
        paths = () if args.list else (args.folder,)
        sources = find_sources(paths, args.list, args.folder)
        if not sources:
            raise ValueError(f'{args.folder}: holds no videos')
        records, left_out = measure_all(args, sources, console)
        if not records:
            console.print(make_table(records, left_out))
            raise ValueError('no video can be used')
        lists = write(args, records, left_out)
    except (ValueError, OSError, csv.Error, RuntimeError) as error:
        print(f'build_list: {printable(str(error))}', file=sys.stderr)
        return 1
    console.print(make_table(records, left_out))
    for path, count in lists.items():
        console.print(f'{path}: {count} videos')
    return 0


if __name__ == '__main__':
    sys.exit(main())
