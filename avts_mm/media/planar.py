"""Pictures as decoders have them: brightness, and less of colour."""

from collections.abc import Sequence
from typing import NoReturn

import av
import numpy as np

# The matrix that swscale takes where a file names none is that of BT.601.
_BT601 = {'unspecified': 2, 'bt470bg': 5, 'smpte170m': 6}
_FULL_RANGE = 2


class PlanarPicture:
    """A picture in YUV 4:2:0, of even width and height, BT.601.

    It is half as large as in RGB, and nothing was computed for it. It can
    only be cut out: transforms of pixels need RGB.

    Attributes:
        frame (av.VideoFrame): What the decoder gave; not to be changed.
        shape (tuple[int, int, int]): Height and width in pixels, and 3; as
            that of the picture in RGB.
    """

    __slots__ = ('frame', 'shape')

    def __init__(self, frame: av.VideoFrame) -> None:
        self.frame = frame
        self.shape = frame.height, frame.width, 3

    def __array__(self, *args, **kwargs) -> NoReturn:
        raise TypeError(
            "pictures with pixel_format='yuv420p' can only be transformed "
            'with lazy=True and packed without Fuse and FormatShape; or take '
            "pixel_format='rgb24' of LoadAVFrames"
        )

    __getitem__ = __len__ = __array__


def is_planar(frame: av.VideoFrame) -> bool:
    """Whether a decoded picture can be a :class:`PlanarPicture`."""
    return (
        frame.format.name == 'yuv420p'
        and frame.width % 2 == frame.height % 2 == 0
        and int(frame.colorspace) in _BT601.values()
        and int(frame.color_range) != _FULL_RANGE
    )


def cut_out(
    pictures: Sequence[PlanarPicture],
    top: int,
    left: int,
    height: int,
    width: int,
) -> np.ndarray:
    """Copy a part of each picture; all arguments are even.

    Returns:
        np.ndarray: ``(T, height * width * 3 / 2)`` uint8: of each picture Y
        ``(height, width)``, then U and V of half that height and width.
    """
    result = np.empty((len(pictures), height * width * 3 // 2), np.uint8)
    parts, begin = [], 0
    for step in (1, 2, 2):
        shape = height // step, width // step
        end = begin + shape[0] * shape[1]
        part = result[:, begin:end].reshape(-1, *shape)
        parts.append((part, shape, top // step, left // step))
        begin = end
    for i, picture in enumerate(pictures):
        for plane, (part, shape, row, column) in zip(
            picture.frame.planes, parts
        ):
            step = plane.line_size
            part[i] = np.ndarray(
                shape,
                np.uint8,
                memoryview(plane),
                row * step + column,
                (step, 1),
            )
    return result
