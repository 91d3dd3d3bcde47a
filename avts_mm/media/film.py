"""Films: pictures at even steps of time, and the sound beside them."""

import os
from collections.abc import Iterator, Mapping
from typing import Protocol

import numpy as np

from .audio import open_audio
from .video import open_video


class Film(Protocol):
    """What has a name, a length in seconds, pictures and sound."""

    name: str
    seconds: float
    seekable: bool  # its pictures can be read from any time on

    def pictures(
        self, step: float, begin: float = 0.0
    ) -> Iterator[np.ndarray]:
        """Those on screen in the middle of each step from ``begin`` s on,
        ``(H, W, 3)`` uint8."""

    def sound(self, start: float, seconds: float, rate: int) -> np.ndarray:
        """Mono float32 ``(round(seconds * rate),)``; NaN beyond the track."""

    def close(self) -> None:
        """Free what it holds."""


class FileFilm(Film):
    """A film in a file, read from the begin to the end once.

    Args:
        path (str): The file with the pictures.
        audio_path (str, optional): The file with the sound. Defaults to
            ``path``.
        audio_track (int): Which of its audio tracks. Defaults to 0.

    Attributes:
        name (str): The path.
        seconds (float): Length of the pictures as the file declares it.
        seekable (bool): They can be read from any time on.

    Raises:
        MediaError: The file cannot be read, or has no pictures or no sound.
    """

    def __init__(
        self, path: str, audio_path: str | None = None, audio_track: int = 0
    ) -> None:
        self.name = os.fspath(path)
        self._video = open_video(self.name)
        self.seconds = self._video.info.video_duration
        self.seekable = self._video.seekable
        try:
            self._audio = open_audio(
                audio_path or self.name, audio_track=audio_track
            )
        except BaseException:
            self._video.close()
            raise

    def pictures(
        self, step: float, begin: float = 0.0
    ) -> Iterator[np.ndarray]:
        return self._video.stream(begin + step / 2, step)

    def sound(self, start: float, seconds: float, rate: int) -> np.ndarray:
        return self._audio.read(start, seconds, rate, beyond=np.nan)

    def close(self) -> None:
        self._video.close()
        self._audio.close()


class ArrayFilm(Film):
    """A film in memory.

    Args:
        video (np.ndarray): Pictures ``(T, H, W, 3)`` uint8, RGB.
        fps (float): Pictures per second.
        audio (np.ndarray): Samples ``(S,)``, or ``(S, channels)`` or
            ``(channels, S)``, which are averaged; integers are scaled to
            [-1, 1]. The first sample is heard with the first picture.
        sample_rate (int): Hz.
        name (str): For the results. Defaults to ``'array'``.

    Raises:
        ValueError: Shapes or rates that cannot be right.
    """

    def __init__(
        self,
        video: np.ndarray,
        fps: float,
        audio: np.ndarray,
        sample_rate: int,
        name: str = 'array',
    ) -> None:
        video, audio = np.asarray(video), np.asarray(audio)
        if video.ndim != 4 or video.shape[3] != 3 or video.dtype != np.uint8:
            raise ValueError(
                f'{name}: video must be (T, H, W, 3) uint8, not '
                f'{video.shape} {video.dtype}'
            )
        if audio.ndim not in (1, 2) or fps <= 0 or sample_rate <= 0:
            raise ValueError(
                f'{name}: audio must be (S,) or (S, channels) and the rates '
                f'positive, not {audio.shape}, {fps} pictures/s and '
                f'{sample_rate} Hz'
            )
        if np.issubdtype(audio.dtype, np.integer):
            audio = audio / (np.iinfo(audio.dtype).max + 1)
        if audio.ndim == 2:
            audio = audio.mean(int(audio.shape[0] > audio.shape[1]))
        self.name = name
        self.seconds, self.seekable = len(video) / fps, True
        self._video, self._fps = video, fps
        self._audio, self._rate = audio.astype(np.float32), sample_rate

    def pictures(
        self, step: float, begin: float = 0.0
    ) -> Iterator[np.ndarray]:
        time = begin + step / 2
        while time < self.seconds:
            yield self._video[int(time * self._fps)]
            time += step

    def sound(self, start: float, seconds: float, rate: int) -> np.ndarray:
        count = round(seconds * rate)
        places: np.ndarray = (start + np.arange(count) / rate) * self._rate
        if rate == self._rate:
            places = round(start * rate) + np.arange(count)
        known = np.arange(len(self._audio))
        return np.interp(
            places, known, self._audio, left=np.nan, right=np.nan
        ).astype(np.float32)

    def close(self) -> None:
        """Nothing to free."""


def as_film(source, audio_track: int = 0) -> Film:
    """A film from what a user gives.

    Args:
        source (str | PathLike | Mapping): A path, or the arguments of
            :class:`FileFilm` or :class:`ArrayFilm`.
        audio_track (int): Of files. Defaults to 0.

    Raises:
        MediaError: The file cannot be read.
        TypeError: It is neither.
    """
    if isinstance(source, (str, os.PathLike)):
        return FileFilm(os.fspath(source), audio_track=audio_track)
    if isinstance(source, Mapping) and 'path' in source:
        return FileFilm(**{'audio_track': audio_track, **source})
    if isinstance(source, Mapping) and 'video' in source:
        return ArrayFilm(**source)
    raise TypeError(
        'an input is a path, dict(path=...), or dict(video=..., fps=..., '
        f'audio=..., sample_rate=...), not {type(source).__name__}'
    )
