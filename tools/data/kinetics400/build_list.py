"""Match the official Kinetics lists with the videos one has."""

import argparse
import json
import os
import sys

from avts_mm.preparation.official_lists import (
    format_counts,
    index_videos,
    match,
    read_kinetics,
    write_lists,
)


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        'lists', nargs='+', help='train.csv val.csv [test.csv]'
    )
    parser.add_argument(
        '--videos', required=True, help='folder, searched with subfolders'
    )
    parser.add_argument('--out', default='data/kinetics400')
    parser.add_argument('--json', help='also write the counts here')
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    args = parse_args(argv)
    try:
        segments, classes = read_kinetics(args.lists)
        videos = index_videos(args.videos)
        counts = write_lists(args.out, [match(s, videos) for s in segments])
    except (ValueError, OSError) as error:
        print(f'build_list: {error}', file=sys.stderr)
        return 1
    path = os.path.join(args.out, 'classes.txt')
    with open(path, 'w', encoding='utf-8') as file:
        file.writelines(f'{name}\n' for name in classes)
    print(*format_counts(counts), sep='\n')
    print(f'{len(classes)} classes')
    print(f'next: tools/data/prepare_av.py --list {args.out}/videos.csv')
    if args.json:
        with open(args.json, 'w', encoding='utf-8') as file:
            json.dump({'splits': counts, 'classes': len(classes)}, file)
    if not any(tally['available'] for tally in counts.values()):
        print('build_list: no video matches', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
