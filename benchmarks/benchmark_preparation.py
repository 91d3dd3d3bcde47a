"""Measure how fast videos are prepared by two jobs of a shard each beside one
job, and by Ray beside processes of our own.

Films per second tell it where there are cores for all; films per second of CPU
time on a busy machine, too.

python benchmarks/benchmark_preparation.py --json preparation.json
"""

import argparse
import multiprocessing
import os
import shutil
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from avts_mm.media import PrepareOptions
from avts_mm.preparation import Shard, Source, prepare_corpus

from figures import ratios, spread, text, write_json
from loader_benchmark.files import make_files
from rich.console import Console
from rich.table import Table

KINDS = ('per_second', 'per_cpu_second')
# What is divided by what, and on how many times as many cores.
RATIOS = (('shards', 'job', 2), ('ray', 'pool', 1))
# Ray's workers would give way to all else that a busy machine does.
os.environ.update(RAY_worker_niceness='0')


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument(
        '--work-dir',
        type=Path,
        default=Path('work_dirs/benchmark_loader'),
        help='where the files are made and kept',
    )
    parser.add_argument('--videos', type=int, default=8, help='to make')
    parser.add_argument(
        '--films', type=int, default=24, help='to prepare in each run'
    )
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--json', type=Path, help='also write the figures')
    return parser.parse_args(argv)


def contenders(jobs: ProcessPoolExecutor) -> dict[str, Callable]:
    """What prepares some sources in a folder, by name."""

    def shards(sources: list[Source], out: str) -> None:
        parts = [
            jobs.submit(prepare, sources, out, shard=Shard(number, 2))
            for number in (1, 2)
        ]
        for part in parts:
            part.result()
        prepare(sources, out, merge=True)

    found = dict(
        job=prepare, shards=shards, pool=partial(prepare, num_workers=2)
    )
    try:
        import ray
    except ImportError:
        return found
    ray.init('local', num_cpus=2, include_dashboard=False)
    return {**found, 'ray': partial(prepare, ray='local')}


def prepare(sources: list[Source], out: str, **kwargs) -> None:
    """Prepare all of them, with nothing left out."""
    corpus = prepare_corpus(sources, out, PrepareOptions(), **kwargs)
    if corpus.left_out:
        raise RuntimeError(f'not prepared: {corpus.left_out}')


def balanced(path: str, number: int) -> Source:
    """A film whose name lies in one of two shards, in turn."""
    names = (f'{number:04d}_{i}' for i in range(64))
    home = Shard(number % 2 + 1, 2)
    return Source(path, next(n for n in names if Shard.of(n, 2) == home))


def used() -> tuple[float, float]:
    """Seconds until now: of the clock, and of the CPU in this process and
    all that it has started."""
    import psutil  # of the extra for tests

    me = psutil.Process()
    times = [p.cpu_times()[:4] for p in (me, *me.children(recursive=True))]
    return time.monotonic(), sum(map(sum, times))


def measure(args: argparse.Namespace, console: Console) -> dict:
    """All figures."""
    with console.status('making files'):
        raw, _ = make_files(args.work_dir.resolve(), args.videos)
    films = sorted(str(path) for path in (raw / 'videos').glob('*.mp4'))
    sources = [
        balanced(films[number % len(films)], number)
        for number in range(args.films)
    ]
    out = args.work_dir / 'out'
    rates: dict = defaultdict(lambda: {kind: [] for kind in KINDS})
    context = multiprocessing.get_context('spawn')
    with console.status('') as status, ProcessPoolExecutor(2, context) as jobs:
        # The first round starts the processes.
        runs = contenders(jobs)
        for number in range(args.rounds + 1):
            status.update(f'round {number} of {args.rounds}')
            order = list(runs)[:: 1 if number % 2 else -1]
            for name in order:
                shutil.rmtree(out, ignore_errors=True)
                before = used()
                runs[name](sources, str(out))
                if number:
                    for kind, begin, end in zip(KINDS, before, used()):
                        rates[name][kind].append(args.films / (end - begin))
    shutil.rmtree(out)
    return dict(
        number=args.films,
        rounds=args.rounds,
        cores=len(os.sched_getaffinity(0)),
        load=os.getloadavg()[0],
        films={
            name: {kind: spread(values) for kind, values in rate.items()}
            for name, rate in rates.items()
        },
        ratios={
            f'{above} / {below}': dict(
                per_second=ratios(
                    *(rates[x][KINDS[0]] for x in (above, below))
                ),
                per_cpu_second=ratios(
                    [cores * rate for rate in rates[above][KINDS[1]]],
                    rates[below][KINDS[1]],
                ),
            )
            for above, below, cores in RATIOS
            if above in rates
        },
    )


def show(figures: dict, console: Console) -> None:
    """Print the figures: median (least to greatest)."""
    table = Table('', 'films/s', 'films/CPU-s')
    for kind in ('films', 'ratios'):
        for name, rate in figures[kind].items():
            table.add_row(name, *(text(rate[unit], '.2f') for unit in KINDS))
    console.print(table)
    console.print('{cores} cores, load {load:.1f}'.format(**figures))


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    console = Console()
    figures = measure(args, console)
    show(figures, console)
    write_json(args.json, figures)


if __name__ == '__main__':
    main()
