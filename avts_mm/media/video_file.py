"""Writing pictures and sound to a file that browsers play."""

import os
from collections.abc import Iterable
from contextlib import suppress
from fractions import Fraction

import av
import numpy as np

BLOCK = 1024  # samples in one AAC frame
OPTIONS = dict(preset='veryfast', crf='20', bf='0')


class VideoWriter:
    """Writes H.264, with the sound as AAC beside it, piece by piece.

    A context manager; the first picture and the first sample begin together.
    If anything goes wrong no file is left.

    Args:
        path (str): ``.mp4``, ``.mov`` or ``.mkv``.
        fps (float): Pictures per second.
        sample_rate (int, optional): Hz; None for no sound.
        channels (int): 1 or 2. Defaults to 1.
    """

    def __init__(
        self,
        path: str | os.PathLike,
        fps: float,
        sample_rate: int | None = None,
        channels: int = 1,
    ) -> None:
        self.path = os.fspath(path)
        self.rate = Fraction(fps).limit_denominator(1001)
        self.sample_rate, self.channels = sample_rate, channels
        self.pictures = self.samples = 0
        self._shape: tuple | None = None
        self._held = np.zeros((0, channels), np.float32)

    def __enter__(self) -> 'VideoWriter':
        os.makedirs(os.path.dirname(self.path) or '.', exist_ok=True)
        options = {}
        if self.path.lower().endswith(('.mp4', '.mov')):
            options['movflags'] = '+faststart'
        self._container = av.open(self.path, 'w', options=options)
        self._video = self._container.add_stream(
            'libx264', rate=self.rate, options=OPTIONS
        )
        self._video.pix_fmt = 'yuv420p'
        self._video.codec_context.time_base = 1 / self.rate
        self._audio = None
        if self.sample_rate is not None:
            self._layout = 'mono' if self.channels == 1 else 'stereo'
            self._audio = self._container.add_stream(
                'aac', rate=self.sample_rate, layout=self._layout
            )
        return self

    def add_picture(self, picture: np.ndarray) -> None:
        """Write the next picture.

        Args:
            picture (np.ndarray): ``(H, W, 3)`` uint8, RGB; all of one size.
                An odd height or width loses a line.

        Raises:
            ValueError: It is of another shape or type.
        """
        picture = np.asarray(picture)
        shape = self._shape or picture.shape
        if (
            picture.shape != shape
            or len(shape) != 3
            or shape[2] != 3
            or picture.dtype != np.uint8
        ):
            raise ValueError(
                f'{self.path}: frames must all be (H, W, 3) uint8, the '
                f'first was {shape}, got {picture.shape} {picture.dtype}'
            )
        height, width = (size - size % 2 for size in shape[:2])
        if self._shape is None:
            self._shape = shape
            self._video.height, self._video.width = height, width
        frame = av.VideoFrame.from_ndarray(
            np.ascontiguousarray(picture[:height, :width]), format='rgb24'
        )
        frame.pts, frame.time_base = self.pictures, 1 / self.rate
        self.pictures += 1
        self._container.mux(self._video.encode(frame))

    def add_sound(self, samples: np.ndarray) -> None:
        """Write what is heard next, ``(S,)`` or ``(S, channels)``, -1..1."""
        if self._audio is None:
            raise ValueError(
                f'{self.path}: has no track for sound; give the writer its '
                'sample_rate'
            )
        samples = np.asarray(samples, np.float32).reshape(-1, self.channels)
        self._held = np.concatenate([self._held, np.clip(samples, -1, 1)])
        while len(self._held) >= BLOCK:
            self._encode_block(self._audio)

    def _encode_block(self, track: av.AudioStream) -> None:
        block, self._held = self._held[:BLOCK], self._held[BLOCK:]
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(block.T), format='fltp', layout=self._layout
        )
        frame.sample_rate = track.rate
        frame.pts, frame.time_base = self.samples, Fraction(1, track.rate)
        self.samples += len(block)
        self._container.mux(track.encode(frame))

    def __exit__(self, kind, *exc) -> None:
        try:
            if kind is None:
                if self._shape is None:
                    raise ValueError(f'{self.path}: no frames to write')
                if self._audio is not None and len(self._held):
                    self._encode_block(self._audio)
                self._container.mux(self._video.encode())
                if self._audio is not None:
                    self._container.mux(self._audio.encode())
                self._container.close()
                return
        except BaseException:
            self._discard()
            raise
        self._discard()

    def _discard(self) -> None:
        # It complains if nothing has been encoded.
        with suppress(av.FFmpegError, ValueError):
            self._container.close()
        if os.path.exists(self.path):
            os.remove(self.path)


def write_video(
    path: str | os.PathLike,
    frames: Iterable[np.ndarray],
    fps: float,
    audio: np.ndarray | None = None,
    sample_rate: int = 16000,
) -> str:
    """Write pictures, and their sound if there is any.

    Args:
        path (str): ``.mp4``, ``.mov`` or ``.mkv``.
        frames (Iterable[np.ndarray]): ``(H, W, 3)`` uint8, RGB.
        fps (float): Pictures per second.
        audio (np.ndarray, optional): ``(S,)`` or ``(S, channels)`` in -1..1,
            heard from the first picture on.
        sample_rate (int): Hz. Defaults to 16000.

    Returns:
        str: ``path``.

    Raises:
        ValueError: There are no frames, or one is of another shape.
    """
    rate = None if audio is None else sample_rate
    channels = 1 if audio is None or audio.ndim < 2 else audio.shape[1]
    with VideoWriter(path, fps, rate, channels) as writer:
        done = 0
        for frame in frames:
            writer.add_picture(frame)
            if audio is not None:
                # Beside the pictures, as players want it.
                until = round(writer.pictures / fps * sample_rate)
                writer.add_sound(audio[done:until])
                done = until
        if audio is not None:
            writer.add_sound(audio[done:])
    return writer.path
