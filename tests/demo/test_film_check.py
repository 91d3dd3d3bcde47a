"""demo/film_check.py: verdict and files, limits, and what is no film."""

import dataclasses
import os
import shutil
from types import SimpleNamespace

import film_check
import numpy as np
import pytest
from film_check import FilmCheck, Limits, Refused, make_example
from media_files import render
from talking_face import face_embedder, talking

from avts_mm.apis import as_film, faces, find_offset
from avts_mm.media import MediaError, probe
from avts_mm.synthetic.corpus import write_clip


@pytest.fixture
def check(infer):
    return FilmCheck(infer, Limits(max_mb=5, max_minutes=1, heat_seconds=2))


def test_a_late_film(check, late_film, tmp_path, infer):
    told = []
    found = check.analyse(
        late_film, tmp_path, lambda share, doing: told.append(share)
    )
    assert found.sentence == 'The sound is 0.24 s late.'
    assert found.in_sync is False
    assert found.offset == pytest.approx(0.24, abs=0.02)
    assert told == sorted(told) and 0 < told[0] <= told[-1] <= 1
    # Nothing else is left behind.
    files = [found.curve, found.heat_map, found.fixed]
    assert sorted(map(str, tmp_path.iterdir())) == sorted(files)
    assert os.path.basename(found.fixed) == 'die Straße, late_in_sync.mp4'
    film = as_film(found.fixed)
    again = find_offset(infer.embedder, film, 1.0).offset
    film.close()
    assert again == pytest.approx(0, abs=0.02)
    assert any('heard 0.2' in note for note in found.notes)
    heat = probe(found.heat_map)
    assert heat.video_duration == pytest.approx(2, abs=0.1)
    assert heat.audio_codec == 'aac'


def test_faces(tmp_path, monkeypatch):
    """Who spoke, instead of where in the picture it sounds."""
    film = talking((9, 31, 40, 66, 71, 95, 118, 140), 6, 0.24)
    path = tmp_path / 'talk.mp4'
    write_clip(str(path), film._video, 25, film._audio)
    monkeypatch.setattr(faces, 'TOLD', {})  # clicks are few
    check = FilmCheck(SimpleNamespace(embedder=face_embedder()))
    found = check.analyse(path, tmp_path)
    assert found.sentence == 'The sound is 0.24 s late.'
    assert os.path.getsize(found.faces) and found.heat_map is None
    assert os.path.getsize(found.fixed)


def test_in_sync(check, tmp_path):
    path = tmp_path / 'good.mp4'
    render(path, seconds=6, events=(19, 41, 50, 76, 81, 128), rate=16000)
    found = check.analyse(path, tmp_path)
    assert found.in_sync and found.fixed is None and found.heat_map
    assert found.sentence.startswith('In sync')


def test_cannot_tell(check, tmp_path):
    path = tmp_path / 'still.mp4'
    render(path, seconds=2, events=())
    found = check.analyse(path, tmp_path)
    assert found.sentence.startswith('Cannot tell')
    assert (found.in_sync, found.fixed, found.heat_map) == (None, None, None)
    assert os.path.getsize(found.curve)
    assert any('no heat map' in note for note in found.notes)


def test_a_drift_is_not_corrected(check, late_film, tmp_path, monkeypatch):
    def drifting(*args, **kwargs):
        segments = [(0, 3, 0.1, 1.0), (3, 6, 0.3, 1.0)]
        found = find_offset(*args, **kwargs)
        return dataclasses.replace(found, drift=0.05, segments=segments)

    monkeypatch.setattr(film_check, 'find_offset', drifting)
    found = check.analyse(late_film, tmp_path)
    assert found.sentence.startswith('The sound drifts') and not found.fixed
    assert any('stretched' in note for note in found.notes)


def test_copies_take_another_container(
    check, late_film, tmp_path, monkeypatch
):
    tried = []

    def fail(source, target, seconds):
        tried.append(os.path.splitext(target)[1])
        raise MediaError(f'{target}: cannot be written; do this', target)

    monkeypatch.setattr(film_check, 'shift_sound', fail)
    found = check.analyse(late_film, tmp_path)
    assert tried == ['.mp4', '.mkv'] and found.fixed is None
    (note,) = (n for n in found.notes if 'no corrected copy' in n)
    assert str(tmp_path) not in note and 'late_in_sync.mkv: cannot' in note


@pytest.mark.parametrize(
    ('limits', 'message'),
    [
        (dict(max_mb=0.001), 'takes 0.001 MB at most'),
        (dict(max_minutes=0.05), 'longer than the 0.05 min'),
        (dict(max_pixels=64 * 47), 'pictures of 64 x 48'),
    ],
)
def test_limits(infer, late_film, tmp_path, limits, message):
    check = FilmCheck(infer, Limits(**limits))
    with pytest.raises(Refused, match=f'die Straße, late.mp4 .*{message}'):
        check.analyse(late_film, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_header_that_lies(infer, late_film, tmp_path, monkeypatch):
    """The length is also counted while decoding."""

    def short(path):
        return dataclasses.replace(probe(path), video_duration=0.0)

    monkeypatch.setattr(film_check, 'probe', short)
    infer.embedder.chunk, before = 30, infer.embedder.chunk
    with pytest.raises(Refused, match='longer than'):
        FilmCheck(infer, Limits(max_minutes=0.05)).analyse(late_film, tmp_path)
    infer.embedder.chunk = before


def test_no_films(check, late_film, tmp_path):
    """Text, damage and playlists, which would have other files opened."""
    shutil.copy(late_film, tmp_path / 'secret.mp4')
    playlist = '#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXTINF:6,\nsecret.mp4\n'
    for name, text in [
        ('notes.mp4', 'no film at all\n' * 99),
        ('empty.mp4', ''),
        ('list.mp4', playlist + '#EXT-X-ENDLIST\n'),
        ('list.m3u8', playlist + '#EXT-X-ENDLIST\n'),
        ('join.mp4', "ffconcat version 1.0\nfile 'secret.mp4'\n"),
    ]:
        (tmp_path / name).write_text(text)
        with pytest.raises(Refused, match='not a film') as refused:
            check.analyse(tmp_path / name, tmp_path)
        assert str(tmp_path) not in str(refused.value)


def test_no_sound_and_no_pictures(check, tmp_path):
    render(tmp_path / 'mute.mp4', audio=None, seconds=1, events=())
    render(tmp_path / 'radio.mp4', video=None, seconds=1, events=())
    for name, what in (('mute', 'sound'), ('radio', 'pictures')):
        with pytest.raises(Refused, match=f'has no {what}') as refused:
            check.analyse(tmp_path / f'{name}.mp4', tmp_path)
        assert str(tmp_path) not in str(refused.value)


def test_example(tmp_path):
    path = make_example(str(tmp_path), seconds=2.0)
    assert [file.name for file in tmp_path.iterdir()] == [
        'example_sound_0.24_s_late.mp4'
    ]
    info = probe(path)
    late = info.audio_start - info.video_start
    assert late == pytest.approx(0.24, abs=0.07)
    assert info.video_duration == pytest.approx(2, abs=0.05)
    assert np.isfinite(late)
