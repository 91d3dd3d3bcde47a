"""A span of sound by presentation time: mono, resampled, exact in length.

The clock is the video's own: the sound at ``t`` is what is heard ``t`` seconds
after the first picture appears. A ``.wav`` file is a prepared one, its first
sample is ``t = 0``.
"""

import functools
import math
import os
import wave

import av
import numpy as np
from scipy.signal import firwin, resample_poly

from .containers import (
    audio_stream,
    discard_others,
    error_cause,
    open_container,
)
from .errors import MediaError
from .probe import open_probed

# Tracks rarely end together: lossy codecs work in blocks of up to 46 ms, and
# a span that sticks out of the track by no more than this is filled up with
# silence. Further out is an error.
EDGE = 0.05
# Sound decoded before the span, so that the decoder has settled: MP3 takes
# bits from up to 9 earlier blocks (235 ms at 44.1 kHz), Opus asks for 80 ms.
_PRE_ROLL = 0.3
_LEAST_ROLL = 0.1
_SEEK_BACK = (_PRE_ROLL, 1.5, 5.0)
# Blocks follow each other without a gap although their times, rounded to the
# container's clock (1 ms in Matroska), seem to be a little off.
_JITTER = 2e-3


class _Audio:
    """What all readers of sound share.

    Attributes:
        path (str): The file.
    """

    def __init__(self, path: str) -> None:
        self.path = os.fspath(path)

    def read(
        self, start: float, seconds: float, sample_rate: int
    ) -> np.ndarray:
        """Read a span.

        Channels are averaged. Where the track has a gap there is silence.

        Args:
            start (float): Seconds after the first picture.
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

    def close(self) -> None:
        """Free the file handle and the decoder."""

    def __enter__(self):
        return self

    def __exit__(self, *exc) -> None:
        self.close()


class WaveAudio(_Audio):
    """A prepared PCM16 ``.wav`` file, read by seeking."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._file = wave.open(self.path, 'rb')  # noqa: SIM115
        if self._file.getsampwidth() != 2:
            self._file.close()
            raise wave.Error('not 16 bit')
        self.sample_rate = self._file.getframerate()
        self._length = self._file.getnframes()

    def _samples(self, first, count, inner=None):
        self._check(first, count, inner, 0, self._length)
        begin = min(max(first, 0), self._length)
        end = min(max(first + count, 0), self._length)
        self._file.setpos(begin)
        data = self._file.readframes(end - begin)
        channels = self._file.getnchannels()
        data = np.frombuffer(data, '<i2').reshape(-1, channels)
        if len(data) < end - begin:
            raise self._damaged('the file is cut off')
        mono = data.astype(np.float32)
        mono = mono[:, 0] if channels == 1 else mono.mean(1)
        mono *= np.float32(1 / 32768)
        if len(mono) == count:
            return mono
        sound = np.zeros(count, np.float32)
        sound[begin - first : begin - first + len(mono)] = mono
        return sound

    def close(self) -> None:
        self._file.close()


