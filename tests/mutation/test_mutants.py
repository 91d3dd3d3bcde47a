"""The list of bugs keeps up with the source.

Whether the tests notice them: ``python tests/mutation/check.py``.
"""

import ast
from pathlib import Path

import pytest

from .mutants import MUTANTS

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.nightly


@pytest.mark.parametrize(
    'mutant', MUTANTS, ids=lambda m: f'{Path(m.path).stem}: {m.old:.30}'
)
def test_it_can_still_be_put_in(mutant):
    source = (ROOT / mutant.path).read_text(encoding='utf-8')
    assert source.count(mutant.old) == 1, f'{mutant.path}: {mutant.old!r}'
    ast.parse(source.replace(mutant.old, mutant.new))
    for tests in mutant.tests:
        assert (ROOT / tests).exists()
