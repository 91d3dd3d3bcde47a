"""Videos like those that people have, for measuring how fast they are read.

340 x 256 pixels, 10 s, 25 pictures a second, H.264 as x264 makes it by
default (medium, CRF 23, B-frames, a key frame every 250 pictures), stereo AAC
of 44.1 kHz: what clips of Kinetics look like after downloading and scaling.
The scene is a texture that a hand-held camera passes over, with textured
things moving in front of it and the noise of a sensor. There is as much detail
as gives the bit rate of Kinetics, about 400 kbit/s.
"""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

WIDTH, HEIGHT, FPS, SECONDS = 340, 256, 25, 10
SAMPLE_RATE = 44100
# x264's defaults, without key frames where the picture changes, so that all
# files are equally hard to enter.
_X264 = dict(preset='medium', crf='23', g='250', sc_threshold='0')
_MARGIN = 64  # pixels of texture beyond the picture
_AAC_BLOCK = 1024


def write_raw(path: Path, seed: int) -> None:
    """Render and encode one video, whatever ``path`` ends in."""
    rng = np.random.default_rng(seed)
    with av.open(str(path), 'w', format='mp4') as container:
        video = container.add_stream('libx264', rate=FPS, options=_X264)
        video.width, video.height = WIDTH, HEIGHT
        video.pix_fmt = 'yuv420p'
        sound = container.add_stream('aac', rate=SAMPLE_RATE, layout='stereo')
        for i, picture in enumerate(_pictures(rng)):
            frame = av.VideoFrame.from_ndarray(picture, format='rgb24')
            frame.pts, frame.time_base = i, Fraction(1, FPS)
            container.mux(video.encode(frame))
        container.mux(video.encode())
        wave = _sound(rng)
        for first in range(0, wave.shape[1], _AAC_BLOCK):
            block = np.ascontiguousarray(wave[:, first : first + _AAC_BLOCK])
            frame = av.AudioFrame.from_ndarray(block, 'fltp', 'stereo')
            frame.sample_rate = SAMPLE_RATE
            frame.pts, frame.time_base = first, Fraction(1, SAMPLE_RATE)
            container.mux(sound.encode(frame))
        container.mux(sound.encode())


def _texture(rng: np.random.Generator, size: int) -> np.ndarray:
    """Coloured noise with as much in every octave, as in photographs."""
    image = np.zeros((size, size, 3), np.float32)
    cells = 4
    while cells <= size // 2:
        layer = rng.normal(0, 12, (cells, cells, 3)).astype(np.float32)
        # Colours vary less than brightness.
        layer = 0.7 * layer.mean(2, keepdims=True) * 3**0.5 + 0.3 * layer
        image += cv2.resize(layer, (size, size), interpolation=cv2.INTER_CUBIC)
        cells *= 2
    return np.clip(image + rng.uniform(80, 170, 3), 0, 255).astype(np.uint8)


def _pictures(rng: np.random.Generator) -> Iterator[np.ndarray]:
    ground = _texture(rng, WIDTH + 2 * _MARGIN)
    things = [_texture(rng, int(rng.integers(50, 110))) for _ in range(4)]
    noise = rng.normal(0, 1.5, (8, HEIGHT, WIDTH, 3)).round().astype(np.int16)
    # Each thing, and the camera, swings with frequencies of its own.
    speed = rng.uniform(0.1, 0.8, (len(things) + 1, 2))
    phase = rng.uniform(0, 2 * np.pi, (len(things) + 1, 2))
    for i in range(FPS * SECONDS):
        swing = np.sin(2 * np.pi * speed * i / FPS + phase)
        picture = _moved(ground, swing[0] * 0.4 * _MARGIN + _MARGIN)
        for thing, place in zip(things, swing[1:]):
            height, width = thing.shape[:2]
            room = np.array([WIDTH - width, HEIGHT - height])
            x, y = ((place + 1) / 2 * room).astype(int)
            picture[y : y + height, x : x + width] = thing
        grain = noise[rng.integers(len(noise))]
        yield np.clip(picture + grain, 0, 255).astype(np.uint8)


def _moved(ground: np.ndarray, corner: np.ndarray) -> np.ndarray:
    """The part of a texture at a corner, to a fraction of a pixel."""
    matrix = np.float32([[1, 0, -corner[0]], [0, 1, -corner[1]]])
    return cv2.warpAffine(ground, matrix, (WIDTH, HEIGHT))


def _sound(rng: np.random.Generator) -> np.ndarray:
    """Bursts of noise, ``(2, S)`` float32."""
    count = SECONDS * SAMPLE_RATE
    times = np.arange(count) / SAMPLE_RATE
    rise = np.sin(2 * np.pi * rng.uniform(1, 3) * times) ** 4
    wave = rng.normal(0, 0.1, (2, count)) * (0.1 + rise)
    return wave.astype(np.float32)
