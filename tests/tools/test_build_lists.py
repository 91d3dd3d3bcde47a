"""Lists of Kinetics-400, AudioSet and GRID from small made-up inputs."""

import csv
import os
import re
import wave

import pytest
from list_tools import load, touch
from media_files import render

from avts_mm.media.annotation import read_records
from avts_mm.preparation import find_sources


def rows_of(path):
    with open(path, newline='') as file:
        return list(csv.DictReader(file))


@pytest.fixture
def kinetics(tmp_path):
    (tmp_path / 'train.csv').write_text(
        'label,youtube_id,time_start,time_end,split\n'
        '"playing ""air"" drums",-aaaaaaaaaa,10,20,train\n'
        'abseiling,bb_bbbbbbb_,0,10,train\n'
        'abseiling,ccccccccccc,7,17,train\n'
        'zumba,ddddddddddd,115,125,train\n'
        'zumba,fffffffffff,3,13,train\n'
    )
    (tmp_path / 'val.csv').write_text(
        'label,youtube_id,time_start,time_end,split\n'
        'zumba,eeeeeeeeeee,30,40,validate\n'
        'ironing,ggggggggggg,1,11,validate\n'
        ',hhhhhhhhhhh,1,11,test\n'
    )
    videos = tmp_path / 'videos'
    touch(
        videos,
        'drums/-aaaaaaaaaa_000010_000020.mp4',
        'bb_bbbbbbb__0.webm',
        'ccccccccccc.mkv',
        'ddddddddddd_000007_000017.mp4',  # another segment
        'eeeeeeeeeee_30000.mp4',
        'eeeeeeeeeee.mp4',
        'hhhhhhhhhhh.jpg',
    )
    (videos / 'fffffffffff.mp4').touch()  # a download that failed
    return tmp_path


def test_kinetics(kinetics, capsys):
    out = kinetics / 'out'
    lists = [str(kinetics / name) for name in ('train.csv', 'val.csv')]
    places = ['--videos', str(kinetics / 'videos'), '--out', str(out)]
    assert load('kinetics400/build_list.py').main([*lists, *places]) == 0
    rows = rows_of(out / 'availability.csv')
    available = {row['youtube_id'][0]: row['available'] for row in rows}
    assert available == dict(zip('-bcdefgh', '11101000'))
    printed = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ['train', '5', '3', '3', '(60.0%', 'available)'] in printed
    assert ['test', '1', '0', '0', '(0.0%', 'available)'] in printed
    classes = (out / 'classes.txt').read_text().splitlines()
    assert classes == ['abseiling', 'ironing', 'playing "air" drums', 'zumba']
    sources = find_sources(list_file=str(out / 'videos.csv'))
    drums, *_, last = sources
    assert [s.start for s in sources] == [None, None, 7, None]
    assert sources[2].end == 17
    assert drums.name == 'train/-aaaaaaaaaa_000010_000020'
    assert last.name == 'val/eeeeeeeeeee_000030_000040'
    assert [s.extra['label'] for s in sources] == ['2', '0', '0', '3']
    assert drums.extra['names'] == 'playing "air" drums'
    assert last.path.endswith('eeeeeeeeeee_30000.mp4')
    assert all(os.path.isfile(s.path) for s in sources)


@pytest.mark.parametrize(
    ('lists', 'videos', 'message'),
    [
        ('val.csv', 'other', 'no video matches'),
        ('val.csv', 'empty', 'empty: holds no videos'),
        ('wrong.csv', 'videos', 'wrong.csv, line 1: .* lacks youtube_id'),
    ],
)
def test_kinetics_without_a_result(kinetics, capsys, lists, videos, message):
    touch(kinetics, 'other/holiday.mp4', 'empty/notes.txt')
    (kinetics / 'wrong.csv').write_text('label,id\na,b\n')
    places = [str(kinetics / name) for name in (lists, videos, 'out')]
    arguments = [places[0], '--videos', places[1], '--out', places[2]]
    assert load('kinetics400/build_list.py').main(arguments) == 1
    assert re.search(message, capsys.readouterr().err)


@pytest.fixture
def audioset(tmp_path):
    head = '# Segments csv created\n# num_ytids=3\n'
    head += '# YTID, start_seconds, end_seconds, positive_labels\n'
    lines = [
        f'--{n:09d}, {n * 10:.3f}, {n * 10 + 10:.3f}, "/m/068hy,/t/dd{n}"\n'
        for n in range(40)
    ]
    (tmp_path / 'train.csv').write_text(head + ''.join(lines))
    (tmp_path / 'eval.csv').write_text(
        head + 'eeeeeeeeeee, 30.000, 40.000, "/m/09x0r"\n'
        'fffffffffff, 3.500, 9.250, "/m/09x0r"\n'
    )
    videos = tmp_path / 'videos'
    touch(videos, *(f'--{n:09d}_{n * 10}.mp4' for n in range(30)))
    touch(videos, 'eeeeeeeeeee_30.000_40.000.mp4', 'fffffffffff.mp4')
    return tmp_path


def build_audioset(root, *extra):
    out = root / 'out'
    arguments = ['--train', str(root / 'train.csv')]
    arguments += ['--val', str(root / 'eval.csv'), '--out', str(out)]
    arguments += ['--videos', str(root / 'videos'), *extra]
    return load('audioset/build_list.py').main(arguments), out


