"""Collect finished work directories into the paper's tables.

python tools/analysis_tools/report.py work_dirs \
    --out report.md --picture report.png
"""

import argparse
import sys
from pathlib import Path

from avts_mm.evaluation.report import (
    build_report,
    collect_runs,
    to_markdown,
)


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="The paper's figures, ours, and the commands."
    )
    parser.add_argument(
        'work_dirs',
        nargs='+',
        type=Path,
        metavar='WORK_DIR',
        help='work directories, or folders that hold them',
    )
    parser.add_argument(
        '--out', type=Path, help='markdown file (default: print it)'
    )
    parser.add_argument('--picture', type=Path, help='draw the tables here')
    return parser.parse_args(argv)


def main(argv=None) -> None:
    args = parse_args(argv)
    try:
        report = build_report(*collect_runs(args.work_dirs))
    except FileNotFoundError as error:
        sys.exit(str(error))
    text = to_markdown(report)
    if args.out:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(text, encoding='utf-8')
        print(f'{report.runs} finished runs, {len(report.broken)} left out')
        for broken in report.broken:
            print(f'  {broken.folder}: {broken.reason}')
        print(f'report: {args.out}')
    else:
        print(text, end='')
    if args.picture:
        # Here, since matplotlib takes its time to import.
        from avts_mm.visualization import plot_tables

        print(f'picture: {plot_tables(report.tables, args.picture)}')


if __name__ == '__main__':
    main()
