"""The curve of accuracy against length."""

import importlib.util
import json
from pathlib import Path

import pytest

from avts_mm.visualization import draw_offset_lengths

TOOL = Path(__file__).parents[2] / 'tools/analysis_tools/plot_offsets.py'


@pytest.fixture
def main():
    spec = importlib.util.spec_from_file_location('plot_offsets', TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main


def metrics(lengths=(1, 2.5)):
    return {
        f'offset/{length:g}s/{whose}{measure}': 0.5
        for length in lengths
        for whose in ('', 'baseline/', 'chance/')
        for measure in ('frame', 'fifth', 'mae')
    }


def test_picture(main, tmp_path, capsys):
    (tmp_path / 'a.json').write_text(json.dumps(metrics()))
    (tmp_path / 'b.json').write_text(json.dumps(metrics((2,))))
    out = tmp_path / 'new' / 'curve.png'
    arguments = [f'{n}={tmp_path / n}.json' for n in 'ab']
    assert main([*arguments, '--picture', str(out)]) == 0
    assert out.read_bytes()[1:4] == b'PNG'
    assert str(out) in capsys.readouterr().out


def test_errors(main, tmp_path, capsys):
    (tmp_path / 'a.json').write_text('{"sync/auc": 1}')
    for argument, text in (
        (f'a={tmp_path / "a.json"}', 'a: holds no metric of offsets'),
        ('a.json', 'NAME=FILE'),
        (f'a={tmp_path / "none.json"}', 'none.json'),
    ):
        assert main([argument, '--picture', str(tmp_path / 'x.png')]) == 1
        assert text in capsys.readouterr().err
    with pytest.raises(ValueError, match='no metric'):
        draw_offset_lengths({'a': {}})
