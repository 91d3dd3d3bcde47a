"""Measure how fast a config's pairs are loaded, beside mmaction2's own
pipeline and bare decoding of the same files, which the tool makes itself.

python benchmarks/benchmark_loader.py --json loader.json
"""

import argparse
import json
import logging
import os
import warnings
from pathlib import Path

# First, since it says in a sentence which package is missing or too old.
import avts_mm  # noqa: F401

# isort: split
from loader_benchmark.contenders import bare_loader, host_loader, own_loader
from loader_benchmark.files import make_files
from loader_benchmark.measure import race, ratio, spread
from loader_benchmark.single import kinds_of_pairs, seconds_of_sound, stages
from mmengine.config import Config, DictAction
from mmengine.registry import init_default_scope
from mmengine.utils.dl_utils import set_multi_processing
from rich.console import Console
from rich.table import Table

CONFIG = Path(__file__).parents[1] / 'configs' / 'avts_kinetics_112.py'

# Name of a ratio of rates: what is divided by what.
RATIOS = {
    'prepared_vs_mmaction2_raw': ('prepared', 'mmaction2_raw'),
    'raw_vs_mmaction2_raw': ('raw', 'mmaction2_raw'),
    'prepared_whole_vs_mmaction2_raw': ('prepared_whole', 'mmaction2_raw'),
    'raw_whole_vs_mmaction2_raw': ('raw_whole', 'mmaction2_raw'),
    'prepared_vs_mmaction2_sound_raw': ('prepared', 'mmaction2_sound_raw'),
    'raw_vs_mmaction2_sound_raw': ('raw', 'mmaction2_sound_raw'),
    'prepared_vs_pyav_sound_raw': ('prepared', 'pyav_sound_raw'),
    'raw_vs_pyav_sound_raw': ('raw', 'pyav_sound_raw'),
    'prepared_vs_mmaction2_prepared': ('prepared', 'mmaction2_prepared'),
    'prepared_vs_bare_prepared': ('prepared', 'bare_prepared'),
    'raw_vs_bare_raw': ('raw', 'bare_raw'),
    'prepared_clips_vs_prepared': ('prepared_clips', 'prepared'),
    'raw_clips_vs_raw': ('raw_clips', 'raw'),
}


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
        '--number',
        type=int,
        default=48,
        help='of single samples that are taken apart (default 48)',
    )
    parser.add_argument(
        '--clips-per-open',
        type=int,
        default=4,
        help='of the loaders that read several clips of an opened file',
    )
    parser.add_argument(
        '--only', nargs='+', metavar='NAME', help='race these loaders only'
    )
    parser.add_argument('--json', type=Path, help='also write the figures')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction)
    args = parser.parse_args(argv)
    if min(args.num_workers, args.rounds, args.videos) < 1:
        parser.error('--num-workers, --rounds and --videos must be positive')
    return args


def build_loaders(cfg: Config, raw: Path, prepared: Path, clips: int) -> dict:
    """All contenders by name, built when called."""
    return {
        'prepared': lambda: own_loader(cfg, prepared),
        'prepared_whole': lambda: own_loader(cfg, prepared, lazy=False),
        'raw': lambda: own_loader(cfg, raw),
        'raw_whole': lambda: own_loader(cfg, raw, lazy=False),
        'prepared_clips': lambda: own_loader(cfg, prepared, clips),
        'raw_clips': lambda: own_loader(cfg, raw, clips),
        'mmaction2_raw': lambda: host_loader(cfg, raw),
        'mmaction2_sound_raw': lambda: host_loader(cfg, raw, sound=True),
        'pyav_sound_raw': lambda: host_loader(cfg, raw, True, 'pyav'),
        'mmaction2_prepared': lambda: host_loader(cfg, prepared),
        'bare_raw': lambda: bare_loader(cfg, raw),
        'bare_prepared': lambda: bare_loader(cfg, prepared),
    }


