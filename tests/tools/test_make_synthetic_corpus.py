"""tools/data/make_synthetic_corpus.py."""

import json

import pytest
from list_tools import load

SMALL = ['--num-train=2', '--num-val=1', '--size=16', '--seconds=1']


@pytest.fixture(scope='module')
def tool():
    return load('make_synthetic_corpus.py')


def test_builds_and_reports(tool, tmp_path, capsys):
    out, report = tmp_path / 'demo', tmp_path / 'new' / 'figures.json'
    tool.main([str(out), *SMALL, '--json', str(report)])
    printed = capsys.readouterr().out
    assert '2 + 1 clips' in printed
    assert str(out / 'train.csv') in printed
    figures = json.loads(report.read_text())
    assert figures['train'] == str(out / 'train.csv')
    assert (figures['num_train'], figures['num_val']) == (2, 1)
    size = sum(path.stat().st_size for path in (out / 'videos').iterdir())
    assert figures['megabytes'] == pytest.approx(size / 1e6, abs=0.06)
    assert figures['seconds'] >= 0
    assert len(list((out / 'videos').iterdir())) == 6


def test_odd_size_is_one_sentence(tool, tmp_path):
    with pytest.raises(SystemExit, match='size must be even'):
        tool.main([str(tmp_path / 'x'), *SMALL, '--size=17'])


def test_folder_of_others_is_one_sentence(tool, tmp_path):
    (tmp_path / 'videos').mkdir()
    (tmp_path / 'videos' / 'mine.mp4').write_bytes(b'')
    with pytest.raises(SystemExit, match='choose another folder'):
        tool.main([str(tmp_path), *SMALL])
