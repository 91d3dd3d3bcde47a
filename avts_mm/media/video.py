"""Opening the pictures of a file, with either backend."""

import numpy as np

from .containers import readable
from .errors import MediaError
from .storage import FileStatus, file_status
from .video_reader import EPSILON, VideoReader


def open_video(
    path: str, backend: str = 'pyav', prepared_bytes: int = 0
) -> VideoReader:
    """Open the pictures of a file.

    Args:
        path (str): The file.
        backend (str): ``'pyav'``, or ``'decord'`` for prepared files.
        prepared_bytes (int): Size of the file when it was prepared, 0 if not
            known. A file that still has it is opened quicker; see
            :func:`~avts_mm.media.probe.open_probed`.

    Returns:
        VideoReader: A context manager with ``pictures(times)``.

    Raises:
        MediaError: The file is missing or damaged, has no pictures, or would
            be read wrongly by this backend (reason ``'unsupported'``).
    """
    if backend == 'pyav':
        return VideoReader(path, prepared_bytes)
    if backend == 'decord':
        return DecordVideo(path, prepared_bytes)
    raise ValueError(f"backend must be 'decord' or 'pyav', got {backend!r}")


class DecordVideo(VideoReader):
    """Pictures of a prepared file through decord 0.6.

    Without B-frames and at a constant rate, the number of a picture tells its
    time. Of many other files decord silently gives wrong pictures: those with
    edit lists, open groups of pictures, B-frames in AVI, H.265, rotations.
    """

    def __init__(self, path: str, prepared_bytes: int) -> None:
        super().__init__(path, prepared_bytes)
        try:
            status = file_status(self.path)
            if status is None or status.size != prepared_bytes:
                raise self._unsupported('it is not a prepared file')
            self._open(status)
        except BaseException:
            self.close()
            raise

    def _open(self, status: FileStatus) -> None:
        try:
            import decord
        except ImportError as error:
            raise ImportError(
                "backend='decord' needs decord: pip install decord (decord2 "
                "on arm and macOS), or use backend='pyav'"
            ) from error
        decord.logging.set_level(decord.logging.QUIET)
        try:
            self._reader = decord.VideoReader(
                readable(self.path, status),
                ctx=decord.cpu(0),
                num_threads=1,
            )
        except (decord.DECORDError, RuntimeError) as error:
            raise self._damaged(error) from None

    def _read(self, times: np.ndarray) -> tuple[list, np.ndarray]:
        number = len(self._reader)
        end = number * self._period
        if times.size and times.max() > end + self._period:
            raise self._outside(times.max(), end)
        index = np.floor((times + EPSILON) / self._period).astype(int)
        index = np.minimum(index, number - 1)
        unique, place = np.unique(index, return_inverse=True)
        try:
            frames = list(self._reader.get_batch(unique.tolist()).asnumpy())
        except Exception as error:  # DECORDError, RuntimeError, ...
            # Rows of 48 or 72 pixels are padded, and then taken for RGBA.
            if 'size must exactly match' in str(error):
                raise self._unsupported('it has rows of this width') from None
            raise self._damaged(error) from None
        return [frames[i] for i in place], index * self._period

    def _unsupported(self, cause: str) -> MediaError:
        return MediaError(
            f'{self.path}: decord may read other pictures than asked for '
            f"({cause}); use backend='pyav' for this file or prepare it with "
            'tools/data/prepare_av.py',
            self.path,
            'unsupported',
        )

    def close(self) -> None:
        self._reader = None
        super().close()
