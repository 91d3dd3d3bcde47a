"""Of several tracks all that reads, prepares and copies takes the same."""

import numpy as np
import pytest
from media_files import clicks, flashes, merge, multiplex, render

from avts_mm.media import (
    MediaError,
    PrepareOptions,
    open_audio,
    open_video,
    probe,
    shift_sound,
    transcode,
)

SMALL = PrepareOptions(short_side=48)
DEFAULT = 1
OTHER = (8, 35, 57)  # events of what is not meant


def assert_in_sync(path, tmp_path, events, endings):
    """As it is, prepared, and copied."""
    mp4, wav = str(tmp_path / 'o.mp4'), str(tmp_path / 'o.wav')
    transcode(path, mp4, wav, SMALL)
    pairs = [(path, path), (mp4, wav), (mp4, mp4)]
    for ending in endings:
        copy = str(tmp_path / f'copy.{ending}')
        shift_sound(path, copy, 0.0)
        pairs.append((copy, copy))
    for film, sound in pairs:
        np.testing.assert_allclose(flashes(film, events), events, atol=0.021)
        np.testing.assert_allclose(clicks(sound, events), events, atol=2e-3)


@pytest.mark.parametrize('ending', ['mp4', 'mkv'])
def test_a_thumbnail_is_not_the_film(tmp_path, ending):
    still = dict(seconds=0.04, events=(), video='mjpeg', audio=None)
    thumbnail = render(tmp_path / 'thumbnail.mp4', size=(640, 480), **still)
    film = render(tmp_path / 'film.mp4', b_frames=2)
    path = merge(
        tmp_path / f'a.{ending}',
        thumbnail,
        film,
        kinds=('video', 'audio'),
        marks=(DEFAULT, 0),
    )
    assert probe(path, scan=True).video_codec == 'h264'
    assert_in_sync(path, tmp_path, film.events, [ending])


@pytest.mark.parametrize(
    'ending, marks, width',
    [
        ('mkv', (0, DEFAULT), 64),
        ('mkv', (DEFAULT, 0), 128),
        ('mp4', (0, DEFAULT), 64),
        ('mp4', (DEFAULT, DEFAULT), 128),
        ('ts', (), 128),
    ],
)
def test_two_films(tmp_path, ending, marks, width):
    large = render(tmp_path / 'large.mp4', events=OTHER, size=(128, 96))
    film = render(tmp_path / 'film.mp4', audio=None)
    both = dict(kinds=('video',), marks=marks)
    path = merge(tmp_path / f'a.{ending}', large, film, **both)
    assert probe(path).width == width
    with open_video(path) as reader:
        assert reader.frames([0.5, 2.0]).shape[2] == width
    if width == 64:
        np.testing.assert_allclose(
            flashes(path, film.events), film.events, atol=2e-3
        )
    path = merge(tmp_path / f'b.{ending}', film, large, **both)
    if not marks:
        assert probe(path).width == width


def test_sound_of_the_same_programme(tmp_path):
    path = str(tmp_path / 'a.ts')
    radio = dict(video=None, audio='mp2', events=OTHER)
    large = dict(events=OTHER, size=(48, 32), rate=32000)
    _, film, _ = multiplex(path, radio, {}, large)
    info = probe(path, scan=True)
    assert (info.audio_codec, info.audio_tracks) == ('aac', 1)
    with pytest.raises(MediaError, match='only audio_track=0'):
        open_audio(path, audio_track=1)
    assert_in_sync(path, tmp_path, film.events, ['ts', 'mp4'])
    done = shift_sound(path, str(tmp_path / 'b.mkv'), 0.0)
    assert done.left_out == (
        'audio of another programme',
        'video of another programme',
        'audio of another programme',
    )
