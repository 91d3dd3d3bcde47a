"""tools/data/make_synthetic_corpus.py."""

import pytest
from tool_modules import load_tool

main = load_tool('data/make_synthetic_corpus').main
SMALL = ['--num-train=2', '--num-val=1', '--size=16', '--seconds=1']


def test_builds_and_reports(tmp_path, capsys):
    main([str(tmp_path), *SMALL])
    printed = capsys.readouterr().out
    assert '2 + 1 clips' in printed
    assert str(tmp_path / 'train.csv') in printed
    assert len(list((tmp_path / 'videos').iterdir())) == 6


def test_errors_are_one_sentence(tmp_path):
    with pytest.raises(SystemExit, match='size must be even'):
        main([str(tmp_path / 'x'), *SMALL, '--size=17'])
    (tmp_path / 'videos').mkdir()
    (tmp_path / 'videos' / 'mine.mp4').write_bytes(b'')
    with pytest.raises(SystemExit, match='choose another folder'):
        main([str(tmp_path), *SMALL])