def single_samples(loaders: dict, number: int) -> tuple[dict, dict]:
    """Cost of kinds of pairs and of sound as ratios, and the stages."""
    ratios, table = {}, {}
    for name in ('prepared', 'raw'):
        loader = loaders[name]()
        seconds = kinds_of_pairs(loader.dataset, number)
        for kind in ('easy', 'hard'):
            costs = [_median(seconds[k]) for k in (kind, 'positive')]
            ratios[f'{kind}_vs_positive_{name}'] = costs[0] / costs[1]
        table[name] = stages(loader, number)
    seconds = seconds_of_sound(
        loaders['prepared']().dataset, loaders['raw']().dataset, 25
    )
    for name in ('raw_mp4', 'prepared_mp4'):
        costs = [_median(seconds[k]) for k in (name, 'wav')]
        ratios[f'sound_{name}_vs_wav'] = costs[0] / costs[1]
    return ratios, table


def _median(values: list[float]) -> float:
    return spread(values)['median']


def measure(args: argparse.Namespace, console: Console) -> dict:
    """All figures."""
    cfg = Config.fromfile(args.config)
    cfg.merge_from_dict(args.cfg_options or {})
    cfg.train_dataloader.update(
        num_workers=args.num_workers, persistent_workers=True
    )
    init_default_scope(cfg.get('default_scope', 'mmaction'))
    set_multi_processing(**cfg.env_cfg.mp_cfg)
    with console.status('making files'):
        raw, prepared = make_files(args.work_dir.resolve(), args.videos)
    loaders = build_loaders(cfg, raw, prepared, args.clips_per_open)
    figures = dict(
        config=os.path.relpath(args.config),
        num_workers=args.num_workers,
        cores=len(os.sched_getaffinity(0)),
        batch_size=cfg.train_dataloader.batch_size,
        clips_per_open=args.clips_per_open,
        rounds=args.rounds,
    )
    with console.status('single samples'):
        figures['costs'], figures['stages'] = single_samples(
            loaders, args.number
        )
    with console.status('starting workers') as status:
        chosen = args.only or loaders
        rates = race(
            {name: loaders[name]() for name in chosen},
            args.rounds,
            args.seconds,
            lambda done: status.update(f'round {done} of {args.rounds}'),
        )
    figures['rates'] = {
        name: {unit: spread(values) for unit, values in vars(rate).items()}
        for name, rate in rates.items()
    }
    for key, unit in (
        ('ratios', 'per_second'),
        ('ratios_cpu', 'per_cpu_second'),
    ):
        figures[key] = {
            name: ratio(getattr(rates[a], unit), getattr(rates[b], unit))
            for name, (a, b) in RATIOS.items()
            if a in rates and b in rates
        }
    return figures


def show(figures: dict, console: Console) -> None:
    """Print the figures as tables: median (least to greatest)."""

    def text(value: dict, form: str) -> str:
        low, middle, high = (
            format(value[key], form) for key in ('low', 'median', 'high')
        )
        return f'{middle} ({low} to {high})'

    table = Table('loader', 'clips/s', 'clips/CPU-s', 'main process waits')
    for name, rate in figures['rates'].items():
        table.add_row(
            name,
            text(rate['per_second'], '.1f'),
            text(rate['per_cpu_second'], '.1f'),
            text(rate['waiting'], '.0%'),
        )
    console.print(table)
    table = Table('ratio', 'clips/s', 'clips/CPU-s')
    for name, value in figures['ratios'].items():
        cpu = figures['ratios_cpu'][name]
        table.add_row(name, text(value, '.2f'), text(cpu, '.2f'))
    console.print(table)
    table = Table('cost of one sample, CPU', 'ratio')
    for name, value in figures['costs'].items():
        table.add_row(name, f'{value:.2f}')
    console.print(table)
    for name, parts in figures['stages'].items():
        table = Table(f'a pair of {name} files, profiled', 'ms', 'share')
        total = sum(parts.values())
        for part, cost in parts.items():
            table.add_row(part, f'{cost:.2f}', f'{cost / total:.0%}')
        console.print(table)


def main(argv: list[str] | None = None) -> None:
    warnings.filterwarnings('ignore', category=UserWarning)
    logging.getLogger('mmengine').setLevel(logging.WARNING)
    args = parse_args(argv)
    console = Console()
    figures = measure(args, console)
    show(figures, console)
    if args.json:
        args.json.write_text(json.dumps(figures, indent=2) + '\n')


if __name__ == '__main__':
    main()
