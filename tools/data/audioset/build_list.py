"""Match the official AudioSet lists with the videos one has."""

import argparse
import csv
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from official_lists import (
    Segment,
    draw,
    index_videos,
    match,
    parse_args,
    run,
    write_lists,
)


def read(path: str, split: str) -> Iterator[Segment]:
    """Read a list: id, start, end, quoted label identifiers."""
    with open(path, newline='', encoding='utf-8-sig') as file:
        reader = csv.reader(file, skipinitialspace=True)
        for row in reader:
            if not row or row[0].startswith('#'):
                continue
            try:
                name, start, end, labels = row
                segment = Segment(name, float(start), float(end), split)
            except ValueError:
                raise ValueError(
                    f'{path}, line {reader.line_num}: is not of the form '
                    'id, start, end, "labels"'
                ) from None
            yield segment._replace(names=labels.replace(',', ' '))


def build(args: argparse.Namespace) -> None:
    videos = index_videos(args.videos)
    segments = [
        match(segment, videos)
        for split in ('train', 'val')
        for path in getattr(args, split)
        for segment in read(path, split)
    ]
    chosen = None
    if args.number is not None:
        chosen = draw(segments, args.number, args.seed)
    write_lists(args.out, segments, chosen)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        '--train',
        nargs='+',
        default=[],
        help='balanced_train_segments.csv unbalanced_train_segments.csv',
    )
    parser.add_argument(
        '--val', nargs='+', default=[], help='eval_segments.csv'
    )
    parser.add_argument(
        '--videos', required=True, help='folder, searched with subfolders'
    )
    parser.add_argument(
        '--number',
        type=int,
        help='draw so many of the available training segments',
    )
    parser.add_argument('--seed', type=int, default=0, help='of that draw')
    args = parse_args(parser, 'data/audioset', argv)
    if not args.train and not args.val:
        parser.error('give --train or --val lists')
    if args.number is not None and args.number < 1:
        parser.error('--number must be positive')
    return run(build, args)


if __name__ == '__main__':
    sys.exit(main())
