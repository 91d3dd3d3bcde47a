"""Opening the sound of a file: spans by presentation time, through PyAV."""

import math
import os
import wave
from collections.abc import Iterator

import av
import numpy as np

from .audio_reader import AudioReader, WaveAudio, is_quiet
from .containers import (
    alone,
    audio_stream,
    open_container,
    packets,
)
from .probe import open_probed
from .sound import SoundDecoder
from .storage import file_status

# Sound decoded before the span, so that the decoder has settled: MP3 takes
# bits from up to 9 earlier blocks (235 ms at 44.1 kHz), Opus asks for 80 ms.
_PRE_ROLL = 0.3
_LEAST_ROLL = 0.1
_SEEK_BACK = (_PRE_ROLL, 1.5, 5.0)


def open_audio(path: str, audio_track: int = 0) -> AudioReader:
    """Open the sound of a file.

    Args:
        path (str): The file. Of one without pictures ``t = 0`` is the first
            sample, as of a prepared ``.wav``.
        audio_track (int): Which of several audio tracks, counted from 0.

    Returns:
        AudioReader: A context manager with
        ``read(start, seconds, sample_rate)``.

    Raises:
        MediaError: The file is missing or damaged, or has no sound or not
            this track.
    """
    path = os.fspath(path)
    if path.lower().endswith('.wav') and audio_track == 0:
        file_status(path)
        # PyAV says what is wrong, and reads what is not plain PCM16.
        try:
            return WaveAudio(path)
        except (OSError, EOFError, RuntimeError, wave.Error):
            pass
    return PyAVAudio(path, audio_track)


class PyAVAudio(AudioReader):
    """Sound through PyAV: seek to shortly before, decode onwards."""

    def __init__(self, path: str, audio_track: int) -> None:
        super().__init__(path)
        self._container, info, self._fresh = open_probed(path, audio_track)
        self.info = info
        try:
            self._choose()
            self.sample_rate = info.sample_rate
        except BaseException:
            self.close()
            raise
        heard_only = info.video_codec is None
        self._zero = info.audio_start if heard_only else info.video_start
        start = info.audio_start - self._zero
        self._start = round(start * self.sample_rate)
        self._end = round((start + info.audio_duration) * self.sample_rate)

    def _choose(self) -> None:
        stream = audio_stream(self._container, self.info)
        self._stream = alone(stream)

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

    def _samples(self, first, count, inner):
        sound = np.zeros(count, np.float32)
        low = high = None
        holes = []
        try:
            for place, frame in self._blocks_from(first):
                if low is None:
                    low = place
                elif place > high:
                    holes.append((high, place))
                high = max(high or place, place + frame.samples)
                begin = max(place, first)
                end = min(place + frame.samples, first + count)
                if begin < end:
                    block = mono(frame)[begin - place : end - place]
                    sound[begin - first : end - first] = block
                if high >= first + count:
                    break
        except av.FFmpegError as error:
            self.close()
            raise self._damaged(error) from None
        if low is None or high is None:
            raise self._damaged('no sound found')
        low = min(low, self._start)
        if first + count <= high:  # not read on to the end
            high = max(high, self._end)
        self._covered = low, high
        begin, end = (first + n for n in inner)
        lost = sum(max(0, min(e, end) - max(b, begin)) for b, e in holes)
        self.missing = lost / self.sample_rate
        return sound

    def is_silent(self) -> bool:
        self._rewind()
        try:
            # Damage does not matter: what can be heard counts.
            frames = self._blocks(math.inf)
            return all(is_quiet(mono(frame)) for _, frame in frames)
        except av.FFmpegError as error:
            raise self._damaged(error) from None

    def _blocks_from(self, first: int) -> Iterator:
        """Yield (number of the first sample, frame), beginning at or
        before sample ``first`` unless it is the start of the track."""
        time = first / self.sample_rate + self._zero
        if self._container is None:
            self._rewind()
        base = self._stream.time_base
        least = _LEAST_ROLL * self.sample_rate
        for back in _SEEK_BACK:
            start = self._stream.start_time
            if start is None or time - back <= float(start * base):
                break
            self._fresh = False
            ticks = int((time - back) / base)
            try:
                self._container.seek(ticks, stream=self._stream)
            except av.FFmpegError:
                break
            blocks = self._blocks(first)
            block = next(blocks, None)
            if block is not None and block[0] <= first - least:
                yield block
                yield from blocks
                return
        self._rewind()
        yield from self._blocks(first)

    def _blocks(self, first: float) -> Iterator:
        """Decode from where the container stands; what is damaged before
        sample ``first`` does not matter."""
        rate, expected = self.sample_rate, None
        least = _LEAST_ROLL * rate
        self._fresh = False
        decoder = SoundDecoder(self._stream)
        for packet in packets(self._container, self._stream):
            try:
                blocks = decoder.decode(packet)
            except av.InvalidDataError as error:
                if expected is None or expected < first - least:
                    continue
                raise self._damaged(error) from None
            for begin, frame in blocks:
                if frame.sample_rate != rate:
                    raise self._damaged('its sample rate changes')
                exact = (begin - self._zero) * rate
                # Rounding must not open holes of one sample.
                if expected is None or abs(exact - expected) > 1:
                    expected = round(exact)
                place = expected
                expected += frame.samples
                yield place, frame


def mono(frame) -> np.ndarray:
    """Mean of the channels, float32, full scale 1."""
    return mean(channels(frame))


def mean(parts) -> np.ndarray:
    """Mean of some channels."""
    if len(parts) > 2:
        return np.asarray(np.mean(parts, 0, dtype=np.float32))
    first, *others = parts
    for other in others:
        first = first + other
    return first / np.float32(len(parts))


def channels(frame):
    """The channels, each ``(S,)`` float32, full scale 1."""
    if frame.format.name == 'fltp' and frame.layout.nb_channels <= 2:
        # The same, ten times faster: most files, and many short frames.
        return [
            np.frombuffer(plane, np.float32, frame.samples)
            for plane in frame.planes
        ]
    if frame.format.is_planar and frame.layout.nb_channels >= 8:
        # PyAV (17, 18) finds the end of the list of planes by a null that is
        # there for up to 7 channels only, and reads wild memory beyond.
        packed = frame.format.packed
        (frame,) = av.AudioResampler(packed, frame.layout).resample(frame)
    data = frame.to_ndarray()
    if not frame.format.is_planar:
        data = data.reshape(frame.samples, -1).T
    if data.dtype == np.uint8:
        return (data.astype(np.float32) - 128) / 128
    if np.issubdtype(data.dtype, np.integer):
        scale = np.float32(1 / (np.iinfo(data.dtype).max + 1))
        return data.astype(np.float32) * scale
    return data.astype(np.float32, copy=False)
