"""Faces followed from cut to cut."""

import numpy as np
import pytest
from talking_face import face_picture, no_face

from avts_mm.media.face_tracks import EVERY, follow_faces
from avts_mm.media.faces import Face, FaceFinder


@pytest.fixture(scope='module')
def find():
    return FaceFinder()


def test_shots(find):
    """A face, a cup, two faces."""
    one, cup = face_picture(), no_face()
    two = np.hstack([one[:, ::-1], one])
    cup = np.hstack([cup, cup])
    lone = np.hstack([one, np.full_like(one, 90)])
    tracks, motion = follow_faces([lone] * 33 + [cup] * 20 + [two] * 25, find)
    spans = [(track.begin, len(track.mouths)) for track in tracks]
    assert spans == [(0, 33), (53, 25), (53, 25)]
    assert np.flatnonzero(np.isnan(motion)).tolist() == [0, 33, 53]
    assert np.nanmax(motion) == 0
    assert tracks[0].mouths.shape == (33, 48, 64, 3)
    assert tracks[0].box == pytest.approx([0.17, 0.22, 0.34, 0.7], abs=0.03)
    assert {track.box[0] > 0.5 for track in tracks[1:]} == {False, True}
    assert max(tracks[0].portrait.shape) == 160 or tracks[0].portrait.size
    assert len(follow_faces([lone] * 33, find, least=34)[0]) == 0


def test_a_face_that_moves_stays_in_its_place(find):
    """Cut anew in each picture, however it moves."""
    wide = np.full((256, 400, 3), 90, np.uint8)
    pictures = []
    for step in range(40):
        picture = wide.copy()
        picture[:, 2 * step : 2 * step + 256] = face_picture()
        pictures.append(picture)
    ((track,), motion) = follow_faces(pictures, find)
    inside = track.mouths[8:-8].astype(int)
    assert np.abs(inside - inside[0]).mean() < 5
    assert motion[1:].min() > 0


def test_a_face_missed_for_a_moment_goes_on():
    box = np.array([10.0, 10, 50, 60])
    face = Face(0.9, box, np.array([30.0, 25]), np.array([30.0, 45]))
    looks = iter([[face], [], [face], [], [], [], []])
    picture = np.zeros((80, 80, 3), np.uint8)
    pictures = [picture] * (7 * EVERY)
    tracks, _ = follow_faces(pictures, lambda picture: next(looks))
    # It ends where it was seen last.
    spans = [(track.begin, len(track.mouths)) for track in tracks]
    assert spans == [(0, 2 * EVERY + 1)]


def test_no_pictures():
    tracks, motion = follow_faces([], None)
    assert tracks == [] and len(motion) == 0
