"""Opening the pictures of a file with either backend."""

from typing import Literal, overload

from .decord_video import DecordVideo
from .pyav_video import PyAVVideo
from .video_reader import VideoReader


@overload
def open_video(path: str, backend: Literal['pyav']) -> PyAVVideo: ...
@overload
def open_video(path: str, backend: str = 'decord') -> VideoReader: ...
def open_video(path: str, backend: str = 'decord') -> VideoReader:
    """Open the pictures of a file.

    Args:
        path (str): The file.
        backend (str): ``'decord'`` or ``'pyav'``.

    Returns:
        VideoReader: A context manager with ``frames(times)``.

    Raises:
        MediaError: The file is missing or damaged, has no pictures, or would
            be read wrongly by this backend (reason ``'unsupported'``).
    """
    if backend == 'decord':
        return DecordVideo(path)
    if backend == 'pyav':
        return PyAVVideo(path)
    raise ValueError(f"backend must be 'decord' or 'pyav', got {backend!r}")
