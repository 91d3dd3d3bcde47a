"""Measure how fast a config's pairs are loaded over HTTP from this machine,
and from a tar, beside the same files on its disk, and what a pair asks of a
storage.

python benchmarks/benchmark_storage.py --json storage.json
"""

import argparse
import logging
import multiprocessing
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from avts_mm.compat import read_config

from benchmark_loader import CONFIG
from figures import ratios, spread, text, write_json
from loader_benchmark.contenders import own_loader
from loader_benchmark.files import make_files, pack_files
from loader_benchmark.race import race
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.utils.dl_utils import set_multi_processing
from range_server import RangeServer
from rich.console import Console
from rich.table import Table


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument(
        'config',
        nargs='?',
        default=str(CONFIG),
        help='config with AVPairDataset (default: configs/'
        'avts_kinetics_112.py)',
    )
    parser.add_argument(
        '--work-dir',
        type=Path,
        default=Path('work_dirs/benchmark_loader'),
        help='where the files are made and kept',
    )
    parser.add_argument('--videos', type=int, default=8, help='to make')
    parser.add_argument(
        '--num-workers', type=int, default=1, help='the server needs a core'
    )
    parser.add_argument('--rounds', type=int, default=7)
    parser.add_argument(
        '--seconds', type=float, default=2.0, help='of each run (default 2)'
    )
    parser.add_argument('--json', type=Path, help='also write the figures')
    return parser.parse_args(argv)


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """A server in a process of its own; its address."""
    receiver, sender = multiprocessing.Pipe(duplex=False)

    def serve() -> None:
        server = RangeServer(folder)
        sender.send(server.url)
        server.serve_forever()

    process = multiprocessing.get_context('fork').Process(target=serve)
    process.start()
    try:
        yield receiver.recv()
    finally:
        process.terminate()
        process.join()


def asked(cfg: Config, folder: Path, pairs: int = 64) -> dict[str, float]:
    """Requests and bytes of a pair."""
    with RangeServer(folder) as server:
        loader = own_loader(cfg, server.url)
        server.requests.clear()  # of the annotation
        server.sent = 0
        for pair in islice(loader.batch_sampler.sampler, pairs):
            loader.dataset[pair]
        return dict(
            requests=len(server.requests) / pairs,
            kilobytes=server.sent / pairs / 1000,
        )


def measure(args: argparse.Namespace, console: Console) -> dict:
    """All figures."""
    cfg = read_config(args.config)
    cfg.train_dataloader.update(
        num_workers=args.num_workers, persistent_workers=True
    )
    init_default_scope(cfg.get('default_scope', 'mmaction'))
    set_multi_processing(**cfg.env_cfg.mp_cfg)
    with console.status('making files'):
        folders = make_files(args.work_dir.resolve(), args.videos)
    figures: dict = dict(
        config=os.path.relpath(args.config),
        num_workers=args.num_workers,
        cores=len(os.sched_getaffinity(0)),
        rounds=args.rounds,
    )
    for folder in folders:
        with console.status(folder.name) as status, served(folder) as url:
            loaders = dict(
                files=own_loader(cfg, folder), http=own_loader(cfg, url)
            )
            if folder.name == 'prepared':
                loaders['tar'] = own_loader(cfg, pack_files(folder))
            rates = race(
                loaders,
                args.rounds,
                args.seconds,
                lambda done: status.update(f'round {done} of {args.rounds}'),
            )
        figures[folder.name] = dict(
            rates={
                name: {unit: spread(values) for unit, values in rate.items()}
                for name, rate in rates.items()
            },
            **{
                f'{name}_vs_files': {
                    unit: ratios(rate[unit], rates['files'][unit])
                    for unit in ('per_second', 'per_cpu_second')
                }
                for name, rate in rates.items()
                if name != 'files'
            },
            **asked(cfg, folder),
        )
    return figures


def show(figures: dict, console: Console) -> None:
    """Print the figures as a table: median (least to greatest)."""
    table = Table('', 'clips/s', 'clips/CPU-s')
    for folder in ('prepared', 'raw'):
        found = figures[folder]
        for name, rate in found['rates'].items():
            table.add_row(
                f'{folder}, {name}',
                text(rate['per_second'], '.1f'),
                text(rate['per_cpu_second'], '.1f'),
            )
        for name in ('http', 'tar'):
            ratio = found.get(f'{name}_vs_files', {})
            if ratio:
                table.add_row(
                    f'{folder}, {name} / files',
                    *(text(x, '.2f') for x in ratio.values()),
                )
    console.print(table)
    for folder in ('prepared', 'raw'):
        console.print(
            '{}: {requests:.2f} requests, {kilobytes:.0f} kB a pair'.format(
                folder, **figures[folder]
            )
        )


def main(argv: list[str] | None = None) -> None:
    warnings.filterwarnings('ignore', category=UserWarning)
    logging.getLogger('mmengine').setLevel(logging.WARNING)
    args = parse_args(argv)
    console = Console()
    figures = measure(args, console)
    show(figures, console)
    write_json(args.json, figures)


if __name__ == '__main__':
    main()
