"""Pictures by presentation time, through PyAV."""

import math
from bisect import bisect_left
from collections.abc import Iterator
from typing import Literal, overload

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from .containers import (
    discard_others,
    open_container,
    packets,
    video_stream,
)
from .errors import MediaError
from .probe import open_probed, picture_time
from .video_reader import EPSILON, VideoReader

# Containers in which the times after a seek were measured to be right. In
# MPEG-PS they are up to three pictures wrong, and where there is no way to
# know everything is decoded from the start.
_SEEKABLE = {'mov', 'matroska', 'mpegts', 'flv', 'avi'}
# Further ahead than this (s) a new seek is cheaper than decoding on, and where
# it saves more than so many pictures.
_SEEK_AHEAD = 4.0
_SEEK_PICTURES = 3
# Pictures that no other needs are not decoded if the next wanted time is
# further ahead than this (s).
_LEAD = 0.5
# How much earlier to look for a key frame when the first seek came too late.
_SEEK_BACK = (0.0, 1.0, 5.0)
# Seconds of pictures missing at the end that are not a matter of rounding.
_CUT_OFF = 0.5

# glibc hands freed memory back to the system, to ask for fresh pages for the
# next clip, until it has seen a large block freed. None of this is touched.
np.empty(31 * 2**20, np.uint8)


