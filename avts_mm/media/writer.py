"""The two files of a prepared video: an mp4 and the wav beside it."""

import contextlib
import struct

import av
import numpy as np

from .options import PrepareOptions


class WavWriter:
    """16-bit mono wav written block by block, its length settled at the end.

    Args:
        path (str): File to write.
        sample_rate (int): Hz.
    """

    _HEADER = 44

    def __init__(self, path: str, sample_rate: int) -> None:
        self.sample_rate = sample_rate
        self.samples = 0
        self._file = open(path, 'wb')  # noqa: SIM115
        self._file.write(bytes(self._HEADER))

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
        size = 2 * self.samples
        form = (16, 1, 1, self.sample_rate, 2 * self.sample_rate, 2, 16)
        self._file.truncate(self._HEADER + size)
        self._file.seek(0)
        self._file.write(
            struct.pack('<4sI4s', b'RIFF', self._HEADER - 8 + size, b'WAVE')
            + struct.pack('<4sIHHIIHH', b'fmt ', *form)
            + struct.pack('<4sI', b'data', size)
        )
        self._file.close()


class LoudnessMeter:
    """The loudest tenth of a second of a stream of int16 samples.

    Args:
        sample_rate (int): Hz.
    """

    def __init__(self, sample_rate: int) -> None:
        self._window = max(1, sample_rate // 10)
        self._rest = np.zeros(0, np.int16)
        self._peak = 0.0

    def add(self, block: np.ndarray) -> None:
        """Take in the next samples."""
        samples = np.concatenate([self._rest, block])
        whole = len(samples) // self._window * self._window
        self._rest = samples[whole:]
        if whole:
            windows = samples[:whole].reshape(-1, self._window)
            power = np.square(windows, dtype=np.float64).mean(axis=1)
            self._peak = max(self._peak, float(power.max()))

    @property
    def decibels(self) -> float:
        """dB below full scale (RMS); -inf for digital silence."""
        if self._peak == 0:
            return float('-inf')
        return float(10 * np.log10(self._peak / 32768.0**2))


class PreparedWriter:
    """Encodes pictures and sound as they come.

    Readers take for granted what the mp4 is like where its size tells that it
    is unchanged (``prepared_bytes`` of the annotation): h264 without B-frames,
    upright; the first picture at 0 s of the container's clock, the others at a
    constant rate, all of them shown; one track of sound; the length of each
    track in the head.

    Args:
        mp4_path (str): File for h264 without B-frames, and AAC.
        wav_path (str): File for the same sound, uncompressed.
        width (int): Pixels.
        height (int): Pixels.
        options (PrepareOptions): Rates and quality.
        seconds (float): Nothing after this is written.

    Attributes:
        pictures (int): Pictures written.
    """

    def __init__(
        self,
        mp4_path: str,
        wav_path: str,
        width: int,
        height: int,
        options: PrepareOptions,
        seconds: float = float('inf'),
    ) -> None:
        self.options = options
        self.pictures = 0
        self._max_pictures = self._max_samples = None
        if seconds < float('inf'):
            self._max_pictures = round(seconds * options.rate)
            self._max_samples = round(seconds * options.sample_rate)
        self._wav = WavWriter(wav_path, options.sample_rate)
        self._out = av.open(
            mp4_path, 'w', format='mp4', options={'movflags': '+faststart'}
        )
        self._video = self._out.add_stream(
            'libx264',
            rate=options.rate,
            options={
                'preset': options.preset,
                # Simpler entropy coding, no filter: files grow by 5 %, and
                # decoding takes half the time.
                'tune': 'fastdecode',
                'crf': str(options.crf),
                'bf': '0',
                'g': str(options.gop),
                'keyint_min': str(options.gop),
                'sc_threshold': '0',
            },
        )
        context = self._video.codec_context
        context.width, context.height = width, height
        context.pix_fmt = 'yuv420p'
        context.thread_count = 1
        self._audio = self._out.add_stream(
            'aac', rate=options.sample_rate, layout='mono'
        )
        self._audio.codec_context.bit_rate = 64_000

    @property
    def seconds(self) -> float:
        """Length of the pictures written."""
        return float(self.pictures / self.options.rate)

    def add_picture(self, frame: av.VideoFrame) -> None:
        """Write the next picture of the constant rate."""
        if self.pictures == self._max_pictures:
            return
        frame.pts, frame.time_base = self.pictures, 1 / self.options.rate
        self.pictures += 1
        self._out.mux(self._video.encode(frame))

    def add_sound(self, block: np.ndarray) -> None:
        """Write int16 samples that follow on the ones before."""
        if self._max_samples is not None:
            block = block[: max(0, self._max_samples - self._wav.samples)]
        if not len(block):
            return
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(block[None]), format='s16', layout='mono'
        )
        frame.sample_rate = self.options.sample_rate
        frame.pts = self._wav.samples
        self._wav.write(block)
        self._out.mux(self._audio.encode(frame))

    def finish(self) -> None:
        """Complete both files; the wav ends with the last picture."""
        self._out.mux(self._video.encode(None))
        self._out.mux(self._audio.encode(None))
        self._out.close()
        self._wav.close(round(self.seconds * self.options.sample_rate))

    def abort(self) -> None:
        """Close the files as they are, after an error."""
        self._wav.close()
        # Where nothing was muxed yet there is no file to complete.
        with contextlib.suppress(av.FFmpegError, ValueError):
            self._out.close()
