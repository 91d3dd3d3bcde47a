"""Offsets by the faces of a film, or else by motion and loudness."""

import numpy as np
import pytest
from talking_face import (
    face_embedder,
    face_picture,
    known_faces,
    no_face,
    talking,
    with_clicks,
)

from avts_mm.apis import faces, find_offset

EVENTS = (9, 31, 40, 66, 71, 95, 118, 140)
OTHERS = (5, 17, 24, 46, 57, 80, 88, 104, 127, 133)


@pytest.fixture(scope='module')
def embedder():
    return face_embedder()


@pytest.fixture(autouse=True)
def quick_finder(monkeypatch):
    """The real one is tested where it is."""
    monkeypatch.setattr(faces, 'FaceFinder', lambda: known_faces)
    # Clicks leave little to compare.
    monkeypatch.setattr(faces, 'TOLD', {})


def bright(events) -> set:
    return {event + k for event in events for k in range(3)}


@pytest.mark.parametrize('late', [0.0, 0.24, -0.4])
def test_by_a_face(embedder, late):
    told = []
    found = find_offset(embedder, talking(EVENTS, 6, late), 1.0, told.append)
    assert found.found_by == 'faces' and found.excerpts == []
    assert found.offset == pytest.approx(late, abs=0.02)
    (face,) = found.faces
    assert (face.begin, face.end) == (0, 6)
    assert face.box == pytest.approx([0.33, 0.23, 0.68, 0.7], abs=0.04)
    assert face.portrait.ndim == 3
    spoken = sum(end - begin for begin, end in face.spoke)
    assert spoken > 3
    assert told == [1, 2, 3, 4, 5, 6]


def test_parts_and_strides_give_the_same(embedder, monkeypatch):
    film = talking(EVENTS, 6, 0.24)
    whole = find_offset(embedder, film, 1.0)
    monkeypatch.setattr(faces, 'PART', 60)
    parts = find_offset(embedder, film, 1.0)
    assert len(parts.faces) == 3
    assert parts.offset == pytest.approx(whole.offset, abs=0.01)
    sparse = find_offset(face_embedder(stride=2), film, 1.0)
    assert sparse.offset == pytest.approx(whole.offset, abs=0.02)


def test_two_people(embedder):
    """One moves the lips to something else."""
    on, off = face_picture(True), face_picture()
    this, that = bright(EVENTS), bright(OTHERS)
    pictures = [
        np.hstack([(off, on)[k in that], (off, on)[k in this]])
        for k in range(150)
    ]
    found = find_offset(
        embedder, with_clicks(np.stack(pictures), EVENTS, 0.2), 1.0
    )
    assert found.found_by == 'faces'
    assert found.offset == pytest.approx(0.2, abs=0.02)
    left, right = sorted(found.faces, key=lambda face: face.box[0])
    heard = [sum(e - b for b, e in face.spoke) for face in (left, right)]
    assert heard[0] < heard[1] / 3 and heard[1] > 3


def test_who_speaks_after_a_cut(embedder):
    """The first three seconds one, then the other."""
    on, off = face_picture(True), face_picture()
    flashes = bright(EVENTS)
    blank = np.full_like(off, 90)
    pictures = []
    for k in range(150):
        mouth = on if k in flashes else off
        shots = (mouth, blank) if k < 75 else (blank, mouth)
        pictures.append(np.hstack(shots))
    found = find_offset(embedder, with_clicks(np.stack(pictures), EVENTS), 1.0)
    assert found.offset == pytest.approx(0, abs=0.02)
    first, second = found.faces
    assert first.box[2] < 0.5 < second.box[0]
    assert max(end for _, end in first.spoke) <= 3.0
    assert min(begin for begin, _ in second.spoke) >= 3.0


def test_by_motion(embedder):
    """Without a face it is the picture that moves."""
    cup = np.minimum(no_face(), 230)
    flash = cup + 20
    flashes = bright(EVENTS)
    pictures = [flash if k in flashes else cup for k in range(150)]
    film = with_clicks(np.stack(pictures), EVENTS, 0.2)
    found = find_offset(embedder, film, 1.0, min_confidence=0, min_clarity=0)
    assert found.found_by == 'motion' and found.faces == []
    # A flash differs from the picture before it at its begin and its end.
    assert found.offset == pytest.approx(0.2, abs=0.08)


def test_cannot_tell(embedder):
    rng = np.random.default_rng(0)
    cup = np.stack([no_face()] * 75)
    assert find_offset(embedder, with_clicks(cup, (9, 31)), 1.0).reason == (
        'still'
    )
    noise = cup.copy()
    noise[:, ::2, ::2] = rng.integers(0, 255, noise[:, ::2, ::2].shape)
    found = find_offset(embedder, with_clicks(noise, EVENTS[:4]), 1.0)
    assert found.reason == 'no_face' and found.faces == []
    assert found.describe().startswith('Cannot tell: no face is seen')
    silent = with_clicks(noise, ())
    silent._audio *= 0
    assert find_offset(embedder, silent, 1.0).reason == 'silent'
    short = with_clicks(noise[:8], (2,))
    assert find_offset(embedder, short, 0.2).reason == 'too_short'
    # A face that does not speak, and whose clicks are no help.
    mute = np.stack([face_picture()] * 75)
    found = find_offset(embedder, with_clicks(mute, EVENTS[:4]), 1.0)
    assert found.offset is None and len(found.faces) == 1
    assert found.faces[0].spoke == []
