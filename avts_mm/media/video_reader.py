"""Which picture is on screen when: pictures at given seconds, by PyAV."""

import math
import os
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import dropwhile

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from .containers import (
    alone,
    damaged,
    disordered,
    open_container,
    video_stream,
)
from .errors import MediaError
from .presentation import LEAD, decode_pictures, to_rgb
from .probe import open_probed

# Containers with millisecond clocks round 1/30 s to 33 ms: a picture that
# begins less than this after the asked time is the one that was meant.
EPSILON = 1e-3
# A damaged header may promise pictures that fill the memory; 8K has half of
# this.
MAX_PIXELS = 2**26
# Containers in which the times after a seek were measured to be right; others
# are decoded from the start (MPEG-PS is up to three pictures wrong).
_SEEKABLE = {'mov', 'matroska', 'mpegts', 'flv', 'avi'}
# How much earlier to look for a key frame when the first seek came too late.
_SEEK_BACK = (0.0, 1.0, 5.0)
# Further ahead than this (s) a new seek is cheaper than decoding on.
_SEEK_AHEAD = 4.0
# Seconds of pictures missing at the end that are not a matter of rounding.
_CUT_OFF = 0.5
_ELSEWHERE = 'something else was read while pictures were streamed; open two'


class VideoReader(AbstractContextManager):
    """Answers which picture is on screen ``t`` seconds after the first one.

    Right for every file whose pictures have times at all. A context manager.

    Args:
        path (str): The file.
        prepared_bytes (int): See :func:`~avts_mm.media.probe.open_probed`.

    Attributes:
        path (str): The file.
        info (MediaInfo): Its properties.
        seekable (bool): It need not be decoded from the beginning.

    Raises:
        MediaError: The file cannot be read or has no pictures.
    """

    def __init__(self, path: str, prepared_bytes: int = 0) -> None:
        self.path = os.fspath(path)
        self._pass = 0  # counts passes of decoding
        opened = open_probed(self.path, prepared_bytes=prepared_bytes)
        self._container, info, self._fresh = opened
        self.info = info
        try:
            self._stream = alone(video_stream(self._container, self.info))
            if info.width * info.height > MAX_PIXELS:
                raise self._damaged(f'of {info.width} x {info.height} pixels')
        except BaseException:
            self.close()
            raise
        self._period = 1 / info.fps if info.fps > 0 else 0.04
        # Sought pictures of an AVI with B-frames have no reliable times;
        # counted from the start they have.
        counted = info.container == 'avi' and info.has_b_frames
        self.seekable = info.container in _SEEKABLE and not counted
        self._seeks = _SEEK_BACK if self.seekable else ()
        # Pictures may be left out where they come with their times, and no
        # reordering is needed to tell these.
        self._skip = (
            info.video_codec == 'h264'
            and info.has_b_frames
            and info.container in ('mov', 'matroska')
        )
        self._reformatter = VideoReformatter()

    def frames(self, times) -> np.ndarray:
        """The pictures of :meth:`read`."""
        return self.read(times)[0]

    def frame_times(self, times) -> np.ndarray:
        """The times of :meth:`read`."""
        return self.read(times)[1]

    def read(self, times) -> tuple[np.ndarray, np.ndarray]:
        """What :meth:`pictures` gives, the pictures as ``(T, H, W, 3)``."""
        images, begins = self.pictures(times)
        return np.stack(images), begins

    def pictures(self, times) -> tuple[list[np.ndarray], np.ndarray]:
        """The pictures on screen at the given times.

        Args:
            times (Sequence[float]): Seconds after the first picture, in any
                order.

        Returns:
            tuple: Arrays ``(H, W, 3)`` uint8, RGB, none of which shares its
            memory; and ``(T,)`` float64, when these pictures begin.

        Raises:
            MediaError: A time lies outside the track by more than the length
                of one picture, or the file is damaged there.
        """
        times = np.asarray(times, dtype=np.float64).reshape(-1)
        if not np.isfinite(times).all():
            raise ValueError(f'{self.path}: times must be finite')
        if times.size and times.min() < -self._period:
            raise self._outside(times.min(), self.info.video_duration)
        images, begins = self._read(np.maximum(times, 0.0))
        seen = set()
        for i, image in enumerate(images):
            if id(image) in seen:
                images[i] = image.copy()
            seen.add(id(image))
        return images, begins

    def stream(self, begin: float, step: float) -> Iterator[np.ndarray]:
        """The pictures on screen at ``begin``, ``begin + step``, ... until
        they end, in one pass and with no more than two of them in memory. The
        reader cannot be asked for anything else meanwhile.

        Args:
            begin (float): Seconds after the first picture.
            step (float): Seconds from one to the next, more than 0.

        Yields:
            np.ndarray: ``(H, W, 3)`` uint8, RGB; a picture that stays on
            screen is the same array again.

        Raises:
            MediaError: ``begin`` lies outside the track by more than the
                length of one picture, or the file is damaged or cut off.
        """
        if not (math.isfinite(begin) and 0 < step < math.inf):
            raise ValueError(f'{self.path}: bad steps: {begin}, {step}')
        if begin < -self._period:
            raise self._outside(begin, self.info.video_duration)
        done, wanted, end = 0, max(begin, 0.0), 0.0
        for shown, end, frame in self._on_screen(wanted):
            if end == math.inf:
                length = float(frame.duration * self._stream.time_base)
                end = shown + (length or self._period)
                if done == 0 and wanted > end + self._period:
                    raise self._outside(wanted, end)
            image = None
            while end > wanted + EPSILON:
                if image is None:
                    image = to_rgb(frame, self.info, self._reformatter)
                yield image
                done += 1
                wanted = max(begin + done * step, 0.0)
        # Only mp4 notes the length of each track.
        known = self.info.video_duration
        if self.info.container == 'mov' and end + _CUT_OFF < known:
            raise self._outside((end + known) / 2, end)

    def close(self) -> None:
        """Free the file handle and the decoder."""
        if self._container is not None:
            self._container.close()
            self._container = None

    def __exit__(self, *exc) -> None:
        self.close()

    def _read(self, times: np.ndarray) -> tuple[list, np.ndarray]:
        """The pictures at times from 0 on, the same array where one is on
        screen at several of them, and when each begins."""
        asked = times.tolist()  # Python's numbers are compared quicker
        wanted = sorted(set(asked))
        begins = [
            i
            for i, time in enumerate(wanted)
            if i == 0 or time - wanted[i - 1] > _SEEK_AHEAD
        ]
        found: dict[float, tuple] = {}
        for i, j in zip(begins, [*begins[1:], len(wanted)]):
            found.update(self._read_span(wanted[i:j], self._skip))
        images = [found[time][0] for time in asked]
        return images, np.array([found[time][1] for time in asked])

    def _read_span(self, wanted: list[float], skip: bool) -> dict:
        """The pictures at sorted times, each with when it begins."""
        found: dict[float, tuple] = {}
        latest = [time + EPSILON for time in wanted]
        near = wanted if skip else ()
        for begin, end, frame in self._on_screen(wanted[0], near):
            last = bisect_left(latest, end, len(found))
            here = wanted[len(found) : last]
            if not here:
                continue
            # One that was skipped could be on screen by then.
            if skip and here[-1] - begin > LEAD:
                return self._read_span(wanted, False)
            if end == math.inf and here[-1] > begin + 2 * self._period:
                raise self._outside(here[-1], begin + self._period)
            image = to_rgb(frame, self.info, self._reformatter)
            for time in here:
                found[time] = image, begin
            if last == len(wanted):
                break
        return found

    def _on_screen(self, time: float, wanted: Sequence[float] = ()):
        """Yield (begin, end, picture) from the one at ``time`` on; the end of
        the last one is infinite. With ``wanted``, pictures far from these
        times may be missing."""
        self._pass += 1
        current, last = self._pass, None
        try:
            for begin, frame in self._decode_from(time, wanted):
                if last is None and begin > time + EPSILON:
                    raise self._damaged('the beginning is missing')
                if last is not None:
                    if begin < last[0] - EPSILON:
                        raise disordered(self.path, begin)
                    yield last[0], begin, last[1]
                    if current != self._pass or self._container is None:
                        raise RuntimeError(f'{self.path}: {_ELSEWHERE}')
                last = begin, frame
        except av.FFmpegError as error:
            self.close()
            raise self._damaged(error) from None
        if last is None:
            raise self._damaged('none found')
        yield last[0], math.inf, last[1]

    def _decode_from(self, time: float, wanted: Sequence[float]) -> Iterator:
        """Yield (begin, picture) in order of presentation, the first of them
        beginning at or before ``time`` unless it is the file's first."""
        if self._container is None:
            self._rewind()
        for back in self._seeks:
            target = time + EPSILON - back
            if target <= 0:
                break
            ticks = (target + self.info.zero) / self._stream.time_base
            self._fresh = False
            try:
                self._container.seek(int(ticks), stream=self._stream)
            except av.FFmpegError:
                break
            # What comes out before the first key frame may refer to pictures
            # that were not decoded.
            decoded = decode_pictures(self._stream, self.info, wanted)
            shown = dropwhile(lambda shown: not shown[1].key_frame, decoded)
            first = next(shown, None)
            if first is not None and first[0] <= time + EPSILON:
                yield first
                yield from shown
                return
        self._rewind()
        self._fresh = False
        yield from decode_pictures(self._stream, self.info, wanted)

    def _rewind(self) -> None:
        """Go to the beginning, which is not always possible by seeking."""
        if self._container is None or not self._fresh:
            if self._container is not None:
                self._container.close()
            self._container = open_container(self.path)
            self._stream = alone(video_stream(self._container, self.info))

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
        return damaged(self.path, 'pictures cannot be decoded', cause)
