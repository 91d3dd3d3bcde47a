"""Annotation files come back as they were written, and say what is wrong."""

import pytest

from avts_mm.media.annotation import read_records, write_records

RECORDS = [
    dict(
        video='a b/ü, 1.mp4',
        audio='a b/ü, 1.wav',
        start=0.119,
        duration=9.881,
        label=3,
        source='raw/1.avi',
        prepared_bytes=123456,
    ),
    dict(video='b.mp4', audio='', start=0.0, duration=2.0, label=-1),
]


def write(path, text, encoding='utf-8'):
    path.write_bytes(text.encode(encoding))
    return str(path)


def test_round_trip(tmp_path):
    path = tmp_path / 'new' / 'train.csv'
    write_records(path, RECORDS)
    assert read_records(path) == [RECORDS[0], dict(RECORDS[1], source='')]
    lines = path.read_text(encoding='utf-8').splitlines()
    assert lines[0] == (
        'video,audio,start,duration,label,source,prepared_bytes'
    )
    assert lines[1].endswith(',3,raw/1.avi,123456')
    assert lines[2] == 'b.mp4,,0.0,2.0,,,'


def test_replaced_at_once(tmp_path):
    path = tmp_path / 'train.csv'
    write_records(path, RECORDS)

    def broken():
        yield RECORDS[0]
        raise RuntimeError('stopped')

    with pytest.raises(RuntimeError):
        write_records(path, broken())
    with pytest.raises(ValueError, match='could not convert'):
        write_records(path, [dict(video='a.mp4', duration='long')])
    assert len(read_records(path)) == 2
    assert [p.name for p in tmp_path.iterdir()] == ['train.csv']


def test_empty_list(tmp_path):
    write_records(tmp_path / 'a.csv', [])
    assert read_records(tmp_path / 'a.csv') == []


def test_what_spreadsheets_write(tmp_path):
    path = write(
        tmp_path / 'a.csv',
        'video,duration,extra\r\n a.mp4 , 1.5 ,\r\n\r\n"b,c.mp4",2,x\r\n',
        'utf-8-sig',
    )
    assert read_records(path) == [
        dict(
            video='a.mp4',
            audio='',
            start=0.0,
            duration=1.5,
            label=-1,
            extra='',
        ),
        dict(
            video='b,c.mp4',
            audio='',
            start=0.0,
            duration=2.0,
            label=-1,
            extra='x',
        ),
    ]


@pytest.mark.parametrize(
    'text, complaint',
    [
        ('', 'header lacks video, duration'),
        ('path,duration\na.mp4,1\n', 'header lacks video'),
        ('video,duration\n,1\n', 'line 2: the video is missing'),
        ('video,duration\na,1\nb,long\n', 'line 3: duration .* .long.'),
        ('video,duration\na,nan\n', 'line 2: duration is not a number'),
        ('video,duration\na,-1\n', 'line 2: duration is negative'),
        ('video,start,duration\na,-1,2\n', 'line 2: start is negative'),
        ('video,duration,label\na,1,cat\n', 'line 2: label .* .cat.'),
        ('video,duration\na,b.mp4,1\n', 'line 2: more values than columns'),
    ],
)
def test_complaints(tmp_path, text, complaint):
    path = write(tmp_path / 'a.csv', text)
    with pytest.raises(ValueError, match=complaint) as caught:
        read_records(path)
    assert path in str(caught.value)


def test_not_text(tmp_path):
    path = tmp_path / 'a.csv'
    path.write_bytes(b'video,duration\n\xff\xfe\x00,1\n')
    with pytest.raises(ValueError, match='not text in UTF-8'):
        read_records(path)


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'prepare_av\.py'):
        read_records(tmp_path / 'none.csv')
