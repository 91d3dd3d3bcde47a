"""Match the official Kinetics lists with the videos one has."""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from avts_mm.media.annotation import iter_rows, parse_seconds

from official_lists import (
    Segment,
    index_videos,
    match,
    parse_args,
    run,
    write_lists,
)

COLUMNS = ('youtube_id', 'time_start', 'time_end', 'split')
SPLITS = {'validate': 'val', 'validation': 'val'}


def parse(row: dict[str, str]) -> Segment:
    """A line of a list: label, youtube_id, time_start, time_end, split."""
    return Segment(
        row['youtube_id'],
        parse_seconds('time_start', row['time_start']),
        parse_seconds('time_end', row['time_end']),
        SPLITS.get(row['split'], row['split']),
        names=row.get('label', ''),
    )


def build(args: argparse.Namespace) -> None:
    segments = [
        segment
        for path in args.lists
        for segment in iter_rows(path, COLUMNS, parse, 'fetch it anew')
    ]
    # In alphabetical order over all the lists.
    classes = sorted({segment.names for segment in segments} - {''})
    numbers = {'': -1, **{name: n for n, name in enumerate(classes)}}
    videos = index_videos(args.videos)
    write_lists(
        args.out,
        [match(s._replace(label=numbers[s.names]), videos) for s in segments],
    )
    text = ''.join(f'{name}\n' for name in classes)
    Path(args.out, 'classes.txt').write_text(text, encoding='utf-8')
    print(f'{len(classes)} classes')


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        'lists', nargs='+', help='train.csv val.csv [test.csv]'
    )
    parser.add_argument(
        '--videos', required=True, help='folder, searched with subfolders'
    )
    return run(build, parse_args(parser, 'data/kinetics400', argv))


if __name__ == '__main__':
    sys.exit(main())