class PyAVAudio(_Audio):
    """Sound through PyAV: seek to shortly before, decode onwards."""

    def __init__(self, path: str, video_start: float | None = None) -> None:
        super().__init__(path)
        self._container, info, self._fresh = open_probed(path)
        try:
            self._choose()
            self.sample_rate = info.sample_rate
            if self.sample_rate <= 0:
                raise self._damaged('no sample rate')
        except BaseException:
            self.close()
            raise
        if video_start is None:
            video_start = (
                info.audio_start
                if info.video_codec is None
                else info.video_start
            )
        self._zero = video_start
        start = info.audio_start - video_start
        self._start = round(start * self.sample_rate)
        end = start + info.audio_duration
        self._end = round(end * self.sample_rate)

    def _choose(self) -> None:
        self._stream = audio_stream(self._container, self.path)
        if not self._stream.codec_context.is_open:
            self._stream.thread_type = 'NONE'
        discard_others(self._container, self._stream)

    def _rewind(self) -> None:
        """Go to the beginning, which is not always possible by seeking."""
        if self._container is None or not self._fresh:
            self.close()
            self._container = open_container(self.path)
            self._choose()

    def close(self) -> None:
        if self._container is not None:
            self._container.close()
            self._container = None

    def _samples(self, first, count, inner=None):
        sound = np.zeros(count, np.float32)
        low = high = None
        try:
            for place, block in self._blocks_from(first):
                if low is None:
                    low = place
                high = max(high or place, place + len(block))
                begin = max(place, first)
                end = min(place + len(block), first + count)
                if begin < end:
                    sound[begin - first : end - first] = block[
                        begin - place : end - place
                    ]
                if high >= first + count:
                    break
        except av.FFmpegError as error:
            self.close()
            raise self._damaged(error) from None
        if low is None:
            raise self._damaged('no sound found')
        low = min(low, self._start)
        if first + count <= high:  # not read on to the end
            high = max(high, self._end)
        self._check(first, count, inner, low, high)
        return sound

    def _blocks_from(self, first: int):
        """Yield (number of the first sample, mono samples), beginning at or
        before sample ``first`` unless it is the start of the track."""
        time = first / self.sample_rate + self._zero
        if self._container is None:
            self._rewind()
        base = self._stream.time_base
        for back in _SEEK_BACK:
            start = self._stream.start_time
            if start is None or time - back <= float(start * base):
                break
            self._fresh = False
            try:
                self._container.seek(
                    int((time - back) / base), stream=self._stream
                )
            except av.FFmpegError:
                break
            found = False
            for place, block in self._blocks():
                if (
                    not found
                    and place > first - _LEAST_ROLL * self.sample_rate
                ):
                    break
                found = True
                yield place, block
            if found:
                return
        self._rewind()
        yield from self._blocks()

    def _blocks(self):
        """Decode from where the container stands."""
        rate, expected = self.sample_rate, None
        self._fresh = False
        jitter = max(_JITTER, 2 * float(self._stream.time_base)) * rate
        if self._stream.time_base > _JITTER:
            jitter = math.inf  # AVI counts blocks, not time
        for packet in self._container.demux(self._stream):
            try:
                frames = packet.decode()
            except av.InvalidDataError as error:
                if expected is None:
                    continue  # damaged by the seek, not in the file
                raise self._damaged(error) from None
            for frame in frames:
                if frame.sample_rate != rate:
                    raise self._damaged('its sample rate changes')
                place = expected
                if frame.pts is not None:
                    time = float(frame.pts * self._stream.time_base)
                    place = (time - self._zero) * rate
                    if expected is None or abs(place - expected) > jitter:
                        place = round(place)
                    else:
                        place = expected
                if place is None:
                    continue
                block = _mono(frame)
                expected = place + len(block)
                yield place, block


def _mono(frame) -> np.ndarray:
    """Mean of the channels, float32, full scale 1."""
    data = frame.to_ndarray()
    if not frame.format.is_planar:
        data = data.reshape(frame.samples, -1).T
    if data.dtype == np.uint8:
        data = (data.astype(np.float32) - 128) / 128
    elif np.issubdtype(data.dtype, np.integer):
        scale = np.float32(1 / (np.iinfo(data.dtype).max + 1))
        data = data.astype(np.float32) * scale
    if len(data) == 1:
        return data[0].astype(np.float32, copy=False)
    return data.mean(0, dtype=np.float32)


@functools.lru_cache(maxsize=16)
def _resampling_filter(up: int, down: int) -> np.ndarray:
    """Symmetric low-pass, so that resampling adds no delay."""
    longest = max(up, down)
    taps = firwin(20 * longest + 1, 1 / longest, window=('kaiser', 5.0))
    return taps.astype(np.float32)


def open_audio(
    path: str, backend: str = 'pyav', video_start: float | None = None
):
    """Open the sound of a file.

    Args:
        path (str): The file. A ``.wav`` file is a prepared one: its first
            sample is ``t = 0``.
        backend (str): ``'pyav'``, the only one: decord ignores the start of
            the track and leaks.
        video_start (float, optional): Container time of the first picture,
            if known. Found out if None; for a file without pictures ``t = 0``
            is then its first sample.

    Returns:
        WaveAudio | PyAVAudio: A context manager with
        ``read(start, seconds, sample_rate)``.

    Raises:
        MediaError: The file is missing or damaged or has no sound.
    """
    if backend != 'pyav':
        raise ValueError(
            f"audio backend must be 'pyav', got {backend!r}: decord ignores "
            'the start of the track and leaks memory'
        )
    path = os.fspath(path)
    if path.lower().endswith('.wav'):
        # PyAV says what is wrong, and reads what is not plain PCM16.
        try:
            return WaveAudio(path)
        except (OSError, EOFError, wave.Error):
            video_start = None
    return PyAVAudio(path, video_start)
