"""Pictures by presentation time, through PyAV."""

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Literal, overload

import av
import numpy as np

from .media_info import MediaError
from .pyav_decoder import LEAD, PyAVDecoder
from .video_reader import EPSILON

# Further ahead than this (s) a new seek is cheaper than decoding on, and where
# it saves more than so many pictures.
_SEEK_AHEAD = 4.0
_SEEK_PICTURES = 3
# Seconds of pictures missing at the end that are not a matter of rounding.
_CUT_OFF = 0.5


class PyAVVideo(PyAVDecoder):
    """Seeks to the key frame before the wanted time and decodes onwards.

    Right for every file whose pictures have times at all; see
    :class:`VideoReader`.

    Args:
        path (str): The file.
        prepared_bytes (int): See :func:`open_probed`.
    """

    def stream(self, begin: float, step: float) -> Iterator[np.ndarray]:
        """The pictures on screen at ``begin``, ``begin + step``, ... until
        they end, in one pass of decoding and with no more than two of them in
        memory.

        The same reader cannot be asked for anything else meanwhile.

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
            raise ValueError(
                f'{self.path}: bad steps: begin {begin}, step {step}'
            )
        if begin < -self._period:
            raise self._outside(begin, self.info.video_duration)
        try:
            yield from self._stream_from(begin, step)
        except av.FFmpegError as error:
            self.close()
            raise self._damaged(error) from None

    def _stream_from(self, first: float, step: float) -> Iterator[np.ndarray]:
        done, last, image, end = 0, None, None, 0.0
        wanted = max(first, 0.0)
        for begin, frame in self._decode_from(wanted):
            if last is not None and begin < last[0] - EPSILON:
                raise self._disordered(begin)
            while begin > wanted + EPSILON:
                if last is None:
                    raise self._damaged('the beginning is missing')
                if image is None:
                    image = self._to_rgb(last[1])
                current = self._pass
                yield image
                if current != self._pass:
                    raise RuntimeError(
                        f'{self.path}: something else was read from this '
                        'reader while its pictures were streamed; open two'
                    )
                done += 1
                wanted = max(first + done * step, 0.0)
            last, image = (begin, frame), None
            length = float(frame.duration * self._stream.time_base)
            end = begin + (length or self._period)
        if last is None:
            raise self._damaged('no pictures found')
        if done == 0 and wanted > end + self._period:
            raise self._outside(wanted, end)
        while wanted < end - EPSILON:
            image = self._to_rgb(last[1]) if image is None else image
            yield image
            done += 1
            wanted = max(first + done * step, 0.0)
        # Only mp4 notes the length of each track.
        known = self.info.video_duration
        if self.info.container == 'mov' and end + _CUT_OFF < known:
            raise self._outside((end + known) / 2, end)

    def _read(self, times: np.ndarray) -> tuple[list, np.ndarray]:
        asked = times.tolist()  # Python's numbers are compared quicker
        wanted = sorted(set(asked))
        found: list[tuple] = []
        try:
            for group in self._passes(wanted):
                part = self._read_group(group, self._skips())
                if part is None:  # a picture lasted long
                    part = self._read_group(group, False)
                found += part
        except av.FFmpegError as error:
            self.close()
            raise self._damaged(error) from None
        of_time = dict(zip(wanted, found))
        images = [of_time[time][0] for time in asked]
        return images, np.array([of_time[time][1] for time in asked])

    def _passes(self, wanted: list[float]) -> list[list[float]]:
        """Cut sorted times where a seek is cheaper than decoding on."""
        least = _SEEK_PICTURES * self._period
        cuts = [
            i
            for i, (last, following) in enumerate(pairwise(wanted), 1)
            if following - last > least
            and (
                following - last > _SEEK_AHEAD
                or self._saved(last, following) > least
            )
        ]
        ends = [*cuts, len(wanted)] if wanted else []
        return [wanted[i:j] for i, j in zip([0, *cuts], ends)]

    def _saved(self, last: float, following: float) -> float:
        """Seconds from a time to the last key frame before another."""
        if self._container is None or not self._can_seek():
            return 0.0
        # Absent from old PyAV; Matroska's index may not have been read yet.
        entries = getattr(self._stream, 'index_entries', None)
        start = self.info.video_start - self.info.picture_shift
        base = float(self._stream.time_base)
        if not entries:
            return 0.0
        found = entries.search_timestamp(int((following + start) / base))
        if found < 0:
            return 0.0
        return entries[found].timestamp * base - start - last

    def _skips(self) -> bool:
        """Whether pictures may be left out: they come with their times, and
        no reordering is needed to tell these."""
        info = self.info
        return (
            info.video_codec == 'h264'
            and info.has_b_frames
            and info.container in ('mov', 'matroska')
        )

    @overload
    def _read_group(
        self, wanted: list[float], skip: Literal[False]
    ) -> list[tuple]: ...
    @overload
    def _read_group(
        self, wanted: list[float], skip: bool
    ) -> list[tuple] | None: ...
    def _read_group(
        self, wanted: list[float], skip: bool
    ) -> list[tuple] | None:
        """The pictures at sorted times, each with when it begins; None if one
        that was skipped could be among them."""
        found: list[tuple] = []
        last: av.VideoFrame | None = None
        last_begin, image = -math.inf, None
        decoded = self._decode_from(wanted[0], wanted if skip else ())
        for begin, frame in decoded:
            if last is not None and begin < last_begin - EPSILON:
                raise self._disordered(begin)
            while (
                len(found) < len(wanted)
                and begin > wanted[len(found)] + EPSILON
            ):
                if last is None:
                    raise self._damaged('the beginning is missing')
                if skip and wanted[len(found)] - last_begin > LEAD:
                    return None
                if image is None:
                    image = self._to_rgb(last)
                found.append((image, last_begin))
            if len(found) == len(wanted):
                return found
            last, last_begin, image = frame, begin, None
        if last is None:
            raise self._damaged('no pictures found')
        if skip and wanted[-1] - last_begin > LEAD:
            return None
        end = last_begin + self._period
        if wanted[-1] > end + self._period:
            raise self._outside(wanted[-1], end)
        rest = len(wanted) - len(found)
        return found + [(self._to_rgb(last), last_begin)] * rest

    def _disordered(self, begin: float) -> MediaError:
        return MediaError(
            f'{self.path}: the times of its pictures run backwards at '
            f'{begin:.3f} s; re-encode it with an editor or leave it out',
            self.path,
            'unsupported',
        )
