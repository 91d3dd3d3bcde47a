"""Sound laid on the clock of the video.

Timestamps of real files jitter, jump and drift against the number of samples
that they are meant to describe. What :class:`SoundTimeline` hands out is one
steady stream whose sample ``i`` is heard ``i / sample_rate`` seconds after
the first picture.
"""

import math
import os
import struct
from collections import deque
from collections.abc import Iterator

import av
import numpy as np

from .containers import (
    audio_stream,
    no_pictures,
    open_container,
    packets,
)
from .errors import MediaError
from .probe import probe

# The longest time without a picture or sound, in seconds, that is believed.
MAX_GAP = 120.0
# By how many seconds the times of blocks may be off: Matroska rounds to 1 ms.
_JITTER = 2e-3
_AGREEING = 4  # packets of which none is on time after a hole


class SoundDecoder:
    """Decodes a track of sound and tells when each block of it is heard.

    Blocks follow each other without a gap although their times seem to be a
    little off: most containers round them, some writers let them jitter. What
    some packets in a row agree on is a hole, or an overlap.
    """

    def __init__(self, stream) -> None:
        self._context: av.AudioCodecContext = stream.codec_context
        base = float(stream.time_base)
        # AVI counts blocks, not time.
        self._jitter = math.inf if base > _JITTER else max(_JITTER, 2 * base)
        self._waiting: deque[av.Packet] = deque()
        # When the next packet is due, and when the last block ends.
        self._due: float | None = None
        self._end: float | None = None

    def decode(self, packet: av.Packet) -> list[tuple[float, av.AudioFrame]]:
        """What can be told once the next packet (the last one is empty) is
        known: seconds, on libavformat's clock, and blocks."""
        self._waiting.append(packet)
        blocks: list = []
        while self._waiting and (
            not packet.size or len(self._waiting) == _AGREEING
        ):
            try:
                blocks += self._decode(self._waiting.popleft())
            except av.FFmpegError:
                if not blocks:
                    raise
        return blocks

    def _decode(
        self, packet: av.Packet
    ) -> Iterator[tuple[float, av.AudioFrame]]:
        if self._is_elsewhere(packet):
            # What overlaps with lost sound would be heard after the hole.
            self._context.flush_buffers()
            self._due = self._end = None
        frames = self._context.decode(packet)
        length = sum(frame.samples / frame.sample_rate for frame in frames)
        if self._due is not None:
            self._due += length
        elif frames and packet.pts is not None:
            self._due = float(packet.pts * packet.time_base) + length
        for frame in frames:
            begin = frame.time if self._end is None else self._end
            if begin is not None:
                self._end = begin + frame.samples / frame.sample_rate
                yield begin, frame
        if self._due is not None and self._end is not None:
            # What only primes the decoder is left out of the first block.
            self._due = max(self._due, self._end)

    def _is_elsewhere(self, packet: av.Packet) -> bool:
        """Whether this packet and the next ones come too late or early."""
        if self._due is None:
            return False
        due, late = self._due, []
        for following in (packet, *self._waiting):
            if following.pts is None:
                break
            base = float(following.time_base)
            late.append(following.pts * base - due)
            if not following.duration:
                break
            due += following.duration * base
        return bool(late) and (
            min(late) > self._jitter or max(late) < -self._jitter
        )


class SoundTimeline:
    """Decoded sound, resampled to mono and laid on the video's clock.

    Sound before t = 0 is cut off, holes are filled with silence, and overlaps
    cut. Times that differ less than 2 ms from the number of samples change
    nothing.

    Attributes:
        first (float | None): Seconds of the first real sample.
        written (int): Samples handed out since t = 0, silence included.
    """

    def __init__(self, sample_rate: int) -> None:
        self.sample_rate = sample_rate
        self.first: float | None = None
        self.written = 0
        self._resampler: av.AudioResampler | None = None
        self._form: tuple[str, str, int] | None = None
        self._anchor = 0.0  # time of the run's first input sample
        self._count = 0  # input samples of the run
        self._position = 0  # place of the run's next output sample

    def add(self, frame: av.AudioFrame, time: float) -> Iterator[np.ndarray]:
        """Blocks of int16 samples that follow on what was handed out;
        ValueError if the video's clock jumps further than :data:`MAX_GAP`."""
        form = (frame.format.name, frame.layout.name, frame.sample_rate)
        start = time
        if self._form is not None:
            expected = self._anchor + self._count / self._form[2]
            if abs(time - expected) <= _JITTER:
                start = expected
        if start == time or form != self._form:
            yield from self.close()
            end = self.written / self.sample_rate
            if start - end > MAX_GAP:
                raise ValueError(
                    f'its sound jumps from {end:.2f} s to {start:.2f} s'
                )
            self._form, self._anchor, self._count = form, start, 0
            self._position = round(start * self.sample_rate)
            self._resampler = av.AudioResampler(
                format='s16', layout='mono', rate=self.sample_rate
            )
        self._count += frame.samples
        frame.pts = None  # the resampler counts by itself
        yield from self._play(frame)

    def close(self) -> Iterator[np.ndarray]:
        """The last blocks."""
        yield from self._play(None)
        self._resampler = None

    def _play(self, frame: av.AudioFrame | None) -> Iterator[np.ndarray]:
        played = self._resampler.resample(frame) if self._resampler else []
        for part in filter(None, played):
            block = part.to_ndarray().reshape(-1)
            start = self._position
            self._position += len(block)
            block = block[max(0, self.written - start) :]
            if not len(block):
                continue
            start = max(start, self.written)
            if self.first is None:
                self.first = start / self.sample_rate
            if start > self.written:
                yield np.zeros(start - self.written, np.int16)
            self.written = start + len(block)
            yield block


