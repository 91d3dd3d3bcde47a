"""Measure the training step of a config: speed, memory, and what it waits for.

python benchmarks/benchmark_train.py configs/avts_kinetics.py \
    --matrix --json step.json
python benchmarks/benchmark_train.py configs/avts_demo.py --loader
"""

import argparse
import itertools
import json
import sys
import tempfile
import warnings
from pathlib import Path

# First, since it says in a sentence which package is missing or too old.
import avts_mm  # noqa: F401

# isort: split
from mmengine.config import DictAction
from train_benchmark.measure import Benchmark
from train_benchmark.steps import Switches


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('config', help='config of a training')
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        '--matrix',
        action='store_true',
        help='measure all combinations of bf16, channels_last and compile '
        'instead of the config as it is',
    )
    what.add_argument(
        '--variants',
        nargs='+',
        metavar='NAME',
        help='measure these combinations, e.g. fp32 bf16+channels_last',
    )
    parser.add_argument(
        '--against',
        metavar='CONFIG',
        help='also time the step of another config, in turn with the first '
        'variant of this one; --cfg-options hold for both',
    )
    parser.add_argument(
        '--loader',
        action='store_true',
        help="also train on the config's own data, and tell the waiting",
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
    args = parser.parse_args(argv)
    if min(args.repeats, args.steps, args.warmup) < 1:
        parser.error('--repeats, --steps and --warmup must be at least 1')
    return args


def chosen_variants(args: argparse.Namespace) -> dict[str, Switches | None]:
    """Variants to measure by name; None stands for the config as it is."""
    table = {
        s.name: s
        for s in (
            Switches(*which)
            for which in itertools.product((False, True), repeat=3)
        )
    }
    if args.matrix:
        return table
    if not args.variants:
        return {'config': None}
    for name in args.variants:
        if name not in table:
            sys.exit(f'{name}: a variant is one of {", ".join(table)}')
    return {name: table[name] for name in args.variants}


def table(figures: dict) -> str:
    """The figures of all variants as a table."""
    rows = [
        '| | s per step | pairs/s | speed-up | of the matrix peak | loop over '
        'bare | preprocessing | log-mel | step MiB |',
        '|---|---|---|---|---|---|---|---|---|',
    ]
    for name, found in figures['variants'].items():
        step, gain = found['step_seconds'], found['speedup']
        over, memory = found['loop_over_bare'], found['step_memory_mib']
        mel = found.get('log_mel_share')
        rows.append(
            f'| {name} | {step["median"]:.4g} | '
            f'{found["pairs_per_second"]:.4g} | {gain["median"]:.2f} '
            f'({gain["min"]:.2f}–{gain["max"]:.2f}) | '
            f'{found["share_of_matrix_peak"]:.1%} | {over["median"]:.3f} '
            f'({over["min"]:.3f}–{over["max"]:.3f}) | '
            f'{found["preprocessing_share"]:.2%} | '
            f'{"-" if mel is None else f"{mel:.2%}"} | '
            f'{"-" if memory is None else round(memory)} |'
        )
    return '\n'.join(rows)


def main(argv=None) -> None:
    warnings.filterwarnings('ignore', category=UserWarning)
    args = parse_args(argv)
    benchmark = Benchmark(args, chosen_variants(args))
    with tempfile.TemporaryDirectory() as folder:
        benchmark.run(Path(folder))
    figures = benchmark.figures
    print(
        f'{figures["device"]}, torch {figures["torch"]}, batch of '
        f'{figures["batch_size"]} x {figures["sample"]}, '
        f'{figures["flops_per_step"] / 1e9:.4g} GFLOP per step, '
        f'{figures["clock"]}\n'
    )
    print(table(figures))
    for part in ('against', 'loader', 'torchvision'):
        if part in figures:
            print(f'\n{part}: {json.dumps(figures[part], indent=2)}')


if __name__ == '__main__':
    main()
