"""Decoding with PyAV, in the order of presentation, from any moment on."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from .containers import (
    discard_others,
    open_container,
    packets,
    video_stream,
)
from .picture_time import picture_time
from .probe import open_probed
from .video_reader import EPSILON, VideoReader

# Containers in which the times after a seek were measured to be right. In
# MPEG-PS they are up to three pictures wrong, and where there is no way to
# know everything is decoded from the start.
_SEEKABLE = {'mov', 'matroska', 'mpegts', 'flv', 'avi'}
# Pictures that no other needs are not decoded if the next wanted time is
# further ahead than this (s).
LEAD = 0.5
# How much earlier to look for a key frame when the first seek came too late.
_SEEK_BACK = (0.0, 1.0, 5.0)

# glibc hands freed memory back to the system, to ask for fresh pages for the
# next clip, until it has seen a large block freed. None of this is touched.
np.empty(31 * 2**20, np.uint8)


class PyAVDecoder(VideoReader):
    """Goes to the key frame before a time and decodes onwards.

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

    def _decode_from(
        self, time: float, wanted: Sequence[float] = ()
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

    def _pictures(self, wanted: Sequence[float] = ()) -> Iterator:
        """Yield (begin, frame) from where the container stands; without
        those that no other picture needs if the next of the sorted times
        ``wanted`` is far."""
        self._fresh = False
        stream, info, begin, length = self._stream, self.info, None, 0.0
        context, skipping = stream.codec_context, False
        context.skip_frame = 'DEFAULT'
        base = float(stream.time_base)
        zero = info.video_start - info.picture_shift
        for packet in packets(self._container, stream):
            if wanted and packet.pts is not None:
                shown = packet.pts * base - zero
                following = bisect_left(wanted, shown)
                far = following < len(wanted)
                far = far and wanted[following] - shown > LEAD
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

    def _complete(self, frame: av.VideoFrame) -> av.VideoFrame:
        if frame.is_corrupt:
            raise self._damaged('a picture is incomplete')
        return frame

    def _to_rgb(self, frame: av.VideoFrame) -> np.ndarray:
        """A picture upright as ``(H, W, 3)``, in the memory that it was
        converted to; rows may be padded."""
        converted = self._reformatter.reformat(
            self._complete(frame),
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
