"""Decoded pictures: when they are shown, upright, and at a constant rate."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.filter import Graph
from av.video.reformatter import VideoReformatter

from .containers import MediaInfo, damaged, packets
from .options import PrepareOptions

# Pictures that no other needs are not decoded if the next wanted time is
# further ahead than this (s).
LEAD = 0.5
# Seconds by which times may run backwards: a matter of rounding and damage.
MAX_BACK = 0.5
_MICROSECOND = Fraction(1, 1_000_000)
_NOT_DECODED = 'pictures cannot be decoded'


def picture_time(frame: av.VideoFrame, stream, container: str) -> float:
    """Presentation time (s, libavformat's clock) of a decoded picture."""
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
    """Times of pictures that are decoded one after the other."""

    def __init__(self, info: MediaInfo) -> None:
        self._container, self._zero = info.container, info.zero
        self._period = 1 / info.fps if info.fps > 0 else 0.04
        self._last: float | None = None
        self._length = self._period

    def time(
        self, frame: av.VideoFrame, stream, rising: bool = False
    ) -> float | None:
        """Seconds after the file's first picture; None if no time is known,
        or with ``rising`` for a picture that does not begin after the one
        before it, of which the clock then takes no notice; ValueError if it
        begins long before."""
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
            off = abs(time - following) / self._period
            if 0.25 < off < 4:
                time = following
        if rising and last is not None and time <= last:
            if time < last - MAX_BACK:
                raise ValueError(
                    f'its pictures jump back from {last:.2f} s to {time:.2f} '
                    's, as in recordings joined end to end; cut it apart, or '
                    're-encode it with an editor'
                )
            return None
        self._last = time
        if container == 'mpeg':
            length = float(frame.duration * stream.time_base)
            self._length = length or self._period
        return time


def decode_pictures(
    stream, info: MediaInfo, wanted: Sequence[float]
) -> Iterator[tuple[float, av.VideoFrame]]:
    """Decode from where a container stands: yield when a picture begins (s
    after the first one), and the picture.

    Pictures that no other needs are left out where the next of the wanted
    (sorted) times is far; none if it is empty.
    """
    clock, decoded = PictureClock(info), False
    context, skipping = stream.codec_context, False
    context.skip_frame = 'DEFAULT'
    base, zero = float(stream.time_base), info.zero
    for packet in packets(stream.container, stream):
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


def upright_filters(frame: av.VideoFrame) -> list[tuple[str, str]]:
    """Filters that turn a stored picture the way it is to be displayed.

    The display matrix maps a stored point (x, y) to (a x + c y, b x + d y),
    y pointing down. Filters are given by name and arguments.
    """
    # PyAV's own types take the mapping for one of its values.
    data: Any = frame.side_data.get('DISPLAYMATRIX')
    if data is None:
        return []
    matrix = np.frombuffer(bytes(data), np.int32)[:9].reshape(3, 3)
    (a, b), (c, d) = matrix[0, :2], matrix[1, :2]
    if abs(int(a)) + abs(int(d)) >= abs(int(b)) + abs(int(c)):
        flips = (('hflip', a), ('vflip', d))
        return [(name, '') for name, sign in flips if sign < 0]
    directions = {
        (False, True): 'clock',
        (True, False): 'cclock',
        (False, False): 'cclock_flip',
        (True, True): 'clock_flip',
    }
    return [('transpose', directions[bool(b < 0), bool(c < 0)])]


class PictureGraph:
    """Constant rate, upright, cropped, square pixels, scaled, ``yuv420p``.

    Pictures of another size or format than the first are brought to its
    form. ``aspect`` is the width of a stored pixel over its height.
    """

    def __init__(
        self,
        first: av.VideoFrame,
        aspect: Fraction | None,
        options: PrepareOptions,
    ) -> None:
        self._form = (first.width, first.height, first.format.name)
        turn = upright_filters(first)
        shape = np.array([first.width, first.height])
        pixel = np.array([float(aspect or 1), 1.0])
        if turn and turn[0][0] == 'transpose':
            shape, pixel = shape[::-1], pixel[::-1]
        x1, y1, x2, y2 = options.crop or (0.0, 0.0, 1.0, 1.0)
        corner = np.floor(shape * (x1, y1)).astype(int)
        size = np.maximum(np.rint(shape * (x2 - x1, y2 - y1)), 2).astype(int)
        shown = size * pixel
        # 4:2:0 chroma needs even numbers.
        width, height = (
            max(2, 2 * round(side * options.short_side / shown.min() / 2))
            for side in shown
        )
        crop = f'{size[0]}:{size[1]}:{corner[0]}:{corner[1]}'
        chain = [
            # Only the pictures that are kept are worth turning and scaling.
            ('fps', f'fps={options.fps}:start_time=0'),
            *turn,
            *([('crop', crop)] if options.crop is not None else []),
            # Readers take a small picture without colour tags for BT.601.
            (
                'scale',
                f'{width}:{height}:flags=bicubic'
                ':out_color_matrix=bt601:out_range=tv',
            ),
            ('setsar', '1'),
            ('format', 'yuv420p'),
        ]
        self._graph = Graph()
        if hasattr(self._graph, 'threads'):  # since PyAV 17
            self._graph.threads = 1
        nodes = [
            self._graph.add_buffer(
                width=first.width,
                height=first.height,
                format=first.format,
                time_base=_MICROSECOND,
            )
        ]
        nodes += [self._graph.add(*filter) for filter in chain]
        nodes.append(self._graph.add('buffersink'))
        self._graph.link_nodes(*nodes).configure()

    def add(
        self, frame: av.VideoFrame, time: float
    ) -> Iterator[av.VideoFrame]:
        """Pictures that are complete once this one is known, which is shown
        ``time`` s after the first that comes out."""
        if (frame.width, frame.height, frame.format.name) != self._form:
            width, height, form = self._form
            frame = frame.reformat(width, height, form)
        shown = (frame.duration or 0) * (frame.time_base or 0)
        frame.pts = round(time / _MICROSECOND)
        frame.time_base = _MICROSECOND
        frame.duration = round(shown / _MICROSECOND)
        self._graph.vpush(frame)
        yield from self._pull()

    def close(self) -> Iterator[av.VideoFrame]:
        """The last pictures."""
        self._graph.vpush(None)
        yield from self._pull()

    def _pull(self) -> Iterator[av.VideoFrame]:
        while True:
            try:
                frame = self._graph.vpull()
            except (av.BlockingIOError, av.EOFError):
                return
            frame.pict_type = 0  # the encoder decides, not the source
            yield frame
