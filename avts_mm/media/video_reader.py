"""What the readers of pictures have in common."""

import os

import numpy as np

from .containers import error_cause
from .media_info import MediaError, MediaInfo

# Containers with millisecond clocks round 1/30 s to 33 ms: a picture that
# begins less than this after the asked time is the one that was meant.
EPSILON = 1e-3
# A damaged header may promise pictures that fill the memory; 8K has half of
# this.
MAX_PIXELS = 2**26


class VideoReader:
    """Answers which picture is on screen ``t`` seconds after the first one.

    A context manager. It cannot be pickled; open it where it is used.

    Args:
        path (str): The file.
        info (MediaInfo): Its properties.

    Attributes:
        path (str): The file.
        info (MediaInfo): Its properties.

    Raises:
        MediaError: The file has no pictures.
    """

    def __init__(self, path: str, info: MediaInfo) -> None:
        self.path = os.fspath(path)
        self.info = info
        if info.video_codec is None:
            raise MediaError(
                f'{self.path}: has no pictures; leave it out of the '
                'annotation file',
                self.path,
                'no_video',
            )
        if info.width * info.height > MAX_PIXELS:
            raise self._damaged(
                f'pictures of {info.width} x {info.height} pixels'
            )
        self._period = 1 / info.fps if info.fps > 0 else 0.04

    def frames(self, times) -> np.ndarray:
        """The pictures on screen at the given times.

        Args:
            times (Sequence[float]): Seconds after the first picture, in any
                order.

        Returns:
            np.ndarray: ``(T, H, W, 3)`` uint8, RGB.

        Raises:
            MediaError: A time lies outside the track by more than the length
                of one picture, or the file is damaged there.
        """
        return self.read(times)[0]

    def frame_times(self, times) -> np.ndarray:
        """When the pictures that :meth:`frames` gives begin.

        Returns:
            np.ndarray: ``(T,)`` float64, seconds after the first picture.
        """
        return self.read(times)[1]

    def read(self, times) -> tuple[np.ndarray, np.ndarray]:
        """Both :meth:`frames` and :meth:`frame_times` for the price of one."""
        images, begins = self.pictures(times)
        if images:
            return np.stack(images), begins
        return np.empty((0, *self._shape(), 3), np.uint8), begins

    def pictures(self, times) -> tuple[list[np.ndarray], np.ndarray]:
        """What :meth:`read` gives, but each picture as an array of its own,
        ``(H, W, 3)``, which saves copying them into one."""
        images, begins = self._read(self._checked(times))
        # Transforms may change pictures in place.
        seen = set()
        for i, image in enumerate(images):
            if id(image) in seen:
                images[i] = image.copy()
            seen.add(id(image))
        return images, begins

    def _checked(self, times) -> np.ndarray:
        """Times as ``(T,)``, those shortly before the first picture put to
        its begin."""
        times = np.asarray(times, dtype=np.float64).reshape(-1)
        if not np.isfinite(times).all():
            raise ValueError(f'{self.path}: times must be finite')
        if times.size and times.min() < -self._period:
            raise self._outside(times.min(), self.info.video_duration)
        return np.maximum(times, 0.0)

    def _shape(self) -> tuple[int, int]:
        """Height and width of the upright picture."""
        shape = self.info.height, self.info.width
        return shape[::-1] if self.info.rotation % 180 else shape

    def _read(self, times: np.ndarray) -> tuple[list, np.ndarray]:
        """The pictures at times from 0 on, and when each begins. A picture
        on screen at several of them may be the same array again."""
        raise NotImplementedError

    def _outside(self, time: float, end: float) -> MediaError:
        """The error for a time that is not within 0 to ``end`` s."""
        known = self.info.video_duration
        # Only mp4 notes the length of each track.
        if self.info.container == 'mov' and end < time < known:
            return self._damaged(
                f'they end at {end:.3f} s instead of {known:.3f} s'
            )
        return MediaError(
            f'{self.path}: asked for the picture at {time:.3f} s, but the '
            f'pictures cover 0 to {end:.3f} s; correct start and duration in '
            'the annotation file',
            self.path,
            'too_short',
        )

    def _damaged(self, cause: object) -> MediaError:
        if isinstance(cause, Exception):
            cause = error_cause(cause)
        return MediaError(
            f'{self.path}: pictures cannot be decoded ({cause}); leave the '
            'file out or fetch it again',
            self.path,
            'undecodable',
        )

    def close(self) -> None:
        """Free the file handle and the decoder."""

    def __enter__(self):
        return self

    def __exit__(self, *exc) -> None:
        self.close()
