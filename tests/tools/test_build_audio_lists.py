"""Lists of ESC-50, ESC-10 and DCASE2014 from small made-up copies."""

import pytest
from list_tools import load as load_tool
from list_tools import touch

from avts_mm.datasets.recordings import read_recordings

SCENES = (
    *('bus', 'busystreet', 'office', 'openairmarket', 'park'),
    *('quietstreet', 'restaurant', 'supermarket', 'tube', 'tubestation'),
)


def load(name):
    return load_tool(f'{name}/build_list.py').main


@pytest.fixture
def esc50(tmp_path):
    root = tmp_path / 'ESC-50-master'
    lines = ['filename,fold,target,category,esc10,src_file,take\n']
    for row in (
        '1-100032-A-0.wav,1,0,dog,True,100032,A',
        '1-100032-B-0.wav,1,0,dog,True,100032,B',
        '2-77-A-7.wav,2,7,rooster,False,77,A',
        '3-88-A-41.wav,3,41,chainsaw,True,88,A',
    ):
        lines.append(f'{row}\n')
        touch(root, f'audio/{row.partition(",")[0]}')
    (root / 'meta').mkdir()
    (root / 'meta' / 'esc50.csv').write_text(''.join(lines))
    return root


def test_esc50(esc50, tmp_path, capsys):
    out = tmp_path / 'out'
    assert load('esc50')([str(esc50), '--out', str(out)]) == 0
    found = read_recordings(out / 'annotation.csv')
    assert [r.label for r in found] == [0, 0, 1, 2]
    assert [r.fold for r in found] == [1, 1, 2, 3]
    assert [r.source for r in found] == ['100032', '100032', '77', '88']
    assert found[3].category == 'chainsaw'
    assert found[0].audio == str(esc50 / 'audio' / '1-100032-A-0.wav')
    printed = capsys.readouterr().out
    counts = 'recordings 4 classes 3 sources 3 fold 1 2 fold 2 1 fold 3 1 note'
    assert ' '.join(printed.split()).startswith(counts)
    assert 'not the official' in printed


def test_esc10_of_esc50(esc50, tmp_path):
    out = tmp_path / 'out'
    assert load('esc50')([str(esc50), '--out', str(out), '--esc10']) == 0
    found = read_recordings(out / 'annotation.csv')
    assert [(r.label, r.category) for r in found] == [
        (0, 'dog'),
        (0, 'dog'),
        (1, 'chainsaw'),
    ]


def test_esc10_in_folders(tmp_path):
    root, out = tmp_path / 'ESC-10-master', tmp_path / 'out'
    touch(root, '002 - Rain/5-4-A.ogg', 'README.md')
    names = ('1-30226-A.ogg', '1-30226-B.flac', 'readme.ogg')
    touch(root / '001_Dog_bark', *names)
    assert load('esc50')([str(root), '--out', str(out)]) == 0
    found = read_recordings(out / 'annotation.csv')
    assert [(r.label, r.fold, r.source, r.category) for r in found] == [
        (0, 1, '30226', 'dog_bark'),
        (0, 1, '30226', 'dog_bark'),
        (1, 5, '4', 'rain'),
    ]


def test_bad_copies_of_esc50(esc50, tmp_path, capsys):
    def stop(root, *words):
        out = tmp_path / 'out'
        assert load('esc50')([str(root), '--out', str(out)]) == 1
        error = capsys.readouterr().err
        assert all(word in error for word in words)
        assert not out.exists()

    (esc50 / 'audio' / '2-77-A-7.wav').unlink()
    (esc50 / 'audio' / '3-88-A-41.wav').unlink()
    stop(esc50, '2 of 4 recordings are missing', '2-77-A-7')
    table = esc50 / 'meta' / 'esc50.csv'
    table.write_text(table.read_text().replace('src_file', 'source'))
    stop(esc50, 'esc50.csv, line 1: the header lacks src_file')
    stop(tmp_path / 'none', 'no such folder')
    (tmp_path / 'empty').mkdir()
    stop(tmp_path / 'empty', 'neither meta/esc50.csv')
    touch(tmp_path / 'torn' / '001 - Dog', '1-9-A.ogg', '2-9-B.ogg')
    stop(tmp_path / 'torn', 'from one source (9)')


@pytest.fixture
def scenes(tmp_path):
    for scene in SCENES:
        for number in (2, 10, 11):
            touch(tmp_path, f'public/{scene}{number:02d}.wav')
        touch(tmp_path, f'private/sub/{scene}07.wav')
    touch(tmp_path, 'public/README.txt')
    return tmp_path


def test_dcase2014(scenes):
    folders = [str(scenes / 'public'), str(scenes / 'private')]
    assert load('dcase2014')([*folders, '--out', str(scenes / 'out')]) == 0
    found = read_recordings(scenes / 'out' / 'annotation.csv')
    assert [r.fold for r in found] == [0] * 30 + [1] * 10
    assert [r.label for r in found[:4]] == [0, 0, 0, 1]
    tested = [(r.label, r.category) for r in found[30:]]
    assert tested == list(enumerate(SCENES))


def test_dcase2014_without_a_class(scenes, capsys):
    (scenes / 'private' / 'sub' / 'park07.wav').unlink()
    folders = [str(scenes / 'public'), str(scenes / 'private')]
    assert load('dcase2014')([*folders, '--out', str(scenes / 'out')]) == 1
    assert 'none of park' in capsys.readouterr().err
