"""Build the embedded corpus: rendered clips of bodies that strike and sound.

python tools/data/make_synthetic_corpus.py data/avts_demo
"""

import argparse
import sys

from avts_mm.synthetic.corpus import make_corpus

from rich.progress import Progress


def parse_args(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument(
        'out_dir',
        nargs='?',
        default='data/avts_demo',
        help='folder of the corpus (default: %(default)s)',
    )
    parser.add_argument(
        '--num-train', type=int, default=400, help='clips to train on'
    )
    parser.add_argument('--num-val', type=int, default=80, help='held out')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument(
        '--size', type=int, default=48, help='height and width in pixels'
    )
    parser.add_argument(
        '--seconds', type=float, default=4.0, help='length of a clip'
    )
    return parser.parse_args(argv)


def main(argv=None):
    args = parse_args(argv)
    with Progress() as bar:
        task = bar.add_task('Rendering', total=args.num_train + args.num_val)
        try:
            paths = make_corpus(
                **vars(args),
                progress=lambda done, _: bar.update(task, completed=done),
            )
        except (FileExistsError, ValueError) as error:
            sys.exit(str(error))
    print(f'{args.num_train} + {args.num_val} clips:')
    for path in paths.values():
        print(f'  {path}')


if __name__ == '__main__':
    main()
