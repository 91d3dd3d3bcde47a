"""Sound laid on the clock of the video.

Timestamps of real files jitter, jump and drift against the number of samples
that they are meant to describe. What leaves this module is one steady stream
whose sample ``i`` is heard ``i / sample_rate`` seconds after the first
picture.
"""

from collections import deque
from collections.abc import Iterator

import av
import numpy as np


class SoundTimeline:
    """Decoded sound, resampled to mono and laid on the video's clock.

    Sound before t = 0 is cut off, holes are filled with silence, and slow
    drift between timestamps and the number of samples is taken out in steps
    that keep the error below ``tolerance``. The jitter of single timestamps
    (Matroska rounds them to milliseconds) changes nothing.

    Args:
        sample_rate (int): Hz of the output.
        tolerance (float): Seconds by which the median of the last timestamps
            may differ from the number of samples before a correction.
        jump (float): Seconds of difference that are taken for a hole or a
            jump at once.
        max_gap (float): Longest hole in seconds that is filled.

    Attributes:
        first (float | None): Seconds of the first real sample.
        written (int): Samples handed out since t = 0, silence included.
    """

    _WINDOW = 31

    def __init__(
        self,
        sample_rate: int,
        tolerance: float = 0.01,
        jump: float = 0.1,
        max_gap: float = 120.0,
    ) -> None:
        self.sample_rate = sample_rate
        self.tolerance = tolerance
        self.jump = jump
        self.max_gap = max_gap
        self.first: float | None = None
        self.written = 0
        self._resampler: av.AudioResampler | None = None
        self._form: tuple[str, str, int] | None = None
        self._anchor = 0.0  # time of the run's first input sample
        self._count = 0  # input samples of the run
        self._position = 0  # place of the run's next output sample
        self._errors: deque[float] = deque(maxlen=self._WINDOW)

    def add(
        self, frame: av.AudioFrame, time: float | None
    ) -> Iterator[np.ndarray]:
        """Blocks of int16 samples that follow on what was handed out.

        Args:
            frame (av.AudioFrame): Decoded sound.
            time (float | None): Its time on the video's clock in seconds.

        Raises:
            ValueError: The timestamps jump further than ``max_gap``.
        """
        form = (frame.format.name, frame.layout.name, frame.sample_rate)
        expected = self._anchor
        if self._form is not None:
            expected += self._count / self._form[2]
        if time is None:
            time = expected
        start = self._restart_at(time, expected, form)
        if start is not None:
            yield from self._flush()
            if start - self.written / self.sample_rate > self.max_gap:
                raise ValueError(
                    f'its sound jumps from {expected:.2f} s to {start:.2f} s'
                )
            self._form, self._anchor, self._count = form, start, 0
            self._position = round(start * self.sample_rate)
            self._errors.clear()
            self._resampler = av.AudioResampler(
                format='s16', layout='mono', rate=self.sample_rate
            )
        self._count += frame.samples
        frame.pts = None  # the resampler counts by itself
        yield from self._place(self._resample(frame))

    def close(self) -> Iterator[np.ndarray]:
        """The last blocks."""
        yield from self._flush()

    def _restart_at(self, time, expected, form) -> float | None:
        """Time at which a new run begins, None to go on with this one."""
        if self._form is None:
            return time
        error = time - expected
        if abs(error) > self.jump:
            return time
        self._errors.append(error)
        if len(self._errors) == self._WINDOW:
            middle = float(np.median(self._errors))
            if abs(middle) > self.tolerance:
                return expected + middle
        return expected if form != self._form else None

    def _resample(self, frame: av.AudioFrame | None) -> list[av.AudioFrame]:
        return self._resampler.resample(frame) if self._resampler else []

    def _flush(self) -> Iterator[np.ndarray]:
        rest = self._resample(None)
        self._resampler = None
        yield from self._place(f for f in rest if f is not None)

    def _place(self, frames) -> Iterator[np.ndarray]:
        for frame in frames:
            block = frame.to_ndarray().reshape(-1)
            start, self._position = (
                self._position,
                self._position + len(block),
            )
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
