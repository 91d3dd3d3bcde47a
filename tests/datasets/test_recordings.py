"""Lists of recordings."""

import pytest

from avts_mm.datasets.recordings import (
    Recording,
    check_copies,
    read_recordings,
    write_recordings,
)


def test_lists_are_written_and_read(tmp_path):
    path = tmp_path / 'new' / 'annotation.csv'
    recordings = [
        Recording('a/1, x.wav', 0, 1, 'y', 'Dog bark'),
        Recording('b.ogg', 12, 0, 'b.ogg', ''),
    ]
    write_recordings(path, recordings)
    assert read_recordings(path) == recordings
    assert [p.name for p in path.parent.iterdir()] == ['annotation.csv']


def test_source_is_the_recording_itself_unless_told(tmp_path):
    path = tmp_path / 'a.csv'
    path.write_text('fold,audio,label\n2,x.wav,1\n')
    assert read_recordings(path) == [Recording('x.wav', 1, 2, 'x.wav', '')]


@pytest.mark.parametrize(
    'text, message',
    [
        ('audio,label\nx,1\n', 'lacks fold'),
        ('', 'lacks audio, label, fold'),
        ('audio,label,fold\n', 'lists no recordings'),
        ('audio,label,fold\nx,1,1\ny,-1,1\n', "line 3: label .* not '-1'"),
        ('audio,label,fold\nx,1,train\n', "line 2: fold .* not 'train'"),
        ('audio,label,fold\nx,1\n', "line 2: fold .* not ''"),
        ('audio,label,fold\n,1,1\n', 'line 2: the audio is missing'),
        ('audio,label,fold\nx,1,1\nx,1,1\n', 'line 3: x is listed already'),
        (
            'audio,label,fold,source\nx,1,1,s\ny,0,1,\nz,1,2,s\n',
            r'x and z are from one source \(s\) but in the folds 1 and 2',
        ),
    ],
)
def test_bad_lists(tmp_path, text, message):
    path = tmp_path / 'list.csv'
    path.write_text(text)
    with pytest.raises(ValueError, match=message) as error:
        read_recordings(path)
    assert 'list.csv' in str(error.value)


def test_no_list(tmp_path):
    with pytest.raises(FileNotFoundError, match='tools/data/esc50'):
        read_recordings(tmp_path / 'none.csv')


def test_copies_are_refused_in_several_folds(tmp_path):
    names = {'a.wav': b'x', 'b.wav': b'y', 'copy of a.wav': b'x'}
    for name, data in names.items():
        (tmp_path / name).write_bytes(data)
    paths = [str(tmp_path / name) for name in names]
    found = [Recording(p, 0, f, p, '') for p, f in zip(paths, (1, 2, 1))]
    check_copies(found, 'list.csv')
    found[2] = found[2]._replace(fold=2)
    message = r'a\.wav and .*copy of a\.wav are the same.*folds 1 and 2.*list'
    with pytest.raises(ValueError, match=message):
        check_copies(found, 'list.csv')
