"""Collect finished work directories into the paper's tables.

python tools/analysis_tools/report.py work_dirs \
    --out report.md --picture report.png
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from report_picture import plot_tables
from report_runs import INCIDENTAL, collect_runs

# AVTS: Korbar, Tran and Torresani, Cooperative Learning of Audio and Video
# Models from Self-Supervised Synchronization, NeurIPS 2018 (arXiv 1807.00230),
# and later methods as their own papers report them, not confirmed here.
FIGURES = Path(__file__).parent / 'figures'
NOTES = {
    'Synchronisation on Kinetics': 'On held-out pairs with easy negatives.',
    'Finetuning MC3 for action recognition': 'Top-1, mean of three splits.',
    'Sound classification by a linear SVM on frozen conv_5': 'ESC-50: mean of '
    'five folds.',
}
FACTS = ['task', 'dataset', 'method', 'mix', 'model', 'start', 'source']
NOT_RUN, NOTHING = 'not run', '–'
MENTIONED = 2  # settings that a name may hold


class Table(NamedTuple):
    """A table: its heading, what the figures are, its texts, and for each row
    what to draw: kind to figure in percent and its deviation."""

    title: str
    note: str
    cells: pd.DataFrame
    points: list[dict[str, tuple[float, float]]]


def group_runs(runs: Sequence[Mapping]) -> list[dict]:
    """Put runs together that differ in their seed alone, by name.

    Returns:
        list[dict]: The facts of the first run, with ``name``, ``extent``
        (epochs and seeds), ``command`` (the first recorded) and ``figures``,
        a table by measure: ``value`` (the mean), ``spread`` (the deviation
        of a sample), ``of`` (what it was taken over), ``low`` and ``high``.
    """
    if not runs:
        return []
    table = pd.DataFrame(list(runs))
    settings = pd.json_normalize(table.settings.tolist())
    settings = settings.loc[:, ~settings.columns.str.contains(INCIDENTAL)]
    settings = settings.astype(object).fillna('none').astype(str)
    # Of weights it counts whether there are any: each seed has its own.
    weights = settings.filter(regex='(checkpoint|load_from)$').columns
    settings[weights] = settings[weights].mask(
        settings[weights] != 'none', 'given'
    )
    table['key'] = settings.agg('\n'.join, axis=1)
    table['name'] = table.groupby('key').name.transform('min')
    for name, alike in table.groupby('name'):
        usual = settings.loc[table.key == alike.key.mode()[0]].iloc[0]
        found = settings.loc[alike.index]
        varying = found.columns[found.nunique() > 1]
        # Mixes of negatives, which hooks set, have a column of their own.
        varying = [key for key in varying if not key.startswith('hooks')]
        for index, row in found[varying].iterrows():
            table.loc[index, 'name'] = name + _mention(row, usual[varying])
    table = table.sort_values(['name', 'seed'])
    return [_group(found) for _, found in table.groupby('key', sort=False)]


def _mention(settings: pd.Series, usual: pd.Series) -> str:
    """Settings in brackets; if there are many, those that are not usual."""
    if len(settings) > MENTIONED:
        settings = settings[settings != usual]
    texts = [
        f'{".".join(key.split(".")[-2:])}={value:.40}'
        for key, value in settings.items()
    ]
    if len(texts) > MENTIONED:
        texts[MENTIONED:] = [f'{len(texts) - MENTIONED} more']
    return f' ({", ".join(texts)})' if texts else ''


def _group(runs: pd.DataFrame) -> dict:
    texts = []
    for key in ('epochs', 'iterations', 'seed'):
        found = [f'{value:g}' for value in sorted(set(runs[key].dropna()))]
        if found and key == 'seed':
            texts.append(f'seed{"s" * (len(found) > 1)} {", ".join(found)}')
        elif found:
            texts.append(f'{", ".join(found)} {key}')
    if len(runs) > max(len(found), 1):
        texts.append(f'{len(runs)} runs')
    rows = pd.DataFrame(runs.figures.sum()).groupby('measure', sort=False)
    figures = rows.first()
    if len(runs) > 1:
        alike = 'seeds' if len(found) == len(runs) else 'runs'
        figures = rows.value.agg(value='mean', spread='std')
        figures['of'], figures['low'] = f'{len(runs)} {alike}', float('nan')
    recorded = runs.command.str.startswith('`')
    return dict(
        runs.iloc[0].dropna(),
        extent=', '.join(texts),
        command=runs.command[recorded if recorded.any() else ~recorded].iloc[
            0
        ],
        figures=figures,
    )


def text_of(figure) -> str:
    """With its deviation or interval, in percent; ranks as they are."""
    scale = 1 if 'rank' in figure.name.rpartition('/')[2] else 100
    text = f'{scale * figure.value:.1f}'
    if pd.notna(figure.spread):
        return f'{text} ± {scale * figure.spread:.1f} ({figure.of})'
    if pd.notna(figure.low):
        text += f' ({scale * figure.low:.1f}–{scale * figure.high:.1f})'
    return text


def point_of(figure) -> tuple[float, float]:
    spread = 0 if pd.isna(figure.spread) else figure.spread
    return 100 * figure.value, 100 * spread


def build_tables(runs: Sequence[Mapping]) -> list[Table]:
    """Put runs into the paper's tables, and the others into more."""
    groups = group_runs(runs)
    paper = pd.read_csv(FIGURES / 'paper.csv', keep_default_na=False)
    used: set[str] = set()
    tables = [
        _paper_table(title, rows, groups, used)
        for title, rows in paper.groupby('table', sort=False)
    ]
    tables.append(_later_table())
    others = [group for group in groups if group['key'] not in used]
    for task in sorted({group['task'] for group in others}):
        found = [group for group in others if group['task'] == task]
        tables.append(_other_table(task, found))
    return tables


