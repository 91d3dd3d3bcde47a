"""Match the official splits of HMDB51 with the videos one has."""

import argparse
import json
import sys

from avts_mm.preparation.action_lists import (
    VideoFolder,
    format_action_counts,
    read_hmdb51,
    write_action_lists,
)


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        'lists',
        help='folder of the official lists, testTrainMulti_7030_splits',
    )
    parser.add_argument(
        '--videos', required=True, help='folder, searched with subfolders'
    )
    parser.add_argument('--out', default='data/hmdb51')
    parser.add_argument(
        '--allow-missing',
        action='store_true',
        help='leave out listed videos that are not there; the figures are '
        'then not those of the official splits',
    )
    parser.add_argument('--json', help='also write the counts here')
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    args = parse_args(argv)
    try:
        lists = read_hmdb51(args.lists)
        videos = VideoFolder(args.videos)
        counts = write_action_lists(
            args.out, lists, videos, args.allow_missing
        )
    except (ValueError, OSError) as error:
        print(f'build_lists: {error}', file=sys.stderr)
        return 1
    print(*format_action_counts(counts), sep='\n')
    print(f'{len(lists.classes)} classes, lists in {args.out}')
    print(
        'next: python tools/finetune_splits.py '
        'configs/finetune/hmdb51_avts.py --checkpoint AVTS.pth'
    )
    if args.json:
        with open(args.json, 'w', encoding='utf-8') as file:
            json.dump({'parts': counts, 'classes': len(lists.classes)}, file)
    return 0


if __name__ == '__main__':
    sys.exit(main())
