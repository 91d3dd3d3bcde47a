"""Files of lists, looked at by their heads."""

import shutil

import pytest
from media_files import render

from avts_mm.media import MediaError, extract_sound
from avts_mm.media.look import look_at, look_at_all


@pytest.fixture(scope='module')
def files(tmp_path_factory):
    root = tmp_path_factory.mktemp('files')
    render(root / 'good.mp4', seconds=2, events=(12,))
    render(root / 'good.avi', seconds=2, events=(12,), audio='pcm_s16le')
    render(root / 'mute.mkv', seconds=2, events=(12,), audio=None)
    render(root / 'sound.mka', video=None, audio='flac', events=())
    moov = dict(container_options=dict(movflags='faststart'))
    render(root / 'front.mp4', seconds=2, events=(12,), **moov)
    extract_sound(str(root / 'good.mp4'), str(root / 'good.wav'))
    data = (root / 'front.mp4').read_bytes()
    (root / 'cut.mp4').write_bytes(data[: len(data) // 2])
    (root / 'text.mp4').write_text('hello')
    (root / 'empty.mp4').touch()
    return root


def reason(files, *job):
    names = [str(files / x) if isinstance(x, str) and x else x for x in job]
    (error,) = look_at_all([tuple(names)])
    return error and error.reason


@pytest.mark.parametrize(
    'job',
    [
        ('good.mp4', 'good.mp4', 2.0),
        ('good.mp4', 'good.wav', 2.0),
        ('front.mp4',),
        ('good.avi', 'good.avi', 2.0),
        ('mute.mkv',),
    ],
)
def test_good(files, job):
    assert reason(files, *job) is None


@pytest.mark.parametrize(
    'job, why',
    [
        (('gone.mp4', 'gone.mp4', 1.0), 'missing'),
        (('good.mp4', 'gone.wav', 1.0), 'missing'),
        (('empty.mp4', '', 0.0), 'empty'),
        (('text.mp4', '', 0.0), 'undecodable'),
        (('cut.mp4', '', 0.0), 'undecodable'),
        (('sound.mka', 'sound.mka', 1.0), 'no_video'),
        (('mute.mkv', 'mute.mkv', 1.0), 'no_audio'),
        (('good.mp4', 'mute.mkv', 1.0), 'no_audio'),
        (('good.mp4', 'good.mp4', 3.0), 'too_short'),
        (('good.mp4', 'good.wav', 2.6), 'too_short'),
    ],
)
def test_bad(files, job, why):
    assert reason(files, *job) == why


def test_prepared_files_need_no_look(files, tmp_path):
    path = shutil.copy(files / 'text.mp4', tmp_path)
    look_at(path, prepared_bytes=5)
    with pytest.raises(MediaError, match=r'text\.mp4'):
        look_at(path, prepared_bytes=6)
