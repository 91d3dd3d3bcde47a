"""A face whose mouth flashes while a click is heard.

The face is a photograph in the public domain that scikit-image ships.
"""

import cv2
import numpy as np
from flash_and_click import FlashAndClick
from media_files import soundtrack
from mmengine import Config
from skimage import data

from avts_mm.apis import FilmEmbedder
from avts_mm.media.faces import Face
from avts_mm.media.film import ArrayFilm

SIZE = 256
BOX = 85, 58, 174, 178  # of the face, in pixels
EYES, MOUTH = np.array([129.2, 103.1]), np.array([126.4, 143.5])


def face_picture(bright: bool = False) -> np.ndarray:
    """A face, dark enough for its mouth to be ``bright``."""
    picture = (data.astronaut()[:SIZE, 96 : 96 + SIZE] * 0.35).astype(np.uint8)
    if bright:
        middle = tuple(int(x) for x in MOUTH + [0, 12])
        white = 255, 255, 255
        cv2.ellipse(picture, middle, (32, 22), 0, 0, 360, white, -1)
    return picture


def known_faces(picture: np.ndarray) -> list[Face]:
    """The faces of pictures side by side, as a finder finds them, at once."""
    plain = face_picture()[:32]
    faces = []
    for left in range(0, picture.shape[1], SIZE):
        tile = picture[:32, left : left + SIZE]
        box, away = np.array(BOX, float), np.array([left, 0])
        if np.array_equal(tile, plain):
            box = box + [left, 0, left, 0]
            faces.append(Face(0.9, box, EYES + away, MOUTH + away))
    return faces


def no_face() -> np.ndarray:
    """A cup of coffee."""
    return np.ascontiguousarray(data.coffee()[:SIZE, :SIZE])


def talking(events, seconds: float, late: float = 0.0) -> ArrayFilm:
    """A face that flashes at some pictures and clicks, ``late`` s later."""
    bright = {event + k for event in events for k in range(3)}
    looks = face_picture(), face_picture(True)
    pictures = [looks[k in bright] for k in range(round(seconds * 25))]
    return with_clicks(np.stack(pictures), events, late)


def with_clicks(pictures: np.ndarray, events, late: float = 0) -> ArrayFilm:
    """Pictures, 25 a second, and a click at each of some."""
    times = np.array(events) / 25 + late
    sound = soundtrack(times, len(pictures) / 25, 16000)
    return ArrayFilm(pictures, 25, sound, 16000)


def face_embedder(**options) -> FilmEmbedder:
    """Sees mouths flash and hears clicks, and needs no training."""
    pipeline = [
        dict(type='LoadAVFrames', num_frames=5),
        dict(type='LoadAVAudio', sample_rate=16000),
        # What is done in training to have a mouth; films have it cut out.
        dict(type='RegionCrop', region=(0, 0, 0.1, 0.1)),
        dict(type='Resize', scale=(8, 8), keep_ratio=False),
        dict(type='FormatShape', input_format='NCTHW'),
        dict(type='PackAVInputs'),
    ]
    data = dict(clip_seconds=0.2, pipeline=pipeline)
    cfg = Config(dict(faces=True, test_dataloader=dict(dataset=data)))
    return FilmEmbedder(FlashAndClick(False), cfg, **options)
