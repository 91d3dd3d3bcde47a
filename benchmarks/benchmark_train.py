"""Measure the training step of a config: speed and memory.

python benchmarks/benchmark_train.py configs/avts_kinetics.py \
    --variants fp32 bf16+channels_last --json step.json
"""

import argparse
import itertools
import json
import tempfile
import warnings
from pathlib import Path

import avts_mm  # noqa: F401

from figures import text
from mmengine.config import DictAction
from rich.console import Console
from rich.table import Table
from train_benchmark.measure import Benchmark
from train_benchmark.trainer import Switches

VARIANTS = {
    switches.name: switches
    for switches in itertools.starmap(
        Switches, itertools.product((False, True), repeat=3)
    )
}


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('config', help='config of a training')
    parser.add_argument(
        '--variants',
        nargs='+',
        metavar='NAME',
        choices=VARIANTS,
        help=f'measure these instead of the config as it is: '
        f'{", ".join(VARIANTS)}',
    )
    parser.add_argument(
        '--torchvision',
        action='store_true',
        help='also compare the video tower with mc3_18 of torchvision, with '
        'the switches of each variant',
    )
    parser.add_argument(
        '--repeats', type=int, default=5, help='of everything (default 5)'
    )
    parser.add_argument(
        '--steps', type=int, default=10, help='timed in a row (default 10)'
    )
    parser.add_argument(
        '--warmup', type=int, default=5, help='steps not timed (default 5)'
    )
    parser.add_argument('--json', type=Path, help='also write the figures')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        default={},
        help='settings of the config to override, e.g. '
        'train_dataloader.batch_size=2 '
        'train_dataloader.dataset.pipeline.0.num_frames=16',
    )
    return parser.parse_args(argv)


def show(figures: dict) -> None:
    """Print the figures."""
    print(
        f'{figures["device"]}, torch {figures["torch"]}, batch '
        f'{figures["inputs"]}, '
        f'{figures["flops_per_step"] / 1e9:.4g} GFLOP per step, '
        f'{figures["clock"]}\n'
    )
    table = Table(
        '', 's per step', 'pairs/s', 'TFLOP/s', 'speed-up', 'step MiB'
    )
    for name, found in figures['variants'].items():
        memory = found['step_memory_mib']
        table.add_row(
            name,
            text(found['step_seconds'], '.4g'),
            f'{found["pairs_per_second"]:.4g}',
            f'{found["flops_per_second"] / 1e12:.3g}',
            text(found['speedup'], '.2f'),
            '-' if memory is None else f'{memory:.0f}',
        )
    Console().print(table)
    for part in ('preprocessing_seconds', 'log_mel_seconds'):
        if part in figures:
            print(f'{part}: {text(figures[part], ".2g")}')
    if 'torchvision' in figures:
        print(json.dumps(figures['torchvision'], indent=2))


def main(argv=None) -> None:
    warnings.filterwarnings('ignore', category=UserWarning)
    args = parse_args(argv)
    variants = {name: VARIANTS[name] for name in args.variants or ()}
    benchmark = Benchmark(args, variants or dict(config=None))
    with tempfile.TemporaryDirectory() as folder:
        benchmark.run(Path(folder))
    show(benchmark.figures)


if __name__ == '__main__':
    main()
