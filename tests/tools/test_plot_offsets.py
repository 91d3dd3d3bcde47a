"""The curve of accuracy against length."""

import json

import pytest
from tool_modules import load_tool

from avts_mm.visualization import draw_offset_lengths

main = load_tool('analysis_tools/plot_offsets').main


def metrics(lengths=(1, 2.5)):
    return {
        f'offset/{length:g}s/{whose}{measure}': 0.5
        for length in lengths
        for whose in ('', 'baseline/', 'chance/')
        for measure in ('frame', 'fifth', 'mae')
    }


def test_picture(tmp_path, capsys):
    (tmp_path / 'a.json').write_text(json.dumps(metrics()))
    (tmp_path / 'b.json').write_text(json.dumps(metrics((2,))))
    out = tmp_path / 'new' / 'curve.png'
    arguments = [f'{n}={tmp_path / n}.json' for n in 'ab']
    assert main([*arguments, '--picture', str(out)]) == 0
    assert out.read_bytes()[1:4] == b'PNG'
    assert str(out) in capsys.readouterr().out


def test_errors(tmp_path, capsys):
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
