"""Files that cannot be read say so, with the right code."""

import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from media_files import read_number, render, truncate

from avts_mm.media import MediaError, open_audio, open_video, probe

CLIP = (np.arange(25) + 0.5) / 25


def pictures(path, start=0.0):
    with open_video(path) as reader:
        return reader.frames(start + CLIP)


def streamed(path):
    with open_video(path) as reader:
        return [read_number(image) for image in reader.stream(0.0, 0.04)]


def sound(path, start=0.0):
    with open_audio(path) as reader:
        return reader.read(start, 1.0, 16000)


def reason(function, *args):
    with pytest.raises(MediaError) as caught:
        function(*args)
    assert str(args[0]) in str(caught.value)
    assert '0x' not in str(caught.value)
    assert len(str(caught.value)) < 500
    return caught.value.reason


def write(path, content):
    path.write_bytes(content)
    return str(path)


@pytest.mark.parametrize('ending', ['mp4', 'avi', 'mkv', 'txt', 'wav'])
def test_not_media(tmp_path, ending):
    # FFmpeg takes 5 kB of it for speech without a header.
    page = b'<html>404 not found</html>\n' * 200
    page = write(tmp_path / f'a.{ending}', page)
    noise = np.random.default_rng(0).integers(0, 256, 9999, np.uint8)
    noise = write(tmp_path / f'b.{ending}', noise.tobytes())
    empty = write(tmp_path / f'c.{ending}', b'')
    missing = str(tmp_path / f'd.{ending}')
    for function in (probe, pictures, sound):
        assert reason(function, page) == 'undecodable'
        assert reason(function, noise) == 'undecodable'
        assert reason(function, empty) == 'empty'
        assert reason(function, missing) == 'missing'
        assert reason(function, str(tmp_path)) == 'undecodable'


@pytest.mark.parametrize('ending', ['mp4', 'wav'])
def test_what_would_be_waited_for(tmp_path, ending):
    path = str(tmp_path / f'a.{ending}')
    os.mkfifo(path)
    for function in (probe, pictures, sound):
        assert reason(function, path) == 'undecodable'


def test_very_short(tmp_path):
    path = render(tmp_path / 'a.mp4', seconds=0.01, fps=100, events=(0,)).path
    assert probe(path).common_span[1] == pytest.approx(0.01, abs=2e-3)
    assert reason(pictures, path) == 'too_short'
    assert reason(sound, path) == 'too_short'


@pytest.mark.parametrize('ending', ['mp4', 'mkv', 'ts'])
def test_cut_off(tmp_path, ending):
    whole = render(
        tmp_path / f'whole.{ending}',
        seconds=4,
        container_options={'movflags': 'faststart'} if ending == 'mp4' else {},
    )
    path = truncate(whole.path, 0.5, tmp_path / f'half.{ending}')
    found = [read_number(frame) for frame in pictures(path)]
    assert found == list(range(25))
    np.testing.assert_allclose(sound(path), sound(whole.path), atol=1e-6)
    if ending == 'mp4':
        assert reason(streamed, path) == 'undecodable'
    else:
        assert streamed(path) == list(range(len(streamed(path))))
        assert 40 < len(streamed(path)) < 60
    lost = 'undecodable' if ending == 'mp4' else 'too_short'
    assert reason(pictures, path, 2.5) == lost
    assert reason(sound, path, 2.5) in ('too_short', 'undecodable')


def test_garbage_in_the_middle(tmp_path):
    whole = render(
        tmp_path / 'a.mp4',
        seconds=4,
        container_options={'movflags': 'faststart'},
    )
    content = bytearray(Path(whole.path).read_bytes())
    middle = len(content) // 2
    noise = np.random.default_rng(0).integers(0, 256, 3000, np.uint8)
    content[middle : middle + 3000] = noise.tobytes()
    path = write(tmp_path / 'b.mp4', bytes(content))
    assert len(pictures(path)) == 25
    assert reason(pictures, path, 1.8) == 'undecodable'
    assert reason(sound, path, 1.8) == 'undecodable'
    assert reason(streamed, path) == 'undecodable'


def test_pictures_that_fill_the_memory(tmp_path, monkeypatch):
    path = render(tmp_path / 'a.mp4').path
    for most in (64 * 48, 64 * 48 - 1):
        monkeypatch.setattr('avts_mm.media.video_reader.MAX_PIXELS', most)
        if most == 64 * 48:
            open_video(path).close()
        else:
            assert reason(open_video, path) == 'undecodable'


def test_times_that_run_backwards(tmp_path):
    # H.264 with B-frames in ASF has decoding times only.
    path = render(tmp_path / 'a.asf', audio='libmp3lame', b_frames=2).path
    assert reason(pictures, path) == 'unsupported'


@pytest.mark.parametrize('name', ['12:30.mp4', 'ein Stück, 日本 #1%20.mp4'])
def test_names_like_protocols_or_with_unicode(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    render(tmp_path / name)
    assert len(pictures(name)) == 25
    assert len(sound(name)) == 16000


def test_errors_reach_the_main_process():
    error = MediaError('a.mp4: bad', 'a.mp4', 'no_audio')
    again = pickle.loads(pickle.dumps(error))
    assert (again.path, again.reason) == ('a.mp4', 'no_audio')
    # torch's loader calls the class with the traceback's text alone.
    assert MediaError('traceback').reason == 'undecodable'


@pytest.mark.skipif(
    not os.path.isdir('/proc/self/fd'), reason='needs /proc to count'
)
def test_no_file_stays_open(tmp_path):
    good = render(tmp_path / 'a.mp4').path
    bad = write(tmp_path / 'b.mp4', b'text' * 99)

    def use():
        pictures(good)
        with pytest.raises(MediaError):
            pictures(good, 9.0)
        with pytest.raises(MediaError):
            pictures(bad)
        sound(good)
        with pytest.raises(MediaError):
            sound(good, 9.0)

    use()
    before = len(os.listdir('/proc/self/fd'))
    use()
    assert len(os.listdir('/proc/self/fd')) <= before
