"""Opening the pictures of a file with either backend."""

from typing import Literal, overload

from .decord_video import DecordVideo
from .pyav_video import PyAVVideo
from .video_reader import VideoReader


@overload
def open_video(
    path: str, backend: Literal['pyav'], prepared_bytes: int = 0
) -> PyAVVideo: ...
@overload
def open_video(
    path: str, backend: str = 'decord', prepared_bytes: int = 0
) -> VideoReader: ...
def open_video(
    path: str, backend: str = 'decord', prepared_bytes: int = 0
) -> VideoReader:
    """Open the pictures of a file.

    Args:
        path (str): The file.
        backend (str): ``'decord'`` or ``'pyav'``.
        prepared_bytes (int): Size of the file when it was prepared, 0 if not
            known. With 'pyav' a file that still has it is opened quicker; see
            :func:`~avts_mm.media.probe.open_probed`.

    Returns:
        VideoReader: A context manager with ``frames(times)``.

    Raises:
        MediaError: The file is missing or damaged, has no pictures, or would
            be read wrongly by this backend (reason ``'unsupported'``).
    """
    if backend == 'decord':
        return DecordVideo(path)
    if backend == 'pyav':
        return PyAVVideo(path, prepared_bytes)
    raise ValueError(f"backend must be 'decord' or 'pyav', got {backend!r}")
