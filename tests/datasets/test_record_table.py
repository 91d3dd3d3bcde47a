"""The columnar reader of annotation files."""

import tracemalloc

import numpy as np
import pytest

from avts_mm.datasets.record_table import PackedStrings, read_record_table
from avts_mm.media.annotation import read_records, write_records

RECORDS = [
    dict(video='a.mp4', audio='a.wav', start=0.0, duration=3.0, label=2),
    dict(video='ü/b, c.mp4', audio='', start=0.25, duration=10.5, label=-1),
    dict(video='a.mp4', audio='a.wav', start=4.0, duration=2.0, label=-1),
]
SIZES = [2**33, 0, 17]


@pytest.fixture
def ann_file(tmp_path):
    path = tmp_path / 'train.csv'
    sizes = [dict(prepared_bytes=size) if size else {} for size in SIZES]
    write_records(path, [a | b for a, b in zip(RECORDS, sizes)])
    return path


def as_dicts(table):
    return [
        dict(
            video=table.video[i],
            audio=table.audio[i],
            start=table.start[i],
            duration=table.duration[i],
            label=table.label[i],
        )
        for i in range(len(table))
    ]


def test_columns(ann_file):
    table = read_record_table(ann_file)
    assert as_dicts(table) == RECORDS
    assert table.prepared_bytes.tolist() == SIZES
    assert table.prepared_bytes.dtype == np.int64
    assert table.video[-1] == 'a.mp4'
    assert table.audio.lengths().tolist() == [5, 0, 5]
    ids = table.video_ids
    assert ids[0] == ids[2] != ids[1]
    with pytest.raises(IndexError):
        table.video[3]


def test_take(ann_file):
    table = read_record_table(ann_file)
    taken = table.take(np.array([1, 0]))
    assert as_dicts(taken) == [RECORDS[1], RECORDS[0]]
    assert taken.prepared_bytes.tolist() == [0, 2**33]
    assert len(table.take(np.array([], int))) == 0


def test_take_of_many():
    rng = np.random.default_rng(0)
    lengths = rng.integers(0, 100, 100_000)
    data = rng.integers(97, 123, lengths.sum()).astype(np.uint8)
    strings = PackedStrings(data, np.cumsum(lengths))
    index = rng.permutation(len(lengths))[:90_000]
    tracemalloc.start()
    try:
        taken = strings.take(index)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # Ends and lengths aside, not much more than the strings themselves.
    assert peak < 5 * data.nbytes
    for place in (0, 1, 8191, 8192, 8193, 89_999):
        assert taken[place] == strings[index[place]]
    assert len(taken) == 90_000
    assert taken.lengths().tolist() == lengths[index].tolist()


@pytest.mark.parametrize(
    'text',
    [
        'duration,video\n3,x.mp4\n',
        '\ufeffvideo,duration\nx.mp4,3\n',
        'video,audio,start,duration,label,split\n x.mp4 ,,, 3,,val\n\n',
        'video,audio,start,duration,label\nx.mp4,,0,3\n',
    ],
)
def test_agrees_with_the_reference(tmp_path, text):
    path = tmp_path / 'a.csv'
    path.write_text(text, encoding='utf-8')
    table = as_dicts(read_record_table(path))
    assert table == [
        dict(video='x.mp4', audio='', start=0, duration=3, label=-1)
    ]
    assert read_record_table(path).prepared_bytes.tolist() == [0]
    (record,) = read_records(path)
    assert {key: record[key] for key in table[0]} == table[0]


@pytest.mark.parametrize(
    'text, message',
    [
        ('', 'line 0: the header lacks video, duration'),
        ('video,audio\n', 'line 1: the header lacks duration'),
        ('video,duration\na,3\n,3\n', 'line 3: the video is missing'),
        ('video,duration\na,3\nb,x\n', "line 3: duration is not .* 'x'"),
        ('video,duration\na,nan\n', 'line 2: duration is not a number'),
        ('video,duration,start\na,3,-1\n', 'line 2: start is negative'),
        ('video,duration,label\na,3,x\n', 'line 2: label is not an integer'),
        ('video,duration,label\na,3,9' + '9' * 30, 'label is not an integer'),
        ('video,duration,prepared_bytes\na,3,1.5', 'prepared_bytes is not'),
        ('video,duration\na,b,3\n', 'line 2: more values than columns'),
    ],
)
def test_malformed(tmp_path, text, message):
    path = tmp_path / 'bad.csv'
    path.write_text(text)
    with pytest.raises(ValueError, match=message) as error:
        read_record_table(path)
    assert str(path) in str(error.value)


def test_not_text(tmp_path):
    path = tmp_path / 'bad.csv'
    path.write_bytes(b'video,duration\n\xff\xfe\x00,3\n')
    with pytest.raises(ValueError, match='UTF-8'):
        read_record_table(path)


def test_missing(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'prepare_av\.py'):
        read_record_table(tmp_path / 'none.csv')
    with pytest.raises(FileNotFoundError, match='no such annotation'):
        read_record_table(tmp_path)
