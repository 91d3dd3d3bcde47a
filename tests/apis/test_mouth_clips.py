"""Embeddings of the clips that begin at each step."""

import numpy as np
import pytest
from talking_face import face_embedder, known_faces, talking

from avts_mm.apis.mouth_clips import embed_mouths, embed_sounds
from avts_mm.media.face_tracks import follow_faces

EVENTS = (9, 31)


@pytest.fixture(scope='module')
def mouths():
    pictures = talking(EVENTS, 2).pictures(0.04)
    ((track,), _) = follow_faces(pictures, known_faces)
    return track.mouths


def test_mouths(mouths):
    video = embed_mouths(face_embedder(), mouths, 7)
    assert video.shape == (46, 5)
    # Nothing moves but around the flashes, five pictures long.
    known = np.flatnonzero(np.isfinite(video[:, 0]))
    assert {5, 9, 12, 31} <= set(known) and not {2, 20, 40} & set(known)
    assert video[7].tolist() == [0, 0, 1, 0, 0]
    sparse = embed_mouths(face_embedder(stride=2), mouths, 7)
    assert np.isfinite(sparse[7]).all() and np.isnan(sparse[8]).all()
    nothing = embed_mouths(face_embedder(), mouths[20:28], 0)
    assert nothing.shape[0] == 4 and np.isnan(nothing).all()


def test_sounds():
    audio, loudness = embed_sounds(face_embedder(), talking(EVENTS, 2), -4, 50)
    assert audio.shape == (50, 5) and loudness.shape == (50,)
    assert np.isnan(loudness[:4]).all() and np.isfinite(loudness[4:]).all()
    assert np.isnan(audio[:4]).all()  # before the film
    assert audio[7 + 4].tolist() == [0, 0, 1, 0, 0]
