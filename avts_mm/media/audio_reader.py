"""What the readers of sound have in common: clock, length, resampling."""

import functools
import math
import os

import numpy as np
from scipy.signal import firwin, resample_poly

from .containers import error_cause
from .media_info import MediaError

# Tracks rarely end together: lossy codecs work in blocks of up to 46 ms, and
# a span that sticks out of the track by no more than this is filled up with
# silence. Further out is an error.
EDGE = 0.05
# A peak below half a step of 16 bit is digital silence: a decoder may make
# something tiny of zeros.
SILENCE = 2.0**-16


class AudioReader:
    """Gives the sound of any span of time on the video's clock.

    A context manager. It cannot be pickled; open it where it is used.

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

    def read(
        self, start: float, seconds: float, sample_rate: int
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

        Returns:
            np.ndarray: ``(round(seconds * sample_rate),)`` float32, mostly
            within [-1, 1].

        Raises:
            MediaError: The span lies outside the track by more than
                :data:`EDGE`, or the sound there is damaged.
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
        if rate == sample_rate:
            sound = self._samples(round(start * rate), count)
        else:
            common = math.gcd(rate, sample_rate)
            up, down = sample_rate // common, rate // common
            taps = _resampling_filter(up, down)
            # Samples on both sides, as many as the filter is long; a multiple
            # of `down` on the left, so that the cut falls on a new sample.
            lead = math.ceil(len(taps) / 2 / up / down + 1)
            first = round(start * rate) - lead * down
            total = (lead + lead) * down + math.ceil(count * down / up) + 1
            sound = self._samples(
                first, total, (lead * down, total - lead * down)
            )
            sound = resample_poly(sound, up, down, window=taps)
            sound = sound[lead * up : lead * up + count]
        if not np.isfinite(sound).all():
            raise self._damaged('samples that are not numbers')
        return np.ascontiguousarray(sound, dtype=np.float32)

    def _samples(
        self, first: int, count: int, inner: tuple[int, int] | None = None
    ) -> np.ndarray:
        """``count`` samples of the file's own rate from number ``first``
        (0 is at the first picture). Only those of ``inner`` must exist."""
        raise NotImplementedError

    def _outside(self, start: float, end: float, low, high) -> MediaError:
        return MediaError(
            f'{self.path}: asked for the sound from {start:.3f} to {end:.3f} '
            f's, but the track covers {low:.3f} to {high:.3f} s; correct '
            'start and duration in the annotation file',
            self.path,
            'too_short',
        )

    def _damaged(self, cause: object) -> MediaError:
        if isinstance(cause, Exception):
            cause = error_cause(cause)
        return MediaError(
            f'{self.path}: the sound cannot be decoded ({cause}); leave the '
            'file out or fetch it again',
            self.path,
            'undecodable',
        )

    def _check(self, first, count, inner, low, high) -> None:
        """Raise if the inner samples are not within [low, high)."""
        begin, end = inner or (0, count)
        begin, end = first + begin, first + end
        edge = round(EDGE * self.sample_rate)
        if begin < low - edge or end > high + edge:
            times = np.array([begin, end, low, high]) / self.sample_rate
            raise self._outside(*times)

    def is_silent(self) -> bool:
        """Whether there is nothing but digital silence in the whole track.

        Reads until something is heard. Nothing else can be read afterwards.

        Raises:
            MediaError: The track is damaged.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Free the file handle and the decoder."""

    def __enter__(self):
        return self

    def __exit__(self, *exc) -> None:
        self.close()


def is_quiet(sound: np.ndarray) -> bool:
    """Whether samples are nothing but digital silence."""
    return bool(np.abs(sound).max(initial=0.0) < SILENCE)


@functools.lru_cache(maxsize=16)
def _resampling_filter(up: int, down: int) -> np.ndarray:
    """Symmetric low-pass, so that resampling adds no delay."""
    longest = max(up, down)
    taps = firwin(20 * longest + 1, 1 / longest, window=('kaiser', 5.0))
    return taps.astype(np.float32)
