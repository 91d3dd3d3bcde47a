"""Pictures by presentation time, through decord."""

import os
import weakref

import numpy as np

from .errors import MediaError
from .media_info import MediaInfo
from .probe import probe
from .video_reader import EPSILON, VideoReader

_REMEDY = (
    "use backend='pyav' for this file or convert it with "
    'tools/data/prepare_av.py'
)

_opened: weakref.WeakSet = weakref.WeakSet()


def _forget_readers() -> None:
    """Let go of the parent's readers in a forked worker.

    decord's threads are not there after a fork, and freeing a reader would
    wait for them for ever.
    """
    for reader in _opened:
        reader._handle = None


if hasattr(os, 'register_at_fork'):
    os.register_at_fork(after_in_child=_forget_readers)


class DecordVideo(VideoReader):
    """Reads only what decord 0.6 reads rightly; see :class:`VideoReader`.

    Raises:
        MediaError: As a :class:`VideoReader`, and with the reason
            ``'unsupported'`` where decord would give wrong pictures.
    """

    def __init__(self, path: str) -> None:
        super().__init__(path, probe(path))
        cause = decord_objection(self.info)
        if cause:
            raise self._unsupported(cause)
        # decord believes the header and ends the whole process when there is
        # no memory for so many pictures.
        claimed = self.info.video_duration * self.info.fps
        if claimed > os.path.getsize(path):
            raise self._damaged(f'the header promises {claimed:.0f} pictures')
        decord = _import_decord()
        try:
            self._reader = decord.VideoReader(
                os.path.join('.', self.path),  # see open_container
                ctx=decord.cpu(0),
                num_threads=1,
            )
            _opened.add(self._reader)
            spans = self._reader.get_frame_timestamp(range(len(self._reader)))
        except (decord.DECORDError, RuntimeError, IndexError) as error:
            raise self._damaged(error) from None
        begins = spans[:, 0].astype(np.float64)
        if not -1e-3 <= begins[0] < 1e3 or (np.diff(begins) <= 0).any():
            raise self._unsupported('its frame times are not in order')
        self._begins = begins - begins[0]

    def _unsupported(self, cause: str) -> MediaError:
        return MediaError(
            f'{self.path}: decord would read other pictures than asked for '
            f'({cause}); {_REMEDY}',
            self.path,
            'unsupported',
        )

    def _read(self, times: np.ndarray) -> tuple[list, np.ndarray]:
        end = self._begins[-1] + self._period
        if times.size and times.max() > end + self._period:
            raise self._outside(times.max(), end)
        index = np.searchsorted(self._begins, times + EPSILON, 'right') - 1
        index = np.maximum(index, 0)
        unique, place = np.unique(index, return_inverse=True)
        try:
            frames = list(self._reader.get_batch(unique.tolist()).asnumpy())
        except Exception as error:  # DECORDError, RuntimeError, ...
            # Rows of 48 or 72 pixels are padded, and then taken for RGBA.
            if 'size must exactly match' in str(error):
                raise self._unsupported('rows of this width') from None
            raise self._damaged(error) from None
        return [frames[i] for i in place], self._begins[index]

    def close(self) -> None:
        self._reader = None


def decord_objection(info: MediaInfo) -> str | None:
    """Why decord must not read a file (measured), or None."""
    if info.container not in ('mov', 'matroska', 'avi'):
        return f'container {info.container}'
    if info.container == 'avi' and info.has_b_frames:
        return 'B-frames in AVI'
    if info.video_codec in ('hevc', 'av1'):
        return info.video_codec
    if info.video_codec == 'mpeg4' and info.has_b_frames:
        return 'MPEG-4 with B-frames'
    if info.has_edits:
        return 'an edit list'
    if info.open_gop:
        return 'open groups of pictures'
    if info.rotation:
        return 'rotated pictures'
    return None


def _import_decord():
    try:
        import decord
    except ImportError as error:
        raise ImportError(
            "backend='decord' needs decord: pip install decord (decord2 on "
            "arm and macOS), or use backend='pyav'"
        ) from error
    decord.logging.set_level(decord.logging.QUIET)
    return decord
