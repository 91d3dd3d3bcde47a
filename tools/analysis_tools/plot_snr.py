"""Accuracy over the loudness of babble: a table and a picture.

Takes folders of what `tools/test.py --json` and `late_fusion.py --json` have
written, named by the babble in dB, ``snr_10.json``, ``snr_-5.json``, or
``snr_None.json`` for none; a folder per seed:

python tools/analysis_tools/plot_snr.py avts=work_dirs/a0,work_dirs/a1 \
    random=work_dirs/r0,work_dirs/r1 --picture snr.png

The interval is Student's, 95 %, over the seeds.
"""

import argparse
import json
import math
import re
import sys
from pathlib import Path

from avts_mm.visualization import draw_snr, save

import numpy as np
from scipy import stats

CLEAN = math.inf
NAME = re.compile(r'snr_(None|-?[\d.]+)\.json')
MEASURE = re.compile(r'acc/(?:(\w+)_)?top1')

Curves = dict[str, dict[float, list[float]]]


def read_folder(folder: str) -> dict[tuple[str, float], float]:
    """Top-1 accuracy by what answered and by the level in dB."""
    found = {}
    for path in sorted(Path(folder).glob('*.json')):
        if not (match := NAME.fullmatch(path.name)):
            continue
        level = CLEAN if match[1] == 'None' else float(match[1])
        for key, value in json.loads(path.read_text()).items():
            if match := MEASURE.fullmatch(key):
                found[match[1] or '', level] = value
    if not found:
        raise ValueError(
            f'{folder}: has no accuracies in files named snr_<dB>.json; make '
            'them by tools/test.py --json'
        )
    return found


def read_curves(groups: list[str]) -> Curves:
    """Name of group and way to level to the accuracies of its seeds."""
    curves: Curves = {}
    for group in groups:
        name, _, folders = group.partition('=')
        if not folders:
            raise ValueError(f'{group}: must be NAME=DIR[,DIR...]')
        for folder in folders.split(','):
            for (way, level), value in read_folder(folder).items():
                levels = curves.setdefault(f'{name} {way}'.strip(), {})
                levels.setdefault(level, []).append(value)
    return curves


def interval(values: list[float]) -> float:
    """Half of the interval of a mean; NaN of a single value."""
    if len(values) < 2:
        return math.nan
    spread = np.std(values, ddof=1) / math.sqrt(len(values))
    return float(stats.t.ppf(0.975, len(values) - 1) * spread)


def markdown(curves: Curves) -> str:
    """Mean and interval in percent, a row per curve, a column per level."""
    levels = sorted({x for levels in curves.values() for x in levels})[::-1]
    heads = ['clean' if x == CLEAN else f'{x:g} dB' for x in levels]
    rows = [f'| | {" | ".join(heads)} |', '|---' * (len(heads) + 1) + '|']
    for name, found in curves.items():
        cells = []
        for level in levels:
            values = found.get(level, [])
            half = interval(values)
            spread = '' if math.isnan(half) else f' ± {100 * half:.1f}'
            mean = f'{100 * np.mean(values):.1f}{spread}' if values else '-'
            cells.append(mean)
        rows.append(f'| {name} | {" | ".join(cells)} |')
    return '\n'.join(rows)


def gains(curves: Curves) -> Curves:
    """What both gain over sound, and over the better of sound and picture on
    average, seed by seed."""
    found: Curves = {}
    for name, both in curves.items():
        group = name.removesuffix('both')
        if group == name or f'{group}sound' not in curves:
            continue
        for level, values in both.items():
            alone = [
                curves[f'{group}{way}'].get(level, [])
                for way in ('sound', 'picture')
                if f'{group}{way}' in curves
            ]
            better = max(alone, key=lambda x: np.mean(x) if x else -1)
            for text, other in (('sound', alone[0]), ('better one', better)):
                if len(other) == len(values):
                    gain = [a - b for a, b in zip(values, other)]
                    row = found.setdefault(f'{group}both - {text}', {})
                    row[level] = gain
    return found


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('groups', nargs='+', metavar='NAME=DIR[,DIR...]')
    parser.add_argument('--picture', help='draw the curves here')
    args = parser.parse_args(argv)
    try:
        curves = read_curves(args.groups)
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    print(markdown({**curves, **gains(curves)}))
    if args.picture:
        drawn = {
            name: {
                level: (float(np.mean(values)), interval(values))
                for level, values in levels.items()
            }
            for name, levels in curves.items()
        }
        print(save(draw_snr(drawn), args.picture))
    return 0


if __name__ == '__main__':
    sys.exit(main())
