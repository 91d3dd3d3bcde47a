"""Lists of recordings, their sound, and the clips they are cut into."""

import numpy as np
import pytest
from media_files import render

from avts_mm.datasets.recordings import (
    Recording,
    audible,
    clip_starts,
    load_recording,
    read_recordings,
    write_recordings,
)
from avts_mm.media import MediaError


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


@pytest.mark.parametrize(
    'name, encoder',
    [('a.flac', 'flac'), ('a.wav', 'pcm_s16le'), ('a.mkv', 'flac')],
)
def test_all_of_a_recording_is_loaded(tmp_path, name, encoder):
    truth = render(
        tmp_path / name,
        video='libx264' if name.endswith('mkv') else None,
        audio=encoder,
        seconds=2,
        events=(12, 27),
        rate=44100,
    )
    sound = load_recording(truth.path, 16000)
    assert sound.dtype == np.float32
    assert len(sound) == pytest.approx(32000, abs=20)
    assert not sound.flags.writeable
    loud = np.flatnonzero(np.abs(sound) > 0.1 * np.abs(sound).max())
    assert loud[0] / 16000 == pytest.approx(12 / 25, abs=0.002)
    assert load_recording(truth.path, 16000) is sound


def test_a_changed_recording_is_read_again(tmp_path):
    def sound_of(seconds):
        path = render(
            tmp_path / 'a.flac',
            video=None,
            audio='flac',
            seconds=seconds,
            events=(12,),
        ).path
        return load_recording(path, 16000)

    assert len(sound_of(3)) > 1.4 * len(sound_of(2))


def test_unreadable_recordings(tmp_path):
    with pytest.raises(MediaError, match='no such file'):
        load_recording(str(tmp_path / 'none.ogg'), 16000)
    path = render(tmp_path / 'a.mp4', audio=None).path
    with pytest.raises(MediaError, match='no sound'):
        load_recording(path, 16000)


@pytest.mark.parametrize(
    'length, clip, hop, starts',
    [
        (100, 100, 50, [0]),
        (30, 100, 50, [0]),  # shorter than a clip
        (200, 100, 50, [0, 50, 100]),
        (208, 100, 50, [0, 50, 100]),  # a twelfth is left over
        (230, 100, 50, [0, 50, 100, 130]),
        (500, 100, 200, [0, 200, 400]),
    ],
)
def test_starts_of_clips(length, clip, hop, starts):
    assert clip_starts(length, clip, hop).tolist() == starts


def test_silence_is_found_but_one_clip_stays():
    sound = np.zeros(100, np.float32)
    sound[30] = 0.5
    starts = np.arange(0, 100, 20)
    heard = audible(sound, starts, 20, 1e-4)
    assert heard.tolist() == [False, True, False, False, False]
    assert audible(0 * sound, starts, 20, 1e-4).sum() == 1
    assert audible(1e-6 * sound, starts, 20, 1e-4).argmax() == 1
