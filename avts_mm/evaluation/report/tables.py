"""The paper's tables with our figures beside, as data and as markdown."""

from collections.abc import Sequence
from typing import NamedTuple

from .groups import Group, group_runs
from .paper import LATER, LATER_DATASETS, PAPER_TABLES, PaperTable
from .runs import Broken, Run

NOT_RUN = 'not run'
NOTHING = '–'
# Measures of the other synchronisation runs.
SYNC_MEASURES = {
    'easy/accuracy': 'easy accuracy',
    'easy/auc': 'easy AUC',
    'hard/accuracy': 'hard accuracy',
    'hard/auc': 'hard AUC',
    'within_video': 'within video',
}
# Those to draw, and as what.
SYNC_POINTS = {
    'easy/auc': 'easy',
    'hard/auc': 'hard',
    'within_video': 'within_video',
}


class Point(NamedTuple):
    """A figure to draw: what it is, in percent, and its deviation."""

    kind: str
    value: float
    spread: float = 0.0


class Row(NamedTuple):
    """A row: its cells as text, and its figures to draw."""

    cells: tuple[str, ...]
    points: tuple[Point, ...] = ()


class Table(NamedTuple):
    """A table.

    Attributes:
        title (str): Its heading.
        note (str): What the figures are.
        columns (tuple[str, ...]): Headings.
        rows (list[Row]): Its rows.
        drawn (tuple[int, ...]): Columns that a picture shows beside the
            first.
    """

    title: str
    note: str
    columns: tuple[str, ...]
    rows: list[Row]
    drawn: tuple[int, ...]


class Report(NamedTuple):
    """All tables, how many runs they show, and what could not be read."""

    tables: list[Table]
    runs: int
    broken: list[Broken]


def build_report(runs: Sequence[Run], broken: Sequence[Broken] = ()) -> Report:
    """Put runs into the paper's tables, and the others into two more."""
    groups = group_runs(runs)
    used: set[int] = set()
    tables = [_paper_table(table, groups, used) for table in PAPER_TABLES]
    tables.append(_later_table(groups))
    others = [group for group in groups if id(group) not in used]
    sync = [g for g in others if g.facts['task'] == 'synchronisation']
    rest = [g for g in others if g.facts['task'] != 'synchronisation']
    if sync:
        tables.append(_sync_table(sync))
    if rest:
        tables.append(_rest_table(rest))
    return Report(tables, len(runs), list(broken))


def _fits(group: Group, wanted) -> bool:
    return bool(wanted) and all(
        group.facts.get(key) == value for key, value in wanted.items()
    )


def _paper_table(
    table: PaperTable, groups: Sequence[Group], used: set[int]
) -> Table:
    rows = []
    for row in table.rows:
        figure = f'{row.figure:.1f} ({row.tag})'
        paper = Point('paper', row.figure)
        found = False
        for group in groups:
            summary = group.summary(row.measure)
            if summary is None or not _fits(group, row.wanted):
                continue
            # A validation while finetuning is not the test of the table.
            if group.runs[0].logged and row.measure == 'accuracy':
                continue
            found = True
            used.add(id(group))
            cells = (
                row.name,
                figure,
                summary.text(),
                ', '.join(filter(None, (group.name, group.extent()))),
                group.command,
            )
            spread = 100 * (summary.spread or 0)
            point = Point('ours', 100 * summary.mean, spread)
            rows.append(Row(cells, (paper, point)))
        if not found:
            command = f'`{row.command}`' if row.command else NOTHING
            ours = NOT_RUN if row.wanted else NOTHING
            cells = (row.name, figure, ours, NOTHING, command)
            rows.append(Row(cells, (paper,)))
    columns = ('', 'paper', 'ours', 'data, epochs, seeds', 'command')
    return Table(table.title, table.note, columns, rows, (1, 2, 3))


