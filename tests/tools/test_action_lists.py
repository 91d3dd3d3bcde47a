"""Lists of UCF101 and HMDB51 from small made-up splits."""

import re
from pathlib import Path

import pytest
from list_tools import load, touch

SPLITS = (1, 2, 3)
UCF = ('ApplyLipstick', 'Archery', 'YoYo')
LISTS = {f'{p}_split{n}' for n in SPLITS for p in ('train', 'test')}


def ucf_name(action, group, suffix='avi'):
    return f'{action}/v_{action}_g{group:02d}_c01.{suffix}'


@pytest.fixture
def ucf(tmp_path):
    lists = tmp_path / 'lists'
    lists.mkdir()
    classes = [f'{n} {name}\r\n' for n, name in enumerate(UCF, 1)]
    (lists / 'classInd.txt').write_text(''.join(classes))
    for split in SPLITS:
        train, test = [], []
        for number, action in enumerate(UCF, 1):
            for group in SPLITS:
                name = ucf_name(action, group)
                if group == split:
                    test.append(f'{name}\r\n')
                else:
                    train.append(f'{name} {number}\r\n')
        (lists / f'trainlist{split:02d}.txt').write_text(''.join(train))
        (lists / f'testlist{split:02d}.txt').write_text(''.join(test))
    names = [ucf_name(action, g) for action in UCF for g in SPLITS]
    touch(tmp_path / 'data' / 'videos', *names)
    return tmp_path


def run(name, root, *extra, videos='data/videos', lists='lists'):
    """Exit status, and the lines of each file that is written."""
    out = root / 'data'
    places = ['--videos', str(root / videos), '--out', str(out)]
    main = load(f'{name}/build_lists.py').main
    code = main([str(root / lists), *places, *extra])
    return code, {
        p.stem: p.read_text().splitlines() for p in out.glob('*.txt')
    }


def test_ucf101(ucf, capsys):
    code, found = run('ucf101', ucf)
    assert code == 0 and found.keys() == LISTS | {'classes'}
    assert found['classes'] == list(UCF)
    for split in SPLITS:
        train, test = (found[f'{p}_split{split}'] for p in ('train', 'test'))
        assert test == [
            f'videos/{ucf_name(action, split)} {label}'
            for label, action in enumerate(UCF)
        ]
        assert len(train) == 6 and not set(train) & set(test)
    assert 'train_split2         6          6' in capsys.readouterr().out


def test_missing_videos_stop(ucf, capsys):
    (ucf / 'data' / 'videos' / ucf_name('Archery', 2)).unlink()
    (ucf / 'data' / 'videos' / ucf_name('YoYo', 3)).write_bytes(b'')  # failed
    assert run('ucf101', ucf) == (1, {})
    error = capsys.readouterr().err
    assert '2 listed videos are missing' in error
    assert 'the first is Archery/v_Archery_g02_c01.avi' in error
    assert '--allow-missing' in error
    code, found = run('ucf101', ucf, '--allow-missing')
    assert code == 0 and len(found['train_split1']) == 4
    assert '         6          4' in capsys.readouterr().out
    touch(ucf / 'few', 'v_YoYo_g01_c01.avi', 'v_YoYo_g02_c01.avi')
    assert run('ucf101', ucf, '--allow-missing', videos='few')[0] == 1
    assert 'test_split3: none' in capsys.readouterr().err


def test_other_folders_and_formats(ucf):
    """Converted to mp4, in one folder elsewhere: absolute paths."""
    names = [ucf_name(a, g, 'mp4') for a in UCF for g in SPLITS]
    touch(ucf / 'flat', *(name.partition('/')[2] for name in names))
    code, found = run('ucf101', ucf, videos='flat')
    line = f'{ucf}/flat/v_ApplyLipstick_g01_c01.mp4 0'
    assert code == 0 and found['test_split1'][0] == line


@pytest.mark.parametrize(
    ('file', 'text', 'message'),
    [
        ('classInd.txt', '1 A\n3 B\n', 'classInd.txt, line 2.*"2 '),
        ('trainlist01.txt', 'Archery 2\n', 'trainlist01.txt, line 1'),
        ('trainlist02.txt', 'Swim/v.avi 1\n', 'trainlist02.txt, line 1'),
        ('trainlist03.txt', 'YoYo/v.avi 1\n', 'class 1, but YoYo is class 3'),
        ('testlist03.txt', None, 'testlist03.txt: no such list'),
    ],
)
def test_wrong_ucf101_lists(ucf, capsys, file, text, message):
    path = ucf / 'lists' / file
    path.unlink() if text is None else path.write_text(text)
    assert run('ucf101', ucf)[0] == 1
    assert re.search(message, capsys.readouterr().err)


HMDB = {
    'brush_hair': ['a_brush_hair_0.avi', '#20_Clap (x)_u;nm_[1]&2!.avi'],
    'shoot_ball': ["it's_a ball.avi", 'b_shoot_ball.avi'],
}


@pytest.fixture
def hmdb(tmp_path):
    lists = tmp_path / 'lists'
    lists.mkdir()
    for action, names in HMDB.items():
        for split, codes in zip(SPLITS, ('12', '21', '12')):
            text = ''.join(f'{n} {c} \n' for n, c in zip(names, codes))
            text += 'unused video.avi 0 \n'
            (lists / f'{action}_test_split{split}.txt').write_text(text)
        touch(tmp_path / 'data' / 'videos' / action, *names)
    return tmp_path


def test_hmdb51_with_its_names(hmdb):
    code, found = run('hmdb51', hmdb)
    assert code == 0 and found.pop('classes') == list(HMDB)
    for part, lines in found.items():
        pairs = (line.rsplit(' ', 1) for line in lines)
        found[part] = [(Path(path).name, int(label)) for path, label in pairs]
    first, second = (
        [(n[i], k) for k, n in enumerate(HMDB.values())] for i in (0, 1)
    )
    assert found['train_split1'] == found['test_split2'] == first
    assert found['test_split1'] == found['train_split2'] == second


def test_wrong_hmdb51_lists(hmdb, capsys):
    def stop(message, **places):
        assert run('hmdb51', hmdb, **places)[0] == 1
        assert message in capsys.readouterr().err

    path = hmdb / 'lists' / 'shoot_ball_test_split2.txt'
    path.write_text('b_shoot_ball.avi 3\n')
    stop('shoot_ball_test_split2.txt, line 1')
    path.unlink()
    stop('no such list')
    stop('testTrainMulti_7030_splits', lists='data')
    path.write_text('b_shoot_ball.avi 1\n')
    stop('none: no such folder', videos='none')


def test_which_of_several_is_meant(tmp_path):
    lists = load('ucf101/build_lists.py').action_lists
    touch(tmp_path, 'run/a.avi', 'walk/a.avi', 'run/a.mp4', 'b.avi', 'x/b.avi')
    videos = lists.index_videos(str(tmp_path))

    def find(name, action):
        return lists.find(lists.ActionVideo(name, action, 0), videos)

    assert find('a.avi', 'walk').endswith('walk/a.avi')
    assert find('a.avi', 'run').endswith('run/a.avi')
    assert find('c.avi', 'run') is None
    with pytest.raises(ValueError, match=r'run/b\.avi may be'):
        find('b.avi', 'run')
