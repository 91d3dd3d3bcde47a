"""Measure how fast a config's pairs are loaded, beside mmaction2's own
pipeline and bare decoding of the same files, which the tool makes itself.

python benchmarks/benchmark_loader.py --json loader.json
"""

import argparse
import logging
import os
import warnings
from pathlib import Path

from avts_mm.compat import read_config

from figures import ratios, spread, text, write_json
from loader_benchmark.contenders import bare_loader, host_loader, own_loader
from loader_benchmark.files import make_files
from loader_benchmark.race import race
from mmengine.config import Config, DictAction
from mmengine.registry import init_default_scope
from mmengine.utils.dl_utils import set_multi_processing
from rich.console import Console
from rich.table import Table

CONFIG = Path(__file__).parents[1] / 'configs' / 'avts_kinetics_112.py'

# Ratios of rates: what is divided by what.
RATIOS = (
    ('prepared', 'mmaction2_raw'),
    ('raw', 'mmaction2_raw'),
    ('prepared_whole', 'mmaction2_raw'),
    ('raw_whole', 'mmaction2_raw'),
    ('prepared', 'mmaction2_prepared'),
    ('prepared', 'bare_prepared'),
    ('prepared_whole', 'bare_prepared'),
    ('raw', 'bare_raw'),
)


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
    parser.add_argument('--num-workers', type=int, default=2)
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument(
        '--seconds', type=float, default=2.0, help='of each run (default 2)'
    )
    parser.add_argument(
        '--only', nargs='+', metavar='NAME', help='race these loaders only'
    )
    parser.add_argument('--json', type=Path, help='also write the figures')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction)
    return parser.parse_args(argv)


def build_loaders(cfg: Config, raw: Path, prepared: Path, only=None) -> dict:
    """All contenders, or those asked for, by name."""
    makers = {
        'prepared': lambda: own_loader(cfg, prepared),
        'prepared_whole': lambda: own_loader(cfg, prepared, lazy=False),
        'raw': lambda: own_loader(cfg, raw),
        'raw_whole': lambda: own_loader(cfg, raw, lazy=False),
        'mmaction2_raw': lambda: host_loader(cfg, raw),
        'mmaction2_prepared': lambda: host_loader(cfg, prepared),
        'bare_raw': lambda: bare_loader(cfg, raw),
        'bare_prepared': lambda: bare_loader(cfg, prepared),
    }
    return {name: makers[name]() for name in only or makers}


def measure(args: argparse.Namespace, console: Console) -> dict:
    """All figures."""
    cfg = read_config(args.config)
    cfg.merge_from_dict(args.cfg_options or {})
    cfg.train_dataloader.update(
        num_workers=args.num_workers, persistent_workers=True
    )
    init_default_scope(cfg.get('default_scope', 'mmaction'))
    set_multi_processing(**cfg.env_cfg.mp_cfg)
    with console.status('making files'):
        raw, prepared = make_files(args.work_dir.resolve(), args.videos)
    with console.status('starting workers') as status:
        rates = race(
            build_loaders(cfg, raw, prepared, args.only),
            args.rounds,
            args.seconds,
            lambda done: status.update(f'round {done} of {args.rounds}'),
        )
    figures = dict(
        config=os.path.relpath(args.config),
        num_workers=args.num_workers,
        cores=len(os.sched_getaffinity(0)),
        batch_size=cfg.train_dataloader.batch_size,
        rounds=args.rounds,
        rates={
            name: {unit: spread(values) for unit, values in rate.items()}
            for name, rate in rates.items()
        },
    )
    for key, unit in (
        ('ratios', 'per_second'),
        ('ratios_cpu', 'per_cpu_second'),
    ):
        figures[key] = {
            f'{a}_vs_{b}': ratios(rates[a][unit], rates[b][unit])
            for a, b in RATIOS
            if a in rates and b in rates
        }
    return figures


def show(figures: dict, console: Console) -> None:
    """Print the figures as tables: median (least to greatest)."""
    rates = Table('loader', 'clips/s', 'clips/CPU-s', 'main process waits')
    for name, rate in figures['rates'].items():
        forms = zip(rate.values(), ('.1f', '.1f', '.0%'))
        rates.add_row(name, *(text(*form) for form in forms))
    ratio = Table('ratio', 'clips/s', 'clips/CPU-s')
    for name, value in figures['ratios'].items():
        cpu = figures['ratios_cpu'][name]
        ratio.add_row(name, text(value, '.2f'), text(cpu, '.2f'))
    console.print(rates, ratio)


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
