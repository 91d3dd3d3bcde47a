"""Compare trainings: final figures over seeds, and their curves.

python tools/analysis_tools/compare_runs.py \
    curriculum=work_dirs/a0,work_dirs/a1 mix=work_dirs/b0,work_dirs/b1
"""

import argparse
import statistics
import sys
from pathlib import Path

from avts_mm.visualization import draw_comparison, read_history, save

MEASURES = (
    'easy/accuracy',
    'easy/auc',
    'hard/accuracy',
    'hard/auc',
    'within_video',
)


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description='Compare the validations of trainings.'
    )
    parser.add_argument(
        'groups',
        nargs='+',
        metavar='NAME=DIR[,DIR...]',
        help='work directories of runs that differ in the seed alone',
    )
    parser.add_argument('--picture', type=Path, help='draw the curves here')
    return parser.parse_args(argv)


def read_groups(groups: list[str], least: int = 1) -> dict[str, list]:
    """Histories of the runs of each group."""
    runs = {}
    for group in groups:
        name, _, folders = group.partition('=')
        try:
            runs[name] = [read_history(f) for f in folders.split(',') if f]
        except FileNotFoundError as error:
            sys.exit(str(error))
        if len(runs[name]) < least:
            sys.exit(f'{group}: write NAME=DIR[,DIR...], {least} or more')
    return runs


def cell(histories: list, measure: str) -> str:
    """Mean and deviation over runs of the last value of a measure."""
    found = [h.results[measure] for h in histories if measure in h.results]
    values = [results[-1][1] for results in found]
    if not values:
        return '-'
    spread = f' ± {statistics.stdev(values):.3f}' if len(values) > 1 else ''
    return f'{statistics.mean(values):.3f}{spread}'


def markdown(runs: dict[str, list]) -> str:
    """The figures as a table, a row per group."""
    rows = [
        '| | runs | ' + ' | '.join(MEASURES) + ' |',
        '|---|' + '---|' * (1 + len(MEASURES)),
    ]
    for name, histories in runs.items():
        cells = [cell(histories, measure) for measure in MEASURES]
        rows.append(f'| {name} | {len(histories)} | {" | ".join(cells)} |')
    return '\n'.join(rows)


def main(argv=None) -> None:
    args = parse_args(argv)
    runs = read_groups(args.groups)
    for name, histories in runs.items():
        if not all(history.results for history in histories):
            sys.exit(f'{name}: a run has logged no validation')
    print(markdown(runs))
    if args.picture:
        print(f'picture: {save(draw_comparison(runs), args.picture)}')


if __name__ == '__main__':
    main()
