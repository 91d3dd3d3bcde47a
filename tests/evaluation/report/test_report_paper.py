"""The paper's figures, and commands that exist."""

import shlex
from pathlib import Path

import pytest

from avts_mm.evaluation.report import LATER, PAPER_TABLES
from avts_mm.evaluation.report.paper import LATER_DATASETS

ROOT = Path(__file__).resolve().parents[3]
ROWS = [row for table in PAPER_TABLES for row in table.rows]


def test_figures_are_percent_and_tagged():
    assert len(ROWS) == 22
    for row in ROWS:
        assert 40 < row.figure < 100
        assert row.tag.startswith('reported')
    by_name = {row.name: row.figure for row in ROWS}
    # Gains over scratch, as the abstract has them.
    for dataset, gain in (('UCF101', 19.9), ('HMDB51', 17.7)):
        scratch = by_name[f'{dataset}: from scratch']
        assert by_name[f'{dataset}: AVTS on AudioSet'] - scratch == (
            pytest.approx(gain)
        )


def test_every_row_asks_for_something_else():
    wanted = [tuple(sorted(row.wanted.items())) for row in ROWS if row.wanted]
    assert len(set(wanted)) == len(wanted) == len(ROWS) - 1


@pytest.mark.parametrize('command', [r.command for r in ROWS if r.wanted])
def test_commands_name_files_that_exist(command):
    words = shlex.split(command)
    assert words[0] == 'python'
    files = [w for w in words if w.startswith(('tools/', 'configs/'))]
    assert len(files) == 2
    for file in files:
        assert (ROOT / file).is_file(), file


def test_later_results_are_of_known_data_sets():
    for method in LATER:
        assert set(method.figures) <= set(LATER_DATASETS)
