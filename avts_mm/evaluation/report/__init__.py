"""From finished work directories to the paper's tables, with ours beside."""

from .paper import LATER, PAPER_TABLES
from .runs import Broken, Run, collect_runs
from .tables import (
    Point,
    Report,
    Row,
    Table,
    build_report,
    to_markdown,
)

__all__ = [
    'LATER',
    'PAPER_TABLES',
    'Broken',
    'Point',
    'Report',
    'Row',
    'Run',
    'Table',
    'build_report',
    'collect_runs',
    'to_markdown',
]
