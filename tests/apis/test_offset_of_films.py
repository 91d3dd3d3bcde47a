"""Offsets of real files, found by a model that needs no training."""

import numpy as np
import pytest
from media_files import render, soundtrack

from avts_mm.apis import ArrayFilm, FileFilm, as_film, find_offset
from avts_mm.apis.offset import ShiftedFilm
from avts_mm.media import MediaError

EVENTS = (9, 31, 40, 66, 71, 95, 118, 140)


@pytest.fixture(scope='module')
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp('film') / 'a film.mkv'
    render(path, audio='flac', seconds=6, events=EVENTS, rate=16000)
    return str(path)


def test_a_file_in_sync(embedder, path):
    film = FileFilm(path)
    assert film.seconds == pytest.approx(6, abs=0.05)
    found = find_offset(embedder, film, 1.0)
    film.close()
    assert found.offset == pytest.approx(0, abs=0.01)
    assert len(found.shifts) == 51


@pytest.mark.parametrize('late', [-0.48, 0.24])
def test_a_shift_that_is_known(embedder, path, late):
    film = ShiftedFilm(FileFilm(path), 0.0, 6.0, late)
    found = find_offset(embedder, film, 1.0)
    film.close()
    assert found.offset == pytest.approx(late, abs=0.02)


def test_an_excerpt(embedder, path):
    film = ShiftedFilm(FileFilm(path), 1.2, 4.0, 0.2)
    assert sum(1 for _ in film.pictures(0.04)) == 100
    found = find_offset(embedder, film, 0.6)
    film.close()
    assert found.offset == pytest.approx(0.2, abs=0.02)


def test_pieces_make_no_difference(embedder, path):
    found = []
    for chunk in (11, 1000):
        embedder.chunk = chunk
        film = FileFilm(path)
        pieces = list(embedder.pieces(film))
        film.close()
        assert all(len(p.video) <= chunk for p in pieces)
        found.append(
            [
                np.concatenate([getattr(p, name) for p in pieces])
                for name in ('video', 'audio', 'motion', 'loudness')
            ]
        )
    steps = 150 if embedder.by_steps else 146
    for small, large in zip(*found):
        assert len(small) == steps
        np.testing.assert_allclose(small, large, atol=1e-5)


def test_a_stride_counts_as_much(embedder, path):
    embedder.stride = 3
    film = FileFilm(path)
    # Of the clips of 2 s a third is 0.7 s.
    found = find_offset(
        embedder, ShiftedFilm(film, 0.5, 2.6, 0.2), 1.0, min_compared=1.2
    )
    film.close()
    assert found.best is not None and found.reason != 'too_little'


def test_arrays(embedder, path):
    with as_film(path)._video as reader:
        video = reader.frames((np.arange(150) + 0.5) / 25)
    late = soundtrack(np.array(EVENTS) / 25 + 0.2, 6.5, 44100)
    film = as_film(
        dict(video=video, fps=25, audio=late[:, None], sample_rate=44100)
    )
    assert find_offset(embedder, film, 1.0).offset == pytest.approx(
        0.2, abs=0.02
    )
    integers = np.int16(np.clip(late, -1, 1) * 32767)
    film = ArrayFilm(video, 25, np.stack([integers] * 2), 44100)
    assert find_offset(embedder, film, 1.0).offset == pytest.approx(
        0.2, abs=0.02
    )


def test_a_sound_that_drifts(embedder):
    rng = np.random.default_rng(0)
    events = np.cumsum(rng.integers(11, 40, 70))
    video = np.zeros((int(events[-1]) + 40, 48, 64, 3), np.uint8)
    for event in events:
        video[event : event + 3] = 255
    # The sound gets 4 ms later every second.
    sound = soundtrack(events / 25 * 1.004, len(video) / 25 * 1.01, 16000)
    found = find_offset(embedder, ArrayFilm(video, 25, sound, 16000), 1.0)
    assert found.drift == pytest.approx(0.004, abs=0.001)
    assert found.describe().startswith('The sound drifts: ')
    assert found.in_sync(10.0) is False


@pytest.mark.parametrize(
    ('change', 'reason'),
    [('still', 'still'), ('silent', 'silent'), ('short', 'too_short')],
)
def test_cannot_tell(embedder, change, reason):
    rng = np.random.default_rng(0)
    video = rng.integers(0, 256, (100, 48, 64, 3), np.uint8)
    audio = rng.normal(0, 0.1, 64000)
    if change == 'still':
        video[:] = video[0]
    elif change == 'silent':
        audio[:] = 1e-5
    else:
        video = video[:9]
    found = find_offset(embedder, ArrayFilm(video, 25, audio, 16000), 1.0)
    assert (found.offset, found.reason) == (None, reason)


def test_progress_and_range(embedder, path):
    film = FileFilm(path)
    seconds = []
    find_offset(embedder, film, 1.0, seconds.append)
    film.close()
    assert seconds == sorted(seconds) and seconds[-1] > 5.8
    with pytest.raises(ValueError, match='max_shift'):
        find_offset(embedder, film, 0.01)


@pytest.mark.parametrize('steps, most', [(300, 2.0), (100, 1.0), (2, 0.04)])
def test_a_quarter_of_a_short_film_is_searched(embedder, steps, most):
    video = np.zeros((steps, 48, 64, 3), np.uint8)
    film = ArrayFilm(video, 25, np.zeros(640 * steps), 16000)
    found = find_offset(embedder, film)
    assert found.shifts[[0, -1]] == pytest.approx([-most, most])


def test_sound_beyond_the_track_is_not_made_up(path):
    film = FileFilm(path)
    sound = film.sound(5.0, 2.0, 16000)
    film.close()
    assert len(sound) == 32000
    ends = int(np.isnan(sound).argmax())
    assert 16000 - 640 <= ends <= 16000 + 1600
    assert np.isnan(sound[ends:]).all()


def test_errors(tmp_path):
    render(tmp_path / 'mute.mp4', audio=None, seconds=1, events=())
    with pytest.raises(MediaError, match='no sound'):
        as_film(tmp_path / 'mute.mp4')
    with pytest.raises(MediaError, match='no such file'):
        as_film('nothing.mp4')
    with pytest.raises(TypeError, match='an input is a path'):
        as_film(3)
    with pytest.raises(ValueError, match='uint8'):
        ArrayFilm(np.zeros((3, 4, 4, 3)), 25, np.zeros(9), 16000)
    with pytest.raises(ValueError, match='rates'):
        ArrayFilm(np.zeros((3, 4, 4, 3), np.uint8), 0, np.zeros(9), 16000)