def _later_table(groups: Sequence[Group]) -> Table:
    rows = [
        Row(
            (
                method.name,
                method.pretraining,
                *(
                    f'{method.figures[name]:.1f}'
                    if name in method.figures
                    else NOTHING
                    for name in LATER_DATASETS
                ),
            )
        )
        for method in LATER
    ]
    for source, title in (('kinetics', 'Kinetics'), ('audioset', 'AudioSet')):
        cells = []
        for dataset in LATER_DATASETS:
            wanted = dict(dataset=dataset, start='avts', source=source)
            summaries = [
                group.summary('accuracy')
                for group in groups
                if _fits(group, wanted)
                and group.facts['task']
                in ('action_recognition', 'audio_classification')
            ]
            best = max(filter(None, summaries), default=None)
            cells.append(best.text() if best else NOT_RUN)
        rows.append(Row(('AVTS, ours', title, *cells)))
    return Table(
        'Later results to measure against',
        'Accuracy in %, as the methods’ own papers report them, unconfirmed; '
        'of ours the best.',
        ('', 'pretraining', *LATER_DATASETS.values()),
        rows,
        (1, 2, 3, 4),
    )


def _sync_table(groups: Sequence[Group]) -> Table:
    rows = []
    for group in groups:
        summaries = {name: group.summary(name) for name in SYNC_MEASURES}
        cells = (
            group.name,
            group.facts['data'] or NOTHING,
            group.facts['mix'] or NOTHING,
            *(
                summary.text(1, 3, of=False) if summary else NOTHING
                for summary in summaries.values()
            ),
            group.extent() or NOTHING,
            group.command,
        )
        points = tuple(
            Point(kind, 100 * summary.mean, 100 * (summary.spread or 0))
            for name, kind in SYNC_POINTS.items()
            if (summary := summaries[name])
        )
        rows.append(Row(cells, points))
    columns = (
        '',
        'data',
        'negatives',
        *SYNC_MEASURES.values(),
        'epochs, seeds',
        'command',
    )
    return Table(
        'Other runs: synchronisation',
        'On held-out pairs, by kind of negative; chance is 0.5.',
        columns,
        rows,
        (1, 2, len(columns) - 2),
    )


def _rest_table(groups: Sequence[Group]) -> Table:
    rows = []
    for group in groups:
        names = [
            name
            for name in dict.fromkeys(
                name for run in group.runs for name in run.measures
            )
            if not name.endswith('_std')
        ]
        # Accuracy says it, with baselines; of others, such as retrieval, all.
        if 'accuracy' in names:
            names = [n for n in names if n.split('/')[-1] == 'accuracy']
        texts: list[str] = []
        points: tuple[Point, ...] = ()
        summaries = {name: group.summary(name) for name in names}
        for name, summary in summaries.items():
            if summary is None:
                continue
            rank = 'rank' in name.rpartition('/')[2]
            text = summary.text(1 if rank else 100)
            texts.append(f'{name.replace("_", " ")} {text}')
            if name == 'accuracy':
                spread = 100 * (summary.spread or 0)
                points = (Point('ours', 100 * summary.mean, spread),)
        cells = (
            group.name,
            group.facts['data'] or NOTHING,
            '; '.join(texts),
            group.extent() or NOTHING,
            group.command,
        )
        rows.append(Row(cells, points))
    return Table(
        'Other runs',
        'In %, ranks as they are.',
        ('', 'data', 'measured', 'epochs, seeds', 'command'),
        rows,
        (1, 2, 3),
    )


def to_markdown(report: Report) -> str:
    """The report as markdown."""
    broken = len(report.broken)
    lines = [
        '# Report',
        '',
        f'{report.runs} finished runs; {broken} folders left out.',
    ]
    for table in report.tables:
        lines += ['', f'## {table.title}', '', table.note, '']
        lines.append(_line(table.columns))
        lines.append('|---' * len(table.columns) + '|')
        lines += [_line(row.cells) for row in table.rows]
    if broken:
        lines += ['', '## Left out', '']
        lines += [f'- `{b.folder}`: {b.reason}' for b in report.broken]
    return '\n'.join(lines) + '\n'


def _line(cells: Sequence[str]) -> str:
    escaped = (' '.join(c.replace('|', '\\|').split()) for c in cells)
    return f'| {" | ".join(escaped)} |'
