"""Build the embedded corpus: rendered clips of bodies that strike and sound.

python tools/data/make_synthetic_corpus.py data/avts_demo
"""

import argparse
import json
import sys
import time
from pathlib import Path

from rich.progress import Progress

from avts_mm.synthetic.corpus import make_corpus


def parse_args(argv=None):
    parser = argparse.ArgumentParser(
        description='Render and encode the embedded corpus'
    )
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
    parser.add_argument('--fps', type=float, default=25)
    parser.add_argument(
        '--sample-rate', type=int, default=16000, help='of the sound, in Hz'
    )
    parser.add_argument(
        '--num-workers', type=int, help='threads (default: one per core)'
    )
    parser.add_argument('--json', metavar='FILE', help='write the figures too')
    return parser.parse_args(argv)


def main(argv=None):
    args = parse_args(argv)
    begin = time.perf_counter()
    clips = dict(num_train=args.num_train, num_val=args.num_val)
    total = sum(clips.values())
    with Progress() as bar:
        task = bar.add_task('Rendering', total=total)
        try:
            paths = make_corpus(
                args.out_dir,
                **clips,
                seed=args.seed,
                size=args.size,
                seconds=args.seconds,
                fps=args.fps,
                sample_rate=args.sample_rate,
                num_workers=args.num_workers,
                progress=lambda done, _: bar.update(task, completed=done),
            )
        except (FileExistsError, ValueError) as error:
            sys.exit(str(error))
        bar.update(task, completed=total)
    files = Path(args.out_dir, 'videos').iterdir()
    figures = dict(
        **paths,
        **clips,
        megabytes=round(sum(path.stat().st_size for path in files) / 1e6, 1),
        seconds=round(time.perf_counter() - begin, 1),
    )
    print(
        f'{args.num_train} + {args.num_val} clips, '
        f'{figures["megabytes"]} MB, in {figures["seconds"]} s:'
    )
    for path in paths.values():
        print(f'  {path}')
    if args.json:
        Path(args.json).parent.mkdir(parents=True, exist_ok=True)
        Path(args.json).write_text(
            json.dumps(figures, indent=2) + '\n', encoding='utf-8'
        )


if __name__ == '__main__':
    main()