class PyAVVideo(VideoReader):
    """Seeks to the key frame before the wanted time and decodes onwards.

    Right for every file whose pictures have times at all; see
    :class:`VideoReader`.

    Args:
        path (str): The file.
        prepared_bytes (int): See :func:`open_probed`.
    """

    _pass = 0  # counts what moves the container away from where it stood

    def __init__(self, path: str, prepared_bytes: int = 0) -> None:
        self._container, info, self._fresh = open_probed(
            path, prepared_bytes=prepared_bytes
        )
        try:
            super().__init__(path, info)
            self._choose()
        except BaseException:
            self.close()
            raise
        self._reformatter = VideoReformatter()

    def _choose(self) -> None:
        self._stream = video_stream(self._container, self.path)
        # One thread: the workers of the loader are the parallelism.
        if not self._stream.codec_context.is_open:  # then it is set already
            self._stream.thread_type = 'NONE'
        discard_others(self._container, self._stream)

    def _rewind(self) -> None:
        """Go to the beginning, which is not always possible by seeking."""
        if self._container is None or not self._fresh:
            self.close()
            self._container = open_container(self.path)
            self._choose()

    def close(self) -> None:
        self._pass += 1
        if self._container is not None:
            self._container.close()
            self._container = None

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
        wanted, place = np.unique(times, return_inverse=True)
        images: list[np.ndarray] = []
        begins: list[float] = []
        try:
            for group in self._passes(wanted):
                part = self._read_group(group, self._skips())
                if part is None:  # a picture lasted long
                    part = self._read_group(group, False)
                images += part[0]
                begins += part[1]
        except av.FFmpegError as error:
            self.close()
            raise self._damaged(error) from None
        return [images[i] for i in place], np.array(begins)[place]

    def _passes(self, wanted: np.ndarray) -> list[np.ndarray]:
        """Cut sorted times where a seek is cheaper than decoding on."""
        gaps = np.diff(wanted)
        cuts = [
            i + 1
            for i in np.flatnonzero(gaps > _SEEK_PICTURES * self._period)
            if gaps[i] > _SEEK_AHEAD
            or self._saved(wanted[i], wanted[i + 1])
            > _SEEK_PICTURES * self._period
        ]
        return np.split(wanted, cuts) if wanted.size else []

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
        self, wanted: np.ndarray, skip: Literal[False]
    ) -> tuple[list, list]: ...
    @overload
    def _read_group(
        self, wanted: np.ndarray, skip: bool
    ) -> tuple[list, list] | None: ...
    def _read_group(
        self, wanted: np.ndarray, skip: bool
    ) -> tuple[list, list] | None:
        """The pictures at sorted times, and when each begins; None if one
        that was skipped could be among them."""
        images: list[np.ndarray] = []
        begins: list[float] = []
        last: av.VideoFrame | None = None
        last_begin, image = -math.inf, None
        times = wanted.tolist()  # Python's numbers are compared quicker
        first = times[0]
        for begin, frame in self._decode_from(first, wanted if skip else None):
            if last is not None and begin < last_begin - EPSILON:
                raise self._disordered(begin)
            while (
                len(images) < len(times)
                and begin > times[len(images)] + EPSILON
            ):
                if last is None:
                    raise self._damaged('the beginning is missing')
                if skip and times[len(images)] - last_begin > _LEAD:
                    return None
                if image is None:
                    image = self._to_rgb(last)
                images.append(image)
                begins.append(last_begin)
            if len(images) == len(times):
                return images, begins
            last, last_begin, image = frame, begin, None
        if last is None:
            raise self._damaged('no pictures found')
        if skip and wanted[-1] - last_begin > _LEAD:
            return None
        end = last_begin + self._period
        if wanted[-1] > end + self._period:
            raise self._outside(wanted[-1], end)
        rest = len(wanted) - len(images)
        return (
            images + [self._to_rgb(last)] * rest,
            begins + [last_begin] * rest,
        )

    def _disordered(self, begin: float) -> MediaError:
        return MediaError(
            f'{self.path}: the times of its pictures run backwards at '
            f'{begin:.3f} s; re-encode it with an editor or leave it out',
            self.path,
            'unsupported',
        )

    def _decode_from(
        self, time: float, wanted: np.ndarray | None = None
    ) -> Iterator:
        """Yield (begin, frame) in order of presentation, the first of them
        beginning at or before ``time`` unless it is the file's first. With
        ``wanted``, pictures far from these times may be missing."""
        self._pass += 1
        start = self.info.video_start - self.info.picture_shift
        if self._container is None:
            self._rewind()
        if self._can_seek():
            base = self._stream.time_base
            for back in _SEEK_BACK:
                target = time + EPSILON - back
                if target <= 0:
                    break
                self._fresh = False
                try:
                    self._container.seek(
                        int((target + start) / base), stream=self._stream
                    )
                except av.FFmpegError:
                    break
                found = False
                for begin, frame in self._pictures(wanted):
                    # What comes out before the first key frame may refer to
                    # pictures that were not decoded.
                    if not found and not frame.key_frame:
                        continue
                    if not found and begin > time + EPSILON:
                        break
                    found = True
                    yield begin, frame
                if found:
                    return
        self._rewind()
        yield from self._pictures(wanted)

    def _can_seek(self) -> bool:
        # Sought pictures of an AVI with B-frames have no reliable times;
        # counted from the start they have.
        if self.info.container == 'avi' and self.info.has_b_frames:
            return False
        return self.info.container in _SEEKABLE

    def _pictures(self, wanted: np.ndarray | None = None) -> Iterator:
        """Yield (begin, frame) from where the container stands; without
        those that no other picture needs if the next of the sorted times
        ``wanted`` is far."""
        self._fresh = False
        stream, info, begin, length = self._stream, self.info, None, 0.0
        context, skipping = stream.codec_context, False
        context.skip_frame = 'DEFAULT'
        times = [] if wanted is None else wanted.tolist()
        base = float(stream.time_base)
        zero = info.video_start - info.picture_shift
        for packet in packets(self._container, stream):
            if times and packet.pts is not None:
                shown = packet.pts * base - zero
                following = bisect_left(times, shown)
                far = following < len(times)
                far = far and times[following] - shown > _LEAD
                if far != skipping:
                    context.skip_frame = 'NONREF' if far else 'DEFAULT'
                    skipping = far
            try:
                frames = packet.decode()
            except av.InvalidDataError as error:
                if begin is None:
                    continue  # damaged by the seek, not in the file
                raise self._damaged(error) from None
            for frame in frames:
                untimed = frame.dts is None and (
                    frame.pts is None or info.container == 'avi'
                )
                last = begin
                if not untimed:
                    begin = picture_time(frame, stream, info)
                    begin -= info.video_start
                elif last is not None:
                    begin += self._period
                else:
                    continue
                # MPEG-PS may note one time for several pictures; what
                # libavformat makes of it was seen to be two pictures wrong.
                if info.container == 'mpeg':
                    if last is not None:
                        near = abs(begin - last - length) < 4 * self._period
                        begin = last + length if near else begin
                    length = float(frame.duration * stream.time_base)
                    length = length or self._period
                yield begin, frame

    def _to_rgb(self, frame: av.VideoFrame) -> np.ndarray:
        """A picture upright as ``(H, W, 3)``, in the memory that it was
        converted to; rows may be padded."""
        if frame.is_corrupt:
            raise self._damaged('a picture is incomplete')
        converted = self._reformatter.reformat(
            frame,
            width=self.info.width,
            height=self.info.height,
            format='rgb24',
            threads=1,
        )
        plane = converted.planes[0]
        data = np.frombuffer(memoryview(plane), np.uint8)
        rows = data.reshape(converted.height, plane.line_size)
        rows = rows[:, : converted.width * 3]
        image = rows.reshape(converted.height, converted.width, 3)
        if converted is frame or self.info.rotation:
            # The decoder may need its picture unchanged.
            return np.rot90(image, self.info.rotation // 90).copy()
        return image
