"""Match the official Kinetics lists with the videos one has."""

import argparse
import csv
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from official_lists import (
    Segment,
    index_videos,
    match,
    parse_args,
    run,
    write_lists,
)

COLUMNS = {'youtube_id', 'time_start', 'time_end', 'split'}
SPLITS = {'validate': 'val', 'validation': 'val'}


def read(path: str) -> list[Segment]:
    """Read a list: label, youtube_id, time_start, time_end, split.

    Raises:
        ValueError: It is not of this form.
    """
    segments = []
    with open(path, newline='', encoding='utf-8-sig') as file:
        reader = csv.DictReader(file, skipinitialspace=True)
        missing = COLUMNS - set(reader.fieldnames or ())
        if missing:
            raise ValueError(
                f'{path}: lacks {", ".join(sorted(missing))}; is it the '
                'official list?'
            )
        for row in reader:
            split = row['split'].strip()
            try:
                segment = Segment(
                    row['youtube_id'],
                    float(row['time_start']),
                    float(row['time_end']),
                    SPLITS.get(split, split),
                    names=(row.get('label') or '').strip(),
                )
            except (TypeError, ValueError):
                raise ValueError(
                    f'{path}, line {reader.line_num}: no times'
                ) from None
            segments.append(segment)
    return segments


def build(args: argparse.Namespace) -> dict:
    segments = [segment for path in args.lists for segment in read(path)]
    # In alphabetical order over all the lists.
    classes = sorted({segment.names for segment in segments} - {''})
    numbers = {'': -1, **{name: n for n, name in enumerate(classes)}}
    videos = index_videos(args.videos)
    counts = write_lists(
        args.out,
        [match(s._replace(label=numbers[s.names]), videos) for s in segments],
    )
    with open(
        os.path.join(args.out, 'classes.txt'), 'w', encoding='utf-8'
    ) as file:
        file.writelines(f'{name}\n' for name in classes)
    print(f'{len(classes)} classes')
    return {'splits': counts, 'classes': len(classes)}


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
