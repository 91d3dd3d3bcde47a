"""Tell whether films are in sync, and which of picture and sound is late.

By the lips of whoever speaks, with a model that comes with avts_mm; where no
face tells it, by motion and loudness. Other models judge other films. Prints a
table. Exit status: 0 if all films are in sync, 1 if one is not or it
cannot be told, 2 if one cannot be read.
"""

import argparse
import csv
import json
import os
import sys
from collections import Counter

from avts_mm.apis import AVTSInferencer
from avts_mm.media import MediaError
from avts_mm.media.shift import shift_sound

from rich.console import Console
from rich.markup import escape
from rich.table import Table

COLUMNS = (
    *('name', 'verdict', 'in_sync', 'offset', 'confidence', 'drift'),
    'found_by',
)
SIDES = ('on the left', 'in the middle', 'on the right')


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('files', nargs='+', help='films, or folders of them')
    parser.add_argument(
        '--config', help='of another model, or its name (avts_grid_steps)'
    )
    parser.add_argument('--checkpoint', help='its weights')
    parser.add_argument(
        '--max-shift',
        type=float,
        help='seconds to search; 2, or a quarter of a shorter film',
    )
    parser.add_argument(
        '--tolerance',
        type=float,
        default=0.08,
        help='seconds that count as in sync',
    )
    parser.add_argument(
        '--audio-track', type=int, default=0, help='which of several tracks'
    )
    parser.add_argument(
        '--stride',
        type=int,
        help='steps between clips, for models that embed whole clips',
    )
    parser.add_argument(
        '--whole',
        action='store_true',
        help='look at all of a film of more than ten minutes, not at excerpts',
    )
    parser.add_argument('--device', help='such as cpu or cuda:1')
    parser.add_argument('--json', help='write everything here')
    parser.add_argument('--csv', help='write the table here')
    parser.add_argument('--pictures', help='folder for pictures of the curves')
    parser.add_argument(
        '--fix',
        metavar='OUT.mp4',
        help='write a copy with the sound moved (of one file)',
    )
    return parser.parse_args(argv)


def show(predictions: list[dict]) -> None:
    """Print the table and how many of each outcome there were."""
    table = Table()
    for name in ('film', 'verdict', 'offset', 'confidence', 'found by'):
        table.add_column(name, overflow='fold')
    for found in predictions:
        offset = found.get('offset')
        table.add_row(
            escape(found['name']),
            escape(found['verdict']),
            '' if offset is None else f'{offset:+.3f} s',
            f'{found["confidence"]:.2f}' if 'confidence' in found else '',
            '' if offset is None else found['found_by'],
        )
    console = Console(soft_wrap=True, highlight=False)
    console.print(table)
    for found in predictions:
        for line in notes(found):
            console.print(line)
    if len(predictions) > 1:
        counts = Counter(map(outcome, predictions)).most_common()
        texts = ', '.join(f'{number} {name}' for name, number in counts)
        console.print(f'{len(predictions)} films: {texts}')


def notes(found: dict) -> list[str]:
    """Which face spoke when, and which excerpts were looked at."""
    lines = []
    for face in found.get('faces', ()):
        if face['spoke']:
            middle = (face['box'][0] + face['box'][2]) / 2
            side = SIDES[min(int(middle * len(SIDES)), len(SIDES) - 1)]
            times = spans(face['spoke'])
            lines.append(f'{found["name"]}: a face {side} spoke at {times}')
    if found.get('excerpts'):
        lines.append(
            f'{found["name"]}: looked at {spans(found["excerpts"])}; --whole '
            'looks at all of it'
        )
    return lines


def spans(times: list) -> str:
    """Times as text."""
    return ', '.join(f'{begin:.1f}-{end:.1f} s' for begin, end in times)


def outcome(found: dict) -> str:
    """What a prediction comes to."""
    if 'in_sync' not in found:
        return 'cannot be read'
    if found['in_sync'] is None:
        return 'cannot tell'
    return 'in sync' if found['in_sync'] else 'not in sync'


def write(args: argparse.Namespace, predictions: list[dict]) -> None:
    """Write what was asked for."""
    # Names of files need not be text.
    text = dict(encoding='utf-8', errors='backslashreplace')
    if args.json:
        with open(args.json, 'w', **text) as file:
            json.dump(predictions, file, indent=2, ensure_ascii=False)
            file.write('\n')
    if args.csv:
        with open(args.csv, 'w', newline='', **text) as file:
            writer = csv.DictWriter(file, COLUMNS, extrasaction='ignore')
            writer.writeheader()
            writer.writerows(predictions)


def fix(args: argparse.Namespace, found: dict) -> int:
    """Write the copy, if there is an offset to be undone."""
    if found.get('offset') is None:
        print(f'nothing is fixed: {found["verdict"]}', file=sys.stderr)
        return 1
    if found['drift'] is not None:
        print(
            'nothing is fixed: a sound that drifts would have to be stretched',
            file=sys.stderr,
        )
        return 1
    try:
        moved = shift_sound(
            found['name'], args.fix, found['offset'], args.audio_track
        )
    except MediaError as error:
        print(error, file=sys.stderr)
        return 2
    print(f'{args.fix}: sound moved by {-moved.seconds:+.3f} s')
    if moved.dropped:
        print(f'{moved.dropped:.3f} s of sound before the picture is lost')
    if moved.left_out:
        print(f'not in the copy: {", ".join(moved.left_out)}')
    return 0


def main(argv: list[str] | None = None) -> int:
    args = parse_args(argv)
    sys.stdout.reconfigure(errors='backslashreplace')
    sys.stderr.reconfigure(errors='backslashreplace')
    if args.fix and (len(args.files) > 1 or os.path.isdir(args.files[0])):
        print('--fix takes one file', file=sys.stderr)
        return 2
    try:
        infer = AVTSInferencer(
            args.config, args.checkpoint, args.device, stride=args.stride
        )
    except (FileNotFoundError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    predictions = []
    for path in args.files:
        predictions += infer(
            path,
            max_shift=args.max_shift,
            tolerance=args.tolerance,
            audio_track=args.audio_track,
            out_dir=args.pictures,
            whole=args.whole,
        )['predictions']
    show(predictions)
    write(args, predictions)
    if args.fix:
        status = fix(args, predictions[0])
        if status:
            return status
    outcomes = {outcome(found) for found in predictions}
    if 'cannot be read' in outcomes:
        return 2
    return int(outcomes != {'in sync'})


if __name__ == '__main__':
    sys.exit(main())
