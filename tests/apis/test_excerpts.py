"""Which parts of a long film are looked at."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from talking_face import face_embedder, known_faces, talking

from avts_mm.apis import excerpts, faces, find_offset
from avts_mm.apis.excerpts import choose_excerpts

LENGTH = 3600.0


class LongFilm:
    """An hour: somebody is seen from minute 30 on, heard until minute 40."""

    seconds, seekable, name = LENGTH, True, 'long'

    def pictures(self, step, begin=0.0):
        yield np.full((10, 10, 3), 255 * (begin >= 1800), np.uint8)

    def sound(self, start, seconds, rate):
        return np.full(round(seconds * rate), 0.1 * (start < 2400))


def find(picture):
    face = SimpleNamespace(box=np.array([0, 0, 5, 5]))
    return [face] if picture.mean() > 128 else []


def test_where_somebody_is_seen_and_heard():
    spans = choose_excerpts(LongFilm(), find)
    assert spans == sorted(spans) and len(spans) == 12
    assert {end - begin for begin, end in spans} == {20.0}
    assert {begin % 20 for begin, _ in spans} == {0.0}  # as segments do
    good = [begin for begin, _ in spans if 1800 <= begin < 2400]
    assert len(good) == 6  # all that were tried there
    # The rest lies far apart.
    assert max(np.diff([begin for begin, _ in spans])) < LENGTH / 3


def test_nobody_at_all_and_short_films():
    begins = [begin for begin, _ in choose_excerpts(LongFilm(), lambda p: [])]
    assert len(begins) == 12 and min(np.diff(begins)) > LENGTH / 20
    film = LongFilm()
    film.seekable = False
    assert choose_excerpts(film, find) == [(0.0, math.inf)]
    film.seekable, film.seconds = True, 600.0
    assert choose_excerpts(film, find) == [(0.0, math.inf)]


@pytest.mark.parametrize('whole', [False, True])
def test_a_long_film(monkeypatch, whole):
    monkeypatch.setattr(faces, 'FaceFinder', lambda: known_faces)
    # Clicks leave little to compare.
    monkeypatch.setattr(faces, 'TOLD', {})
    monkeypatch.setattr(excerpts, 'LONG', 10)
    monkeypatch.setattr(excerpts, 'EXCERPT', 4.0)
    monkeypatch.setattr(excerpts, 'EXCERPTS', 2)
    events = np.cumsum(np.tile((9, 22, 13, 26, 5, 24), 4))
    film = talking(events.tolist(), 16, 0.2)
    found = find_offset(face_embedder(), film, 1.0, whole=whole)
    assert found.offset == pytest.approx(0.2, abs=0.02)
    assert len(found.excerpts) == (0 if whole else 2)
    seen = sum(face.end - face.begin for face in found.faces)
    assert seen == (16 if whole else 8)
