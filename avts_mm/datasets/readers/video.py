"""Pictures by presentation time, with PyAV or with decord.

Both readers answer the same question: which picture is on screen ``t`` seconds
after the first one? A reader cannot be pickled; open it where it is used.
"""

import os

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from .errors import MediaError
from .probe import (
    MediaInfo,
    container_name,
    discard_others,
    open_container,
    picture_time,
    probe,
    video_stream,
)

# Containers with millisecond clocks round 1/30 s to 33 ms: a picture that
# begins less than this after the asked time is the one that was meant.
EPSILON = 1e-3
# Further ahead than this a new seek is cheaper than decoding on.
_SEEK_AHEAD = 4.0
# How much earlier to look for a key frame when the first seek came too late.
_SEEK_BACK = (0.0, 1.0, 5.0)

_REMEDY = (
    "use backend='pyav' for this file or convert it with "
    'tools/data/prepare_av.py'
)


class _Video:
    """What both backends share.

    Attributes:
        path (str): The file.
        info (MediaInfo): Its properties.
    """

    def __init__(self, path: str) -> None:
        self.path = os.fspath(path)
        self.info: MediaInfo = probe(self.path)
        if self.info.video_codec is None:
            raise MediaError(
                f'{self.path}: has no pictures; leave it out of the '
                'annotation file',
                self.path,
                'no_video',
            )
        self._period = 1 / self.info.fps if self.info.fps > 0 else 0.04

    def frames(self, times) -> np.ndarray:
        """The pictures on screen at the given times.

        Args:
            times (Sequence[float]): Seconds after the first picture, in any
                order.

        Returns:
            np.ndarray: ``(T, H, W, 3)`` uint8, RGB.

        Raises:
            MediaError: A time lies outside the track by more than the length
                of one picture, or the file is damaged there.
        """
        return self.read(times)[0]

    def read(self, times) -> tuple[np.ndarray, np.ndarray]:
        """Like :meth:`frames`, and the time at which each picture begins.

        Returns:
            tuple[np.ndarray, np.ndarray]: ``(T, H, W, 3)`` uint8 and ``(T,)``
            float64 seconds.
        """
        times = np.asarray(times, dtype=np.float64).reshape(-1)
        if not np.isfinite(times).all():
            raise ValueError(f'{self.path}: times must be finite')
        if times.size and times.min() < -self._period:
            raise self._outside(times.min())
        return self._read(np.maximum(times, 0.0))

    def _read(self, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        raise NotImplementedError

    def _outside(self, time: float, end: float | None = None) -> MediaError:
        end = self.info.video_duration if end is None else end
        return MediaError(
            f'{self.path}: asked for the picture at {time:.3f} s, but the '
            f'pictures cover 0 to {end:.3f} s; correct start and duration in '
            'the annotation file',
            self.path,
            'too_short',
        )

    def _damaged(self, cause: object) -> MediaError:
        return MediaError(
            f'{self.path}: pictures cannot be decoded ({cause}); leave the '
            'file out or fetch it again',
            self.path,
            'undecodable',
        )

    def close(self) -> None:
        """Free the file handle and the decoder."""

    def __enter__(self):
        return self

    def __exit__(self, *exc) -> None:
        self.close()


class PyAVVideo(_Video):
    """Pictures through PyAV: seek to the key frame before, decode onwards."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._container = None
        self._reformatter = VideoReformatter()

    def _open(self) -> None:
        self.close()
        self._container = open_container(self.path)
        self._stream = video_stream(self._container, self.path)
        # One thread: the workers of the loader are the parallelism.
        self._stream.thread_type = 'NONE'
        self._stream.codec_context.thread_count = 1
        discard_others(self._container, self._stream)

    def close(self) -> None:
        if self._container is not None:
            self._container.close()
            self._container = None

    def _read(self, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        wanted = np.unique(times)
        splits = np.flatnonzero(np.diff(wanted) > _SEEK_AHEAD) + 1
        out = np.empty((wanted.size, *self._shape(), 3), np.uint8)
        begins = np.empty(wanted.size, np.float64)
        done = 0
        try:
            for group in np.split(wanted, splits) if wanted.size else ():
                part = slice(done, done + group.size)
                self._read_group(group, out[part], begins[part])
                done += group.size
        except av.FFmpegError as error:
            self.close()
            raise self._damaged(error) from None
        if wanted.size == times.size and (wanted == times).all():
            return out, begins
        place = np.searchsorted(wanted, times)
        return out[place], begins[place]

    def _shape(self) -> tuple[int, int]:
        shape = self.info.height, self.info.width
        return shape[::-1] if self.info.rotation % 180 else shape

    def _read_group(self, wanted, out, begins) -> None:
        """Fill in the picture (and when it begins) of each wanted time."""
        last, last_begin, done, copied = None, None, 0, None
        for begin, frame in self._decode_from(float(wanted[0])):
            while done < len(wanted) and begin > wanted[done] + EPSILON:
                if last is None:
                    raise self._damaged('the beginning is missing')
                if copied is None:
                    self._to_rgb(last, out[done])
                    copied = done
                else:
                    out[done] = out[copied]
                begins[done] = last_begin
                done += 1
            if done == len(wanted):
                return
            last, last_begin, copied = frame, begin, None
        if last is None:
            raise self._damaged('no pictures found')
        end = last_begin + self._period
        if wanted[-1] > end + self._period:
            raise self._outside(wanted[-1], end)
        self._to_rgb(last, out[done])
        out[done + 1 :] = out[done]
        begins[done:] = last_begin

    def _decode_from(self, time: float):
        """Yield (begin, frame) in order of presentation, the first of them
        beginning at or before ``time`` unless it is the file's first."""
        start = self.info.video_start
        if self._can_seek():
            if self._container is None:
                self._open()
            base = self._stream.time_base
            for back in _SEEK_BACK:
                target = time + EPSILON - back
                if target <= 0:
                    break
                try:
                    self._container.seek(
                        int((target + start) / base), stream=self._stream
                    )
                except av.FFmpegError:
                    break
                found = False
                for begin, frame in self._pictures():
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
        self._open()
        yield from self._pictures()

    def _can_seek(self) -> bool:
        # Sought pictures of an AVI with B-frames have no reliable times;
        # counted from the start they have.
        return not (self.info.container == 'avi' and self.info.has_b_frames)

    def _pictures(self):
        """Yield (begin, frame) from where the container stands."""
        stream, name = self._stream, container_name(self._container)
        begin = None
        for packet in self._container.demux(stream):
            try:
                frames = packet.decode()
            except av.InvalidDataError as error:
                if begin is None:
                    continue  # damaged by the seek, not in the file
                raise self._damaged(error) from None
            for frame in frames:
                if frame.pts is None and frame.dts is None:
                    if begin is None:
                        continue
                    begin += self._period
                else:
                    begin = (
                        picture_time(frame, stream, name)
                        - self.info.video_start
                    )
                yield begin, frame

    def _to_rgb(self, frame, out: np.ndarray) -> None:
        frame = self._reformatter.reformat(
            frame,
            width=self.info.width,
            height=self.info.height,
            format='rgb24',
            threads=1,
        )
        plane = frame.planes[0]
        image = np.frombuffer(plane, np.uint8)
        image = image.reshape(frame.height, plane.line_size)
        image = image[:, : frame.width * 3]
        image = image.reshape(frame.height, frame.width, 3)
        out[...] = np.rot90(image, self.info.rotation // 90)


class DecordVideo(_Video):
    """Pictures through decord, only for files that decord reads rightly."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        cause = _decord_objection(self.info)
        if cause:
            raise self._unsupported(cause)
        decord = _import_decord()
        try:
            self._reader = decord.VideoReader(
                self.path, ctx=decord.cpu(0), num_threads=1
            )
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

    def _read(self, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        end = self._begins[-1] + self._period
        if times.size and times.max() > end + self._period:
            raise self._outside(times.max(), end)
        index = np.searchsorted(self._begins, times + EPSILON, 'right') - 1
        index = np.maximum(index, 0)
        unique, place = np.unique(index, return_inverse=True)
        try:
            batch = self._reader.get_batch(unique.tolist())
        except Exception as error:
            raise self._damaged(error) from None
        frames = batch.asnumpy()
        if len(unique) != len(index):
            frames = frames[place]
        return frames, self._begins[index]

    def close(self) -> None:
        self._reader = None


def _decord_objection(info: MediaInfo) -> str | None:
    """Why decord must not read this file, or None."""
    if info.container not in ('mov', 'matroska', 'avi'):
        return f'container {info.container}'
    if info.container == 'avi' and info.has_b_frames:
        return 'B-frames in AVI'
    if info.video_codec == 'hevc':
        return 'HEVC'
    if info.video_codec == 'av1':
        return 'AV1'
    if info.video_codec == 'mpeg4' and info.has_b_frames:
        return 'MPEG-4 with B-frames'
    if info.starts_discarded:
        return 'an edit list'
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


def open_video(path: str, backend: str = 'decord'):
    """Open the pictures of a file.

    Args:
        path (str): The file.
        backend (str): ``'decord'`` or ``'pyav'``.

    Returns:
        DecordVideo | PyAVVideo: A context manager with ``frames(times)``.

    Raises:
        MediaError: The file is missing or damaged, has no pictures, or would
            be read wrongly by this backend (reason ``'unsupported'``).
    """
    if backend == 'decord':
        return DecordVideo(path)
    if backend == 'pyav':
        return PyAVVideo(path)
    raise ValueError(f"backend must be 'decord' or 'pyav', got {backend!r}")
