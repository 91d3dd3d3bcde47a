"""Decoded pictures in the order and at the times in which they are shown."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from .containers import damaged, packets
from .media_info import MediaInfo

# Pictures that no other needs are not decoded if the next wanted time is
# further ahead than this (s).
LEAD = 0.5
_NOT_DECODED = 'pictures cannot be decoded'


def picture_time(frame: av.VideoFrame, stream, container: str) -> float:
    """Presentation time (s, libavformat's clock) of a decoded picture.

    Args:
        frame (av.VideoFrame): The picture.
        stream (av.VideoStream): Where it comes from.
        container (str): Short name of the file's format.
    """
    if container != 'avi':
        time = frame.time
        return ticks_to_seconds(frame.dts, stream) if time is None else time
    # AVI stores no presentation times, and what libavformat guesses for
    # B-frames is not even increasing. But the n-th picture shown belongs to
    # the n-th chunk; it comes out of the decoder some chunks later.
    ticks = frame.pts if frame.dts is None else frame.dts
    context = stream.codec_context
    depth = getattr(context, 'reorder_depth', None)
    depth = int(context.has_b_frames) if depth is None else depth
    late = depth / float(stream.average_rate or 25)
    return ticks_to_seconds(ticks, stream) - late


def ticks_to_seconds(value: int | None, stream) -> float:
    """A time in ticks of a stream in seconds; None is 0."""
    return 0.0 if value is None else float(value * stream.time_base)


class PictureClock:
    """Times of pictures that are decoded one after the other.

    Args:
        info (MediaInfo): Properties of the file.
    """

    def __init__(self, info: MediaInfo) -> None:
        self._container, self._zero = info.container, info.zero
        self._period = 1 / info.fps if info.fps > 0 else 0.04
        self._last: float | None = None
        self._length = self._period

    def time(
        self, frame: av.VideoFrame, stream, rising: bool = False
    ) -> float | None:
        """Seconds after the file's first picture; None if no time is known.

        With ``rising``, None also for a picture that does not begin after
        the one before it; the clock then takes no notice of it.
        """
        last, container = self._last, self._container
        # The last pictures of an AVI come out after the last packet, so no
        # decoding time belongs to them.
        ticks = frame.dts
        if ticks is None and container != 'avi':
            ticks = frame.pts
        if ticks is not None:
            time = picture_time(frame, stream, container) - self._zero
        elif last is not None:
            time = last + self._period
        else:
            return None
        # MPEG-PS may tell one time for several pictures; what libavformat
        # makes of that is off by pictures, their number is not.
        if container == 'mpeg' and last is not None:
            following = last + self._length
            if abs(time - following) < 4 * self._period:
                time = following
        if rising and last is not None and time <= last:
            return None
        self._last = time
        if container == 'mpeg':
            length = float(frame.duration * stream.time_base)
            self._length = length or self._period
        return time


def decode_pictures(
    stream, info: MediaInfo, wanted: Sequence[float]
) -> Iterator[tuple[float, av.VideoFrame]]:
    """Decode from where a container stands.

    Args:
        stream (av.VideoStream): The pictures of the opened file.
        info (MediaInfo): Properties of the file.
        wanted (Sequence[float]): Sorted times. Pictures that no other needs
            are left out where the next of them is far. Empty: none is.

    Yields:
        tuple: When a picture begins (s after the first one), and the picture.

    Raises:
        MediaError: The file is damaged there.
    """
    clock, decoded = PictureClock(info), False
    context, skipping = stream.codec_context, False
    context.skip_frame = 'DEFAULT'
    base = float(stream.time_base)
    for packet in packets(stream.container, stream):
        if wanted and packet.pts is not None:
            shown = packet.pts * base - info.zero
            following = bisect_left(wanted, shown)
            far = following < len(wanted)
            far = far and wanted[following] - shown > LEAD
            if far != skipping:
                context.skip_frame = 'NONREF' if far else 'DEFAULT'
                skipping = far
        try:
            frames = packet.decode()
        except av.InvalidDataError as error:
            if not decoded:
                continue  # damaged by a seek, not in the file
            raise damaged(info.path, _NOT_DECODED, error) from None
        for frame in frames:
            begin = clock.time(frame, stream)
            if begin is not None:
                decoded = True
                yield begin, frame


def to_rgb(
    frame: av.VideoFrame, info: MediaInfo, reformatter: VideoReformatter
) -> np.ndarray:
    """A picture upright as ``(H, W, 3)`` uint8, in the memory that it was
    converted to; rows may be padded."""
    if frame.is_corrupt:
        raise damaged(info.path, _NOT_DECODED, 'one is incomplete')
    try:
        converted = reformatter.reformat(
            frame, info.width, info.height, 'rgb24', threads=1
        )
    except av.FFmpegError as error:
        raise damaged(info.path, _NOT_DECODED, error) from None
    plane = converted.planes[0]
    data = np.frombuffer(memoryview(plane), np.uint8)
    rows = data.reshape(converted.height, plane.line_size)
    rows = rows[:, : converted.width * 3]
    image = rows.reshape(converted.height, converted.width, 3)
    if converted is frame or info.rotation:
        # The decoder may need its picture unchanged.
        return np.rot90(image, info.rotation // 90).copy()
    return image
