"""Media files: what is known of one, and opening it."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass

import av

from .errors import MediaError
from .storage import Address, FileStatus, file_status, member, open_file

# Formats without a mark by which to know them: any text may pass for one.
_GUESSED = {'amrnb', 'amrwb', 'tty'}
_NO_MEDIA = 'not a readable media file'


@dataclass(frozen=True)
class MediaInfo:
    """Properties of one media file. Times are seconds.

    Attributes:
        path (str): The file.
        container (str): Short name: ``'mov'`` (mp4 too), ``'matroska'``
            (webm too), ``'avi'``, ``'mpegts'``, ``'mpeg'``, ``'wav'``, ...
        video_codec (str | None): None for a file without pictures.
        video_index (int | None): Which of all streams has the pictures.
        fps (float): Average pictures per second, 0 if unknown.
        width (int): As stored, before rotation.
        height (int): As stored, before rotation.
        rotation (int): Counter-clockwise degrees by which the stored picture
            must be turned for display: 0, 90, 180 or 270.
        video_start (float): Container time of the first picture.
        video_duration (float): From the first picture to the end of the
            last.
        has_b_frames (bool): Pictures are stored in another order than shown.
        has_edits (bool): The track holds pictures that are not shown (an edit
            list made by cutting).
        picture_shift (float): What must be added to libavformat's times of
            the pictures (see :mod:`.edits`); ``video_start`` has it already.
        audio_codec (str | None): None for a file without sound.
        audio_index (int | None): Which of all streams has this sound.
        sample_rate (int): Hz.
        channels (int): Number of audio channels.
        audio_tracks (int): Number of audio tracks, of the same programme as
            the pictures; the fields about sound are those of one of them.
        audio_start (float): Container time of the first sample.
        audio_duration (float): Length of the audio track.
    """

    path: str
    container: str
    video_codec: str | None = None
    video_index: int | None = None
    fps: float = 0.0
    width: int = 0
    height: int = 0
    rotation: int = 0
    video_start: float = 0.0
    video_duration: float = 0.0
    has_b_frames: bool = False
    has_edits: bool = False
    picture_shift: float = 0.0
    audio_codec: str | None = None
    audio_index: int | None = None
    sample_rate: int = 0
    channels: int = 0
    audio_tracks: int = 0
    audio_start: float = 0.0
    audio_duration: float = 0.0

    @property
    def zero(self) -> float:
        """The time that libavformat gives the first picture."""
        return self.video_start - self.picture_shift

    @property
    def common_span(self) -> tuple[float, float]:
        """(start, duration) of what has both picture and sound, in the
        video's own clock; the duration is 0 where nothing has both."""
        if self.video_codec is None or self.audio_codec is None:
            return 0.0, 0.0
        offset = self.audio_start - self.video_start
        start = max(0.0, offset)
        end = min(self.video_duration, offset + self.audio_duration)
        return start, max(0.0, end - start)


def error_cause(error: Exception) -> str:
    """What an error of PyAV or decord says, in one line without paths."""
    text = getattr(error, 'strerror', None) or str(error)
    text = (text.strip() or repr(error)).splitlines()[0]
    # decord: '[12:00:00] /build/path/file.cc:486: Error: what happened'
    return re.sub(r'\[[\d:]+\] \S+:\d+: ', '', text)[:200]


def damaged(path: str, what: str, cause: object) -> MediaError:
    """The error for a file that cannot be read for some cause: an exception
    of PyAV or decord, or a few words."""
    if isinstance(cause, Exception):
        cause = error_cause(cause)
    return MediaError(
        f'{path}: {what} ({cause}); leave it out or fetch it again',
        path,
        'undecodable',
    )


def disordered(path: str, time: float) -> MediaError:
    """The error for a file whose times run backwards at some time."""
    return MediaError(
        f'{path}: its times run backwards at {time:.3f} s, as in recordings '
        'joined end to end; re-encode it with an editor or leave it out',
        path,
        'unsupported',
    )


def open_container(
    path: str,
    options: dict | None = None,
    format: str | None = None,
    status: FileStatus | None = None,
):
    """Open a file with PyAV, its format and status told if known.

    Raises:
        MediaError: The file is missing, empty or not media.
    """
    path = os.fspath(path)
    status = status or file_status(path)
    try:
        container = av.open(
            readable(path, status),
            format=format,
            options=options,
            metadata_errors='replace',
        )
    except FileNotFoundError:
        raise MediaError(
            f'{path}: no such file; check data_root and the annotation file',
            path,
            'missing',
        ) from None
    except (av.FFmpegError, OSError, ValueError) as error:
        if status and status.size == 0:
            raise MediaError(
                f'{path}: the file is empty (0 bytes); download it again or '
                'leave it out',
                path,
                'empty',
            ) from None
        raise damaged(path, _NO_MEDIA, error) from None
    if container_name(container) in _GUESSED:
        container.close()
        raise damaged(path, _NO_MEDIA, 'perhaps text')
    return container


def readable(path: str, status: FileStatus | None):
    """What FFmpeg and decord open a file by."""
    if isinstance(path, Address) or member(path):
        return open_file(path)
    # FFmpeg would take what stands before a colon for a protocol.
    return os.path.join('.', path) if status else path


def video_stream(container, info: MediaInfo):
    """The stream of the pictures; MediaError without one."""
    if info.video_index is None:
        raise no_pictures(info.path)
    return container.streams[info.video_index]


def audio_stream(container, info: MediaInfo):
    """The stream of the sound; MediaError without one."""
    if info.audio_index is None:
        raise no_sound(info.path)
    return container.streams[info.audio_index]


def no_pictures(path: str) -> MediaError:
    """The error for a file without pictures."""
    return MediaError(
        f'{path}: has no pictures; leave it out of the annotation file',
        path,
        'no_video',
    )


def no_sound(path: str, known: int = 0, track: int = 0) -> MediaError:
    """The error for a file that does not have this audio track."""
    message = 'has no sound; leave it out of the annotation file'
    if known:
        choice = f'audio_track=0 to {known - 1}'
        message = (
            f'has no audio track {track}: it holds {known} (counted from 0); '
            f'choose {choice if known > 1 else "only audio_track=0"}'
        )
    return MediaError(f'{path}: {message}', path, 'no_audio')


def alone(stream):
    """Read nothing but this stream of its file, and in one thread: the
    workers of the loader are the parallelism."""
    if not stream.codec_context.is_open:  # then it is set already
        stream.thread_type = 'NONE'
    # Absent before PyAV 18, where skipping is merely slower.
    discard = getattr(av.stream, 'Discard', None)
    for other in stream.container.streams:
        if discard and other is not stream:
            other.discard = discard.all
    return stream


def packets(container, streams) -> Iterator:
    """The packets of some streams, and at last empty ones for flushing."""
    try:
        yield from container.demux(streams)
    except IndexError:
        # PyAV 18 trips over streams that turn up late in a damaged MPEG-TS,
        # when all has been read.
        return


def container_name(container) -> str:
    """Short name of the format: the first of libavformat's list."""
    return container.format.name.split(',')[0]
