"""Pictures at a constant rate and size: the video half of preparation."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.filter import Graph

from .options import PrepareOptions

_MICROSECOND = Fraction(1, 1_000_000)


def upright_filters(frame: av.VideoFrame) -> list[tuple[str, str]]:
    """Filters that turn a stored picture the way it is to be displayed.

    The display matrix maps a stored point (x, y) to (a x + c y, b x + d y),
    y pointing down.

    Args:
        frame (av.VideoFrame): Decoded picture with its side data.

    Returns:
        list[tuple[str, str]]: Names and arguments of libavfilter filters.
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

    Args:
        first (av.VideoFrame): First decoded picture; later ones of another
            size or format are brought to its form.
        aspect (Fraction | None): Width of a stored pixel over its height.
        options (PrepareOptions): What is wanted.
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
        nodes += [
            self._graph.add(name, arguments) for name, arguments in chain
        ]
        nodes.append(self._graph.add('buffersink'))
        self._graph.link_nodes(*nodes).configure()

    def add(
        self, frame: av.VideoFrame, time: float
    ) -> Iterator[av.VideoFrame]:
        """Pictures that are complete once this one is known.

        Args:
            frame (av.VideoFrame): Decoded picture.
            time (float): Its presentation time in seconds; t = 0 becomes
                the first picture that comes out.
        """
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
