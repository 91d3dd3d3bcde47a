"""Draw the accuracy of offsets against the length of the excerpts.

Takes what `tools/test.py CONFIG CHECKPOINT --json FILE` has written with
configs of `configs/offset`.
"""

import argparse
import json
import sys

from avts_mm.visualization import draw_offset_lengths, save


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument(
        'results', nargs='+', metavar='NAME=FILE', help='what to draw'
    )
    parser.add_argument('--picture', required=True, help='written here')
    args = parser.parse_args(argv)
    results = {}
    try:
        for argument in args.results:
            name, _, path = argument.partition('=')
            if not path:
                raise ValueError(f'{argument}: must be NAME=FILE')
            with open(path, encoding='utf-8') as file:
                results[name] = json.load(file)
        print(save(draw_offset_lengths(results), args.picture))
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
