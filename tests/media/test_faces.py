"""Faces in pictures, and mouths cut out of them."""

import cv2
import numpy as np
import pytest
from talking_face import BOX, EYES, MOUTH, face_picture, no_face

from avts_mm.media.faces import FaceFinder, cut_mouth, overlap, shrink


@pytest.fixture(scope='module')
def find():
    return FaceFinder()


@pytest.mark.parametrize('scale', [0.3, 1.0, 4.0])
def test_a_face_is_found_at_any_size(find, scale):
    picture = cv2.resize(face_picture(), None, fx=scale, fy=scale)
    (face,) = find(picture)
    assert overlap(face.box / scale, np.array(BOX)) > 0.8
    assert np.allclose(face.eyes / scale, EYES, atol=3)
    assert np.allclose(face.mouth / scale, MOUTH, atol=3)
    assert 0.5 <= face.score <= 1


def test_largest_first_and_none(find):
    assert find(no_face()) == []
    large = face_picture()
    small = np.zeros_like(large)
    small[64:192, 64:192] = cv2.resize(large, (128, 128))
    faces = find(np.hstack([small, large]))
    assert len(faces) == 2 and faces[0].box[0] > 256 > faces[1].box[0]


@pytest.mark.parametrize('scale', [0.5, 1.0, 3.0])
@pytest.mark.parametrize('turn', [0, 25])
def test_a_mouth_is_cut_alike_whatever_its_size_and_turn(scale, turn):
    matrix = cv2.getRotationMatrix2D((128, 128), turn, scale)
    size = round(256 * scale), round(256 * scale)
    matrix[:, 2] += np.array(size) / 2 - 128
    picture = cv2.warpAffine(face_picture(), matrix, size)
    eyes, mouth = (matrix @ [*point, 1] for point in (EYES, MOUTH))
    cut = cut_mouth(picture, eyes, mouth)
    plain = cut_mouth(face_picture(), EYES, MOUTH)
    assert cut.shape == (48, 64, 3) and cut.dtype == np.uint8
    assert np.abs(cut.astype(int) - plain).mean() < 6


def test_where_a_mouth_is_cut():
    """As wide as 1.64 times from eyes to mouth, its middle a bit below."""
    picture = np.zeros((200, 200, 3), np.uint8)
    picture[100:, 100:] = 255  # a corner at the middle that is expected
    eyes, mouth = np.array([100.0, 56.6]), np.array([100.0, 96.6])
    cut = cut_mouth(picture, eyes, mouth)[..., 0]
    assert abs(cut[:, 60].astype(int) - 128).argmin() in (23, 24)
    assert abs(cut[44].astype(int) - 128).argmin() in (31, 32)


def test_small_things():
    assert overlap(np.array([0, 0, 2, 2]), np.array([1, 0, 3, 2])) == 1 / 3
    assert overlap(np.array([0, 0, 1, 1]), np.array([2, 2, 3, 3])) == 0
    picture = no_face()
    assert shrink(picture, 1.5) is picture
    assert shrink(picture, 0.25).shape == (64, 64, 3)
