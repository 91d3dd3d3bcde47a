"""Pictures and sound to a file, as they come."""

import contextlib
import os
from fractions import Fraction

import av
import numpy as np

# Files that browsers play, good enough to look at.
X264 = dict(preset='veryfast', crf='20', bf='0')


class VideoWriter:
    """Writes H.264 without B-frames and, if wanted, AAC.

    A context manager. The first picture and the first sample begin together;
    sound is held back until the first picture tells the size. If anything
    goes wrong no file is left.

    Readers take for granted what a prepared file, written by this, is like
    where its size tells that it is unchanged (``prepared_bytes`` of the
    annotation): upright; the first picture at 0 s of the container's clock,
    the others at a constant rate, all of them shown; one track of sound; the
    length of each track in the head.

    Args:
        path (str): ``.mp4``, ``.mov`` or ``.mkv``; its folder is made if
            needed.
        fps (Fraction | float): Pictures per second.
        sample_rate (int, optional): Hz; None for no sound.
        channels (int): 1 or 2. Defaults to 1.
        x264 (dict): Options of the encoder of pictures.
        aac (dict, optional): Options of the encoder of sound.
        container (dict, optional): Options of the container; by default an
            mp4 can be played before all of it is there.

    Attributes:
        pictures (int): Pictures written.
        samples (int): Instants of sound written.
        width (int): Of the pictures.
        height (int): Of the pictures.
    """

    def __init__(
        self,
        path: str | os.PathLike,
        fps: Fraction | float,
        sample_rate: int | None = None,
        channels: int = 1,
        x264: dict[str, str] = X264,
        aac: dict[str, str] | None = None,
        container: dict[str, str] | None = None,
    ) -> None:
        self.path = os.fspath(path)
        self.rate = Fraction(fps).limit_denominator(1001)
        self.pictures = self.samples = self.width = self.height = 0
        self._layout = 'mono' if channels == 1 else 'stereo'
        self._shape: tuple | None = None
        self._early: list[np.ndarray] = []
        os.makedirs(os.path.dirname(self.path) or '.', exist_ok=True)
        if container is None and self.path.lower().endswith(('.mp4', '.mov')):
            container = dict(movflags='+faststart')
        self._container = av.open(self.path, 'w', options=container)
        self._video = self._container.add_stream(
            'libx264', rate=self.rate, options=x264
        )
        self._video.pix_fmt = 'yuv420p'
        self._audio: av.AudioStream | None = None
        if sample_rate is not None:
            self._audio = self._container.add_stream(
                'aac', rate=sample_rate, layout=self._layout, options=aac
            )

    @property
    def seconds(self) -> float:
        """Length of the pictures written."""
        return float(self.pictures / self.rate)

    def add_picture(self, picture: np.ndarray | av.VideoFrame) -> None:
        """Write the next picture.

        Args:
            picture (np.ndarray | av.VideoFrame): ``(H, W, 3)`` uint8, RGB;
                all of one size. An odd height or width loses a line.

        Raises:
            ValueError: It is of another shape or type.
        """
        frame = picture
        if not isinstance(frame, av.VideoFrame):
            frame = self._checked(np.asarray(picture))
        if not self.pictures:
            self.width, self.height = frame.width, frame.height
            self._video.width, self._video.height = frame.width, frame.height
            self._video.codec_context.time_base = 1 / self.rate
        frame.pts, frame.time_base = self.pictures, 1 / self.rate
        self.pictures += 1
        self._container.mux(self._video.encode(frame))
        early, self._early = self._early, []
        for samples in early:
            self.add_sound(samples)

    def _checked(self, picture: np.ndarray) -> av.VideoFrame:
        shape = self._shape = self._shape or picture.shape
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
        return av.VideoFrame.from_ndarray(
            np.ascontiguousarray(picture[:height, :width]), format='rgb24'
        )

    def add_sound(self, samples: np.ndarray) -> None:
        """Write what is heard next: ``(S,)`` or ``(S, channels)``, int16 or
        float in -1..1."""
        if self._audio is None:
            raise ValueError(
                f'{self.path}: has no track for sound; give the writer its '
                'sample_rate'
            )
        if not self.pictures:
            self._early.append(samples)
        elif len(samples):
            self._encode(np.asarray(samples), self._audio)

    def _encode(self, samples: np.ndarray, track: av.AudioStream) -> None:
        if samples.dtype == np.int16:
            form, samples = 's16', samples.reshape(1, -1)
        else:
            samples = np.clip(samples, -1, 1, dtype=np.float32)
            form, samples = 'fltp', samples.reshape(len(samples), -1).T
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(samples), format=form, layout=self._layout
        )
        frame.sample_rate = track.rate
        frame.pts, frame.time_base = self.samples, Fraction(1, track.rate)
        self.samples += frame.samples
        self._container.mux(track.encode(frame))

    def __enter__(self) -> 'VideoWriter':
        return self

    def __exit__(self, kind, *exc) -> None:
        try:
            if kind is None:
                if not self.pictures:
                    raise ValueError(f'{self.path}: no frames to write')
                self._container.mux(self._video.encode(None))
                if self._audio is not None:
                    self._container.mux(self._audio.encode(None))
                self._container.close()
                return
        except BaseException:
            self._discard()
            raise
        self._discard()

    def _discard(self) -> None:
        # It complains if nothing has been encoded.
        with contextlib.suppress(av.FFmpegError, ValueError):
            self._container.close()
        if os.path.exists(self.path):
            os.remove(self.path)
