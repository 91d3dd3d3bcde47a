"""tools/data/build_list.py: raw videos to lists."""

import csv

import pytest
from list_tools import load
from media_files import render

from avts_mm.datasets import AVPairDataset
from avts_mm.media.annotation import read_records

tool = load('build_list.py')


@pytest.fixture(scope='module')
def videos(tmp_path_factory):
    root = tmp_path_factory.mktemp('videos')
    (root / 'deep').mkdir()
    for name in ('a, b.mp4', 'deep/c.mkv', 'deep/d.mp4'):
        render(root / name, seconds=2, events=(12,))
    render(root / 'mute.mp4', seconds=2, events=(1,), audio=None)
    (root / 'text.avi').write_text('hello')
    (root / 'empty.mp4').touch()
    (root / '._a.mp4').write_text('hello')
    (root / 'caf\udce9.mp4').write_text('hello')
    return root


def test_a_folder(videos, capsys):
    arguments = [str(videos), '--num-workers', '1', '--val-share', '0.3']
    assert tool.main(arguments) == 0
    printed = capsys.readouterr().out
    assert 'without sound' in printed and 'mute.mp4' in printed
    records = read_records(videos / 'annotation.csv')
    names = ['a, b.mp4', 'deep/c.mkv', 'deep/d.mp4']
    assert [record['video'] for record in records] == names
    assert all(r['audio'] == r['video'] for r in records)
    assert all(r['duration'] == pytest.approx(2, abs=0.05) for r in records)
    with open(videos / 'skipped.csv', newline='') as file:
        reasons = {
            row['path'][-8:]: row['reason'] for row in csv.DictReader(file)
        }
    assert reasons == {
        'mute.mp4': 'no_audio',
        'text.avi': 'undecodable',
        'mpty.mp4': 'undecodable',
        'dce9.mp4': 'name that is not UTF-8',
    }
    about = dict(data_root=str(videos), bad_files='stop')
    sizes = [
        len(AVPairDataset(f'annotation_{part}.csv', **about))
        for part in ('train', 'val')
    ]
    assert sizes == [2, 1]


def test_a_list_with_labels(videos, tmp_path, capsys):
    (tmp_path / 'list.txt').write_text('deep/c.mkv 4\ndeep/gone.mp4 2\n')
    out = tmp_path / 'out'
    arguments = [str(videos), '--list', str(tmp_path / 'list.txt')]
    assert tool.main([*arguments, '--out', str(out)]) == 0
    (record,) = read_records(out / 'annotation.csv')
    assert (record['video'], record['label']) == ('deep/c.mkv', 4)
    assert 'missing file' in capsys.readouterr().out


def test_nothing_to_list(videos, tmp_path, capsys):
    assert tool.main([str(tmp_path)]) == 1
    assert 'holds no videos' in capsys.readouterr().err
    (tmp_path / 'x.mp4').touch()
    assert tool.main([str(tmp_path), '--num-workers', '1']) == 1
    assert 'no video can be used' in capsys.readouterr().err
    assert not (tmp_path / 'annotation.csv').exists()
