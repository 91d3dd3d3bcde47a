"""Spans of sound: clock, length, resampling; and prepared wav files."""

import functools
import math
import os
import wave
from contextlib import AbstractContextManager

import numpy as np
from scipy.signal import firwin, resample_poly

from .containers import damaged
from .errors import MediaError
from .storage import open_file

# Tracks rarely end together: lossy codecs work in blocks of up to 46 ms, and
# a span that sticks out of the track by no more than this is filled up with
# silence. Further out is an error.
EDGE = 0.05
# Lengths from here on, and 0, stand in heads that were never completed.
_UNKNOWN_BYTES = 2**31 - 2**16
# A peak below half a step of 16 bit is digital silence: a decoder may make
# something tiny of zeros.
SILENCE = 2.0**-16


class AudioReader(AbstractContextManager):
    """Gives the sound of any span of time on the video's clock.

    A context manager.

    Attributes:
        path (str): The file.
        sample_rate (int): Hz, of the file.
        missing (float): Seconds of the span last read for which the track
            has no sound, its ends apart.
    """

    sample_rate: int

    def __init__(self, path: str) -> None:
        self.path = os.fspath(path)
        self.missing = 0.0
        self._covered: tuple[int, int] = 0, 0

    def read(
        self,
        start: float,
        seconds: float,
        sample_rate: int,
        beyond: float | None = None,
    ) -> np.ndarray:
        """Read a span.

        Channels are averaged. Where the track has a gap there is silence;
        :attr:`missing` tells how much.

        Args:
            start (float): Seconds after the first picture; kept to half a
                sample of the file.
            seconds (float): Length of the span.
            sample_rate (int): Hz wanted; resampled without delay if the file
                has another.
            beyond (float, optional): What stands for sound that lies outside
                the track by more than :data:`EDGE`. Defaults to an error.

        Returns:
            np.ndarray: ``(round(seconds * sample_rate),)`` float32, mostly
            within [-1, 1].

        Raises:
            MediaError: The span lies outside the track by more than
                :data:`EDGE` and ``beyond`` is None, or the sound there is
                damaged.
        """
        if not (math.isfinite(start) and seconds >= 0 and sample_rate > 0):
            raise ValueError(
                f'{self.path}: bad span: start {start}, seconds {seconds}, '
                f'sample_rate {sample_rate}'
            )
        count = round(seconds * sample_rate)
        rate = self.sample_rate
        if not 1000 <= rate <= 1_000_000:
            raise self._damaged(f'{rate} samples a second')
        first, total, inner = round(start * rate), count, (0, count)
        if rate != sample_rate:
            common = math.gcd(rate, sample_rate)
            up, down = sample_rate // common, rate // common
            taps = _resampling_filter(up, down)
            # Samples on both sides, as many as the filter is long; a multiple
            # of `down` on the left, so that the cut falls on a new sample.
            lead = math.ceil(len(taps) / 2 / up / down + 1)
            first -= lead * down
            total = (lead + lead) * down + math.ceil(count * down / up) + 1
            inner = lead * down, total - lead * down
        sound = self._samples(first, total, inner)
        lacking = self._lacking(first + inner[0], first + inner[1])
        if lacking and (beyond is None or lacking.reason != 'too_short'):
            raise lacking
        if rate != sample_rate:
            sound = resample_poly(sound, up, down, window=taps)
            sound = sound[lead * up : lead * up + count]
        if not np.isfinite(sound).all():
            raise self._damaged('samples that are not numbers')
        if lacking:
            low, high = self._covered
            edge = EDGE * rate
            places = (start + np.arange(count) / sample_rate) * rate
            sound[(places < low - edge) | (places >= high + edge)] = beyond
        return np.ascontiguousarray(sound, dtype=np.float32)

    def _samples(
        self, first: int, count: int, inner: tuple[int, int]
    ) -> np.ndarray:
        """``count`` samples of the file's own rate from number ``first``
        (0 is at the first picture), 0 where there are none. ``missing`` is
        counted within ``inner``, and ``_covered`` set to where the track
        begins and ends."""
        raise NotImplementedError

    def _damaged(self, cause: object) -> MediaError:
        return damaged(self.path, 'the sound cannot be decoded', cause)

    def _lacking(self, begin: int, end: int) -> MediaError | None:
        """The error if not all samples from begin to end are in the track."""
        low, high = self._covered
        edge = round(EDGE * self.sample_rate)
        if begin >= low - edge and end <= high + edge:
            return None
        times = [n / self.sample_rate for n in (begin, end, low, high)]
        return MediaError(
            '{}: asked for the sound from {:.3f} to {:.3f} s, but the '
            'track covers {:.3f} to {:.3f} s; correct start and duration '
            'in the annotation file'.format(self.path, *times),
            self.path,
            'too_short',
        )

    def is_silent(self) -> bool:
        """Whether there is nothing but digital silence in the whole track.

        Reads until something is heard. Nothing else can be read afterwards.

        Raises:
            MediaError: The track is damaged.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Free the file handle and the decoder."""

    def __exit__(self, *exc) -> None:
        self.close()


class WaveAudio(AudioReader):
    """A PCM16 ``.wav`` file, read by seeking.

    The head of one that was written to a pipe, or whose recorder was killed,
    does not tell its length; then it goes on to the end of the file.
    """

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._file = open_file(self.path)
        try:
            head = wave.Wave_read(self._file)
            if head.getsampwidth() != 2:
                raise wave.Error('not 16 bit')
        except BaseException:
            self._file.close()
            raise
        self.sample_rate = head.getframerate()
        self._channels = head.getnchannels()
        self._begin = self._file.tell()
        size = self._file.seek(0, 2) - self._begin
        there = size // (2 * self._channels)
        told = head.getnframes()
        unknown = not 0 < told * 2 * self._channels < _UNKNOWN_BYTES
        self._length = there if unknown else min(told, there)
        self._cut_off = not unknown and there < told
        self._covered = 0, self._length

    def _lacking(self, begin, end):
        lacking = super()._lacking(begin, end)
        if lacking and self._cut_off and end > self._length:
            return self._damaged('the file is cut off')
        return lacking

    def _samples(self, first, count, inner=None):
        begin = min(max(first, 0), self._length)
        end = min(max(first + count, 0), self._length)
        self._file.seek(self._begin + begin * 2 * self._channels)
        data = self._file.read((end - begin) * 2 * self._channels)
        samples = np.frombuffer(data, '<i2').reshape(-1, self._channels)
        mono = samples.astype(np.float32)
        mono = mono[:, 0] if self._channels == 1 else mono.mean(1)
        mono *= np.float32(1 / 32768)
        if len(mono) == count:
            return mono
        sound = np.zeros(count, np.float32)
        sound[begin - first : begin - first + len(mono)] = mono
        return sound

    def is_silent(self) -> bool:
        second = self.sample_rate
        return all(
            is_quiet(self._samples(at, min(second, self._length - at)))
            for at in range(0, self._length, second)
        )

    def close(self) -> None:
        self._file.close()


def is_quiet(sound: np.ndarray) -> bool:
    """Whether samples are nothing but digital silence."""
    return bool(np.abs(sound).max(initial=0.0) < SILENCE)


@functools.lru_cache(maxsize=16)
def _resampling_filter(up: int, down: int) -> np.ndarray:
    """Symmetric low-pass, so that resampling adds no delay."""
    longest = max(up, down)
    taps = firwin(20 * longest + 1, 1 / longest, window=('kaiser', 5.0))
    return taps.astype(np.float32)
