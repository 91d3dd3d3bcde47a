"""Compare trainings: final figures over seeds, and their curves.

python tools/analysis_tools/compare_runs.py \
    curriculum=work_dirs/a0,work_dirs/a1 mix=work_dirs/b0,work_dirs/b1
"""

import argparse
import json
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
    parser.add_argument('--json', type=Path, help='also write the figures')
    return parser.parse_args(argv)


def read_groups(groups: list[str], least: int = 1) -> dict[str, list]:
    """Histories of the runs of each group.

    Raises:
        SystemExit: A group is not NAME=DIR, or has less runs than ``least``.
    """
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


def summarize(histories: list) -> dict[str, dict]:
    """Mean and deviation over runs of the last value of each measure."""
    summary = {}
    for measure in MEASURES:
        values = [
            h.results[measure][-1][1]
            for h in histories
            if measure in h.results
        ]
        if values:
            summary[measure] = dict(
                mean=statistics.mean(values),
                std=statistics.stdev(values) if len(values) > 1 else None,
                values=values,
            )
    return summary


def markdown(summaries: dict[str, dict]) -> str:
    """The figures as a table, a row per group."""

    def cell(found: dict | None) -> str:
        if not found:
            return '-'
        spread = '' if found['std'] is None else f' ± {found["std"]:.3f}'
        return f'{found["mean"]:.3f}{spread}'

    rows = [
        '| | runs | ' + ' | '.join(MEASURES) + ' |',
        '|---|' + '---|' * (1 + len(MEASURES)),
    ]
    for name, summary in summaries.items():
        runs = max(len(found['values']) for found in summary.values())
        cells = [cell(summary.get(measure)) for measure in MEASURES]
        rows.append(f'| {name} | {runs} | ' + ' | '.join(cells) + ' |')
    return '\n'.join(rows)


def main(argv=None) -> None:
    args = parse_args(argv)
    runs = read_groups(args.groups)
    for name, histories in runs.items():
        if not all(history.results for history in histories):
            sys.exit(f'{name}: a run has logged no validation')
    summaries = {name: summarize(group) for name, group in runs.items()}
    print(markdown(summaries))
    if args.picture:
        save(draw_comparison(runs), args.picture)
        print(f'picture: {args.picture}')
    if args.json:
        args.json.write_text(json.dumps(summaries, indent=2) + '\n')


if __name__ == '__main__':
    main()