def test_audioset(audioset):
    _, out = build_audioset(audioset)
    rows = rows_of(out / 'availability.csv')
    assert len(rows) == 42
    assert sum(row['available'] == '1' for row in rows) == 32
    assert rows[3]['names'] == '/m/068hy /t/dd3'
    sources = find_sources(list_file=str(out / 'videos.csv'))
    assert len(sources) == 32
    assert sources[-1].name == 'val/fffffffffff_000003.500_000009.250'
    assert (sources[-1].start, sources[-1].end) == (3.5, 9.25)
    assert sources[-1].extra['split'] == 'val'


def test_audioset_draw(audioset, capsys):
    def drawn(*extra):
        code, out = build_audioset(audioset, *extra)
        assert code == 0
        assert len(rows_of(out / 'availability.csv')) == 42
        return [r['name'] for r in rows_of(out / 'videos.csv')]

    ten, twenty = drawn('--number', '10'), drawn('--number', '20')
    assert len(ten) == 12 and len(twenty) == 22  # val is kept whole
    assert set(ten) < set(twenty)
    assert drawn('--number', '10') == ten
    assert drawn('--number', '10', '--seed', '1') != ten
    assert build_audioset(audioset, '--number', '31')[0] == 1
    assert 'only 30 are available' in capsys.readouterr().err


def test_audioset_with_a_wrong_list(audioset, capsys):
    (audioset / 'train.csv').write_text('# YTID\nabc, 1, 2\n')
    assert build_audioset(audioset)[0] == 1
    assert 'train.csv, line 2' in capsys.readouterr().err


@pytest.fixture
def grid(tmp_path):
    root = tmp_path / 'grid'
    (root / 's1').mkdir(parents=True)
    clip = dict(seconds=2, events=(12,))
    for name in ('bbaf2n', 'notgrd', 'pgbx9p'):
        path = root / 's1' / f'{name}.mkv'
        render(path, audio='flac', audio_start=0.1, **clip)
    render(root / 's1' / 'sgwazn.mkv', audio=None, **clip)
    return root


def test_grid_by_names(grid, tmp_path, capsys):
    out = tmp_path / 'out'
    tool = load('build_grid_lists.py')
    assert tool.sentence_of('bbaf2n') == 'bin blue at f two now'
    assert tool.sentence_of('bbaf2') is None
    assert tool.sentence_of('bbaw2n') is None  # GRID has no w
    arguments = [str(grid), '--out', str(out), '--val-share', '0.4']
    assert tool.main(arguments) == 0
    assert f'{"left out: no_audio":24s}       1' in capsys.readouterr().out
    files = sorted(out.glob('annotation_*.csv'))
    records = [record for f in files for record in read_records(str(f))]
    record, other = sorted(records, key=lambda r: r['sentence'])
    assert record['sentence'] == 'bin blue at f two now'
    assert other['sentence'] == 'place green by x nine please'
    assert (record['label'], record['command']) == (0, 'bin')
    assert os.path.isabs(record['video'])
    assert record['start'] == pytest.approx(0.1, abs=0.002)
    assert record['duration'] == pytest.approx(1.9, abs=0.03)
    with wave.open(str(out / record['audio'])) as file:
        assert file.getframerate() == 16000
        assert file.getnframes() == pytest.approx(32000, abs=400)


def test_grid_by_index(grid, tmp_path):
    (grid / 'index.csv').write_text(
        'file,split,command,sentence\n'
        's1/bbaf2n.mkv,train,bin,bin blue at f two now\n'
        's1/pgbx9p.mkv,val,place,place green by x nine please\n'
    )
    out = tmp_path / 'out'
    tool = load('build_grid_lists.py')
    assert tool.main([str(grid), '--out', str(out)]) == 0
    (train,) = read_records(str(out / 'annotation_train.csv'))
    (val,) = read_records(str(out / 'annotation_val.csv'))
    assert (train['label'], val['label']) == (0, 2)
    (command,) = read_records(str(out / 'command_val.csv'))
    assert (command['start'], command['label']) == (0.2, 2)
    assert command['duration'] == pytest.approx(1.1)
    (letter,) = read_records(str(out / 'letter_train.csv'))
    assert (letter['start'], letter['label']) == (0.8, 5)  # f
    (letter,) = read_records(str(out / 'letter_val.csv'))
    assert letter['label'] == 22  # x, since there is no w
    # The video ends before the digit does.
    assert read_records(str(out / 'digit_val.csv')) == []
    wav = out / val['audio']
    before = wav.stat().st_mtime_ns
    assert tool.main([str(grid), '--out', str(out)]) == 0
    assert wav.stat().st_mtime_ns == before


def test_grid_words():
    tool = load('build_grid_lists.py')
    record = dict(video='a.mkv', start=0.0, duration=3.0, label=1)
    record['sentence'] = 'lay blue at y two now'
    labels = {
        word: [part['label'] for part in tool.parts_with(word, [record])]
        for word in tool.WORDS
    }
    assert labels == dict(command=[1], letter=[23], digit=[2])
    unknown = dict(record, sentence='')
    assert list(tool.parts_with('digit', [unknown])) == []
    wrong = dict(record, sentence='lay blue at y ten now')
    with pytest.raises(ValueError, match=r"a\.mkv: no digit in 'lay .* ten"):
        list(tool.parts_with('digit', [wrong]))


def test_grid_without_videos(tmp_path, capsys):
    arguments = [str(tmp_path), '--out', str(tmp_path / 'out')]
    assert load('build_grid_lists.py').main(arguments) == 1
    assert 'neither an index.csv nor' in capsys.readouterr().err
