"""The tutorial: docs/tutorial.ipynb."""

import json
import os
import sys
from pathlib import Path

import pytest

BOOK = Path(__file__).parents[2] / 'docs' / 'tutorial.ipynb'


def test_its_outputs_are_in_it():
    cells = json.loads(BOOK.read_text())['cells']
    code = [cell for cell in cells if cell['cell_type'] == 'code']
    assert [cell['execution_count'] for cell in code] == [
        *range(1, len(code) + 1)
    ]
    pictures = [
        cell['metadata']['mystnb']['image']['alt']
        for cell in code
        for output in cell['outputs']
        if 'image/png' in output.get('data', {})
    ]
    assert len(pictures) == 3
    told = str([cell['outputs'] for cell in code])
    assert 'Error' not in told and '/root/' not in told


@pytest.mark.nightly
@pytest.mark.timeout(3600)
def test_tutorial(tmp_path, monkeypatch):
    """It finds the offset, and tells four materials apart by their sound."""
    nbclient = pytest.importorskip('nbclient')
    nbformat = pytest.importorskip('nbformat')
    beside = Path(sys.executable).parent  # avts
    monkeypatch.setenv('PATH', f'{beside}{os.pathsep}{os.environ["PATH"]}')
    nbclient.NotebookClient(
        nbformat.read(BOOK, 4),
        timeout=3600,
        resources=dict(metadata=dict(path=str(tmp_path))),
    ).execute()
    (film,) = json.loads((tmp_path / 'offset.json').read_text())
    assert film['offset'] == pytest.approx(0.24, abs=0.04)
    found = json.loads((tmp_path / 'materials.json').read_text())
    assert found['acc/sound_top1'] > 0.4