def _fits(group: Mapping, wanted: Mapping) -> bool:
    return bool(wanted) and all(group.get(k) == wanted[k] for k in wanted)


def _paper_table(title: str, rows, groups, used: set[str]) -> Table:
    cells, points = [], []
    for row in rows.itertuples():
        wanted = {k: getattr(row, k) for k in FACTS if getattr(row, k)}
        first = row.name, f'{row.figure:.1f} ({row.tag})'
        fitting = [
            group
            for group in groups
            if _fits(group, wanted) and row.measure in group['figures'].index
        ]
        for group in fitting:
            used.add(group['key'])
            figure = group['figures'].loc[row.measure]
            about = ', '.join(filter(None, (group['name'], group['extent'])))
            cells.append((*first, text_of(figure), about, group['command']))
            points.append(dict(paper=(row.figure, 0), ours=point_of(figure)))
        if not fitting:
            command = f'`{row.command}`' if row.command else NOTHING
            ours = NOT_RUN if wanted else NOTHING
            cells.append((*first, ours, NOTHING, command))
            points.append(dict(paper=(row.figure, 0)))
    columns = ['', 'paper', 'ours', 'data, epochs, seeds', 'command']
    note = f'Accuracy in %. {NOTES[title]}'
    return Table(title, note, pd.DataFrame(cells, columns=columns), points)


def _later_table() -> Table:
    later = pd.read_csv(FIGURES / 'later.csv')
    figures = later.drop(columns=['name', 'pretraining'])
    points = [
        {name: (value, 0) for name, value in row.dropna().items()}
        for _, row in figures.iterrows()
    ]
    later[''] = later.pop('name') + ', ' + later.pop('pretraining')
    cells = later[['', *figures]].astype(object).fillna(NOTHING).map(str)
    title = 'Later results to measure against'
    note = (
        'Accuracy in %, as the methods’ own papers report them, unconfirmed.'
    )
    return Table(title, note, cells, points)


def _other_table(task: str, groups: Sequence[Mapping]) -> Table:
    """Runs of one task that are in no table of the paper."""
    cells, points = [], []
    for group in groups:
        figures = group['figures']
        if 'accuracy' in figures.index:  # says it, with baselines
            figures = figures.filter(regex='(^|/)accuracy$', axis=0)
        texts = {name: text_of(row) for name, row in figures.iterrows()}
        mix = {'negatives': group['mix']} if group.get('mix') else {}
        about = {'epochs, seeds': group['extent'], 'command': group['command']}
        name = {'': group['name'], 'data': group['data']}
        cells.append({**name, **mix, **texts, **about})
        drawn = ('accuracy', 'easy/auc', 'hard/auc', 'within_video')
        points.append(
            {
                name: point_of(figures.loc[name])
                for name in drawn
                if name in texts
            }
        )
    table = pd.DataFrame(cells).fillna(NOTHING)
    last = ['epochs, seeds', 'command']
    table = table[[*table.columns.drop(last), *last]]
    title = f'Other runs: {task.replace("_", " ")}'
    return Table(title, 'In %, ranks as they are.', table, points)


def to_markdown(tables: Sequence[Table], runs: int, broken: Mapping) -> str:
    """The report as markdown."""

    def line(cells) -> str:
        texts = (' '.join(c.replace('|', '\\|').split()) for c in cells)
        return f'| {" | ".join(texts)} |'

    lines = ['# Report', '']
    lines.append(f'{runs} finished runs; {len(broken)} folders left out.')
    for table in tables:
        lines += ['', f'## {table.title}', '', table.note, '']
        lines.append(line(table.cells.columns))
        lines.append('|---' * len(table.cells.columns) + '|')
        lines += map(line, table.cells.itertuples(index=False))
    if broken:
        lines += ['', '## Left out', '']
        lines += [f'- `{path}`: {reason}' for path, reason in broken.items()]
    return '\n'.join(lines) + '\n'


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
        runs, broken = collect_runs(args.work_dirs)
    except FileNotFoundError as error:
        sys.exit(str(error))
    tables = build_tables(runs)
    text = to_markdown(tables, len(runs), broken)
    if args.out:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(text, encoding='utf-8')
        print(f'{len(runs)} finished runs, {len(broken)} left out')
        for path, reason in broken.items():
            print(f'  {path}: {reason}')
        print(f'report: {args.out}')
    else:
        print(text, end='')
    if args.picture:
        print(f'picture: {plot_tables(tables, args.picture)}')


if __name__ == '__main__':
    main()