class WavWriter:
    """16-bit mono wav written block by block, its length settled at the end.

    A context manager; if anything goes wrong no file is left.
    """

    def __init__(self, path: str | os.PathLike, sample_rate: int) -> None:
        self.path = path
        self.sample_rate = sample_rate
        self.samples = 0
        self._file = open(path, 'wb')  # noqa: SIM115
        self._file.write(self._header())

    def _header(self) -> bytes:
        rate, size = self.sample_rate, 2 * self.samples
        return struct.pack(
            '<4sI4s4sIHHIIHH4sI',
            *(b'RIFF', 36 + size, b'WAVE'),
            *(b'fmt ', 16, 1, 1, rate, 2 * rate, 2, 16),
            *(b'data', size),
        )

    def write(self, block: np.ndarray) -> None:
        """Append int16 samples."""
        self._file.write(block.astype('<i2').tobytes())
        self.samples += len(block)

    def close(self, samples: int | None = None) -> None:
        """Finish the file, cut to at most ``samples`` samples."""
        if self._file.closed:
            return
        if samples is not None:
            self.samples = min(self.samples, samples)
        header = self._header()
        self._file.truncate(len(header) + 2 * self.samples)
        self._file.seek(0)
        self._file.write(header)
        self._file.close()

    def __enter__(self) -> 'WavWriter':
        return self

    def __exit__(self, kind, *exc) -> None:
        self.close()
        if kind is not None:
            os.remove(self.path)


class LoudnessMeter:
    """The loudest tenth of a second of a stream of samples, 32768 being full
    scale."""

    def __init__(self, sample_rate: int) -> None:
        self._window = max(1, sample_rate // 10)
        self._rest = np.zeros(0, np.int16)
        self._peak = 0.0

    def add(self, block: np.ndarray) -> None:
        """Take in the next samples."""
        samples = np.concatenate([self._rest, block])
        whole = len(samples) // self._window * self._window
        self._rest = samples[whole:]
        windows = samples[:whole].reshape(-1, self._window)
        power = np.square(windows, dtype=np.float64).mean(axis=1)
        self._peak = float(power.max(initial=self._peak))

    @property
    def decibels(self) -> float:
        """dB below full scale (RMS); -200 for digital silence."""
        return float(10 * np.log10(max(self._peak / 32768.0**2, 1e-20)))


def extract_sound(
    path: str, wav_path: str, sample_rate: int = 16000
) -> tuple[float, float]:
    """Write the sound of a video to a wav whose first sample is heard with
    the first picture. The file appears complete or not at all.

    Args:
        path (str): The video.
        wav_path (str): File to write; its folder is made if needed.
        sample_rate (int): Hz; the sound becomes mono.

    Returns:
        tuple[float, float]: Seconds at which the real sound begins and ends;
        there is silence before.

    Raises:
        MediaError: The file is not media, or has no pictures or no sound.
    """
    info = probe(path)
    if info.video_codec is None:
        raise no_pictures(path)
    os.makedirs(os.path.dirname(wav_path) or '.', exist_ok=True)
    part = f'{wav_path}.part'
    try:
        with (
            open_container(path) as source,
            WavWriter(part, sample_rate) as wav,
        ):
            stream = audio_stream(source, info)
            decoder = SoundDecoder(stream)
            timeline = SoundTimeline(sample_rate)
            for packet in packets(source, stream):
                for begin, frame in decoder.decode(packet):
                    begin -= info.video_start
                    for block in timeline.add(frame, begin):
                        wav.write(block)
            for block in timeline.close():
                wav.write(block)
            if timeline.first is None:
                raise MediaError(
                    f'{path}: holds no sound after its first picture',
                    path,
                    'no_audio',
                )
    except (av.FFmpegError, ValueError) as error:
        raise MediaError(
            f'{path}: its sound cannot be decoded ({error})', path
        ) from None
    os.replace(part, wav_path)
    return timeline.first, timeline.written / sample_rate
