"""Match the official AudioSet lists with the videos one has."""

import argparse
import json
import sys

from avts_mm.preparation.official_lists import (
    draw,
    format_counts,
    index_videos,
    match,
    read_audioset,
    write_lists,
)


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
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
    parser.add_argument('--out', default='data/audioset')
    parser.add_argument(
        '--number',
        type=int,
        help='draw so many of the available training segments',
    )
    parser.add_argument('--seed', type=int, default=0, help='of that draw')
    parser.add_argument('--json', help='also write the counts here')
    args = parser.parse_args(argv)
    if not args.train and not args.val:
        parser.error('give --train or --val lists')
    if args.number is not None and args.number < 1:
        parser.error('--number must be positive')
    return args


def main(argv: list[str] | None = None) -> int:
    args = parse_args(argv)
    try:
        videos = index_videos(args.videos)
        matches = [
            match(segment, videos)
            for split in ('train', 'val')
            for path in getattr(args, split)
            for segment in read_audioset(path, split)
        ]
        chosen = None
        if args.number is not None:
            chosen = draw(matches, args.number, args.seed)
        counts = write_lists(args.out, matches, chosen)
    except (ValueError, OSError) as error:
        print(f'build_list: {error}', file=sys.stderr)
        return 1
    print(*format_counts(counts), sep='\n')
    print(f'next: tools/data/prepare_av.py --list {args.out}/videos.csv')
    if args.json:
        with open(args.json, 'w', encoding='utf-8') as file:
            json.dump({'splits': counts}, file)
    if not any(tally['available'] for tally in counts.values()):
        print('build_list: no video matches', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
