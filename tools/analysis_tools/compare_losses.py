"""Tell whether a change moves the training loss more than a seed does.

Train with and without it, the same seeds each, logging every step
(default_hooks.logger.interval=1 log_processor.window_size=1). Then

python tools/analysis_tools/compare_losses.py fp32=work_dirs/a0,work_dirs/a1 \
    bf16=work_dirs/b0,work_dirs/b1 --picture losses.png
"""

import argparse
import itertools
import sys
from pathlib import Path

from avts_mm.visualization import draw_losses, save

import numpy as np
from compare_runs import read_groups


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument(
        'reference', metavar='NAME=DIR,DIR[,DIR...]', help='without the change'
    )
    parser.add_argument(
        'changed',
        metavar='NAME=DIR,DIR[,DIR...]',
        help='with it; the same seeds in the same order',
    )
    parser.add_argument(
        '--window', type=int, default=20, help='steps averaged (default 20)'
    )
    parser.add_argument('--picture', type=Path, help='draw the curves here')
    return parser.parse_args(argv)


def smoothed(histories: list, window: int) -> np.ndarray:
    """Losses averaged over steps, ``(runs, steps)``."""
    curves = [[loss for _, loss in history.losses] for history in histories]
    if len({len(curve) for curve in curves}) > 1:
        sys.exit('the runs have logged different numbers of steps')
    if len(curves[0]) < window:
        sys.exit(f'fewer than --window={window} steps are logged')
    kernel = np.full(window, 1 / window)
    return np.stack([np.convolve(c, kernel, 'valid') for c in curves])


def compare(reference: np.ndarray, changed: np.ndarray) -> dict[str, float]:
    """How far curves ``(runs, steps)`` lie apart.

    Returns:
        dict: Mean over steps of the distance between seeds (two runs of the
        reference), of the distance by the change (the same seed with and
        without), their ratio (at most 1: within noise), and of the two
        groups' means at the end, whose difference is also given in standard
        errors of the paired runs.
    """
    seeds = [np.abs(a - b) for a, b in itertools.combinations(reference, 2)]
    by_seed = float(np.mean(seeds))
    by_change = float(np.abs(changed - reference).mean())
    last = changed[:, -1] - reference[:, -1]
    error = last.std(ddof=1) / len(last) ** 0.5
    return dict(
        distance_between_seeds=by_seed,
        distance_by_change=by_change,
        ratio=by_change / by_seed,
        last_reference=float(reference[:, -1].mean()),
        last_reference_std=float(reference[:, -1].std(ddof=1)),
        last_changed=float(changed[:, -1].mean()),
        last_difference=float(last.mean()),
        last_difference_in_errors=float(last.mean() / error),
    )


def main(argv=None) -> None:
    args = parse_args(argv)
    runs = read_groups([args.reference, args.changed], least=2)
    curves = {n: smoothed(group, args.window) for n, group in runs.items()}
    (name, reference), (other, changed) = curves.items()
    if reference.shape != changed.shape:
        sys.exit(
            f'{name} has {reference.shape} runs and steps, {other} '
            f'{changed.shape}: give the same seeds and steps'
        )
    found = compare(reference, changed)
    print(
        f'{len(reference)} seeds, {reference.shape[1] + args.window - 1} '
        f'steps, means of {args.window}\n'
        f'between seeds of {name}: {found["distance_between_seeds"]:.4f}\n'
        f'{other} from {name}, same seed: {found["distance_by_change"]:.4f} '
        f'({found["ratio"]:.2f} of it)\n'
        f'at the end: {name} {found["last_reference"]:.4f} ± '
        f'{found["last_reference_std"]:.4f}, {other} '
        f'{found["last_changed"]:.4f}, difference '
        f'{found["last_difference"]:+.4f} '
        f'({found["last_difference_in_errors"]:+.1f} standard errors)'
    )
    if args.picture:
        figure = draw_losses(curves, args.window)
        print(f'picture: {save(figure, args.picture)}')


if __name__ == '__main__':
    main()
