"""Opening of files with PyAV, and the choice of streams."""

import os
import re
import stat
from collections.abc import Iterator

import av
from av.stream import Disposition

from .media_info import MediaError

# Formats without a mark by which to know them: any text may pass for one.
_GUESSED = {'amrnb', 'amrwb', 'tty'}
_NO_MEDIA = 'not a readable media file'


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


def file_status(path: str) -> os.stat_result | None:
    """What the system knows about a file; None if there is none.

    Raises:
        MediaError: There is something there that is not a file: a named pipe
            would be waited for at opening.
    """
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None  # opening it tells why
    if not stat.S_ISREG(status.st_mode):
        raise MediaError(
            f'{path}: is not a regular file; leave it out',
            path,
            'undecodable',
        )
    return status


def open_container(
    path: str,
    options: dict | None = None,
    format: str | None = None,
    status: os.stat_result | None = None,
):
    """Open a file with PyAV.

    Args:
        path (str): The file.
        options (dict, optional): For the demuxer.
        format (str, optional): Its format, if known.
        status (os.stat_result, optional): Its :func:`file_status`, if known.

    Raises:
        MediaError: The file is missing, empty or not media.
    """
    path = os.fspath(path)
    status = status or file_status(path)
    # FFmpeg would take what stands before a colon for a protocol.
    name = os.path.join('.', path) if status else path
    try:
        container = av.open(
            name, format=format, options=options, metadata_errors='replace'
        )
    except FileNotFoundError:
        raise MediaError(
            f'{path}: no such file; check data_root and the annotation file',
            path,
            'missing',
        ) from None
    except (av.FFmpegError, OSError, ValueError) as error:
        if status and status.st_size == 0:
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


def video_stream(container, path: str):
    """The first video stream that is not a cover picture.

    Raises:
        MediaError: There is none.
    """
    for stream in container.streams.video:
        cover = stream.disposition & Disposition.attached_pic
        if stream.codec_context and not cover:
            return stream
    raise MediaError(
        f'{path}: has no pictures; leave it out of the annotation file',
        path,
        'no_video',
    )


def audio_streams(container) -> list:
    """The audio streams that can be decoded, in their order."""
    return [s for s in container.streams.audio if s.codec_context]


def audio_stream(container, path: str, track: int = 0):
    """One of the audio streams.

    Args:
        container (av.container.InputContainer): The opened file.
        path (str): The file.
        track (int): Which one, counted from 0.

    Raises:
        MediaError: There is none, or not so many.
    """
    if track < 0:
        raise ValueError(f'audio_track must be 0 or more, got {track}')
    streams = audio_streams(container)
    if track < len(streams):
        return streams[track]
    if not streams:
        message = 'has no sound; leave it out of the annotation file'
    else:
        known = 'only audio_track=0'
        if len(streams) > 1:
            known = f'audio_track=0 to {len(streams) - 1}'
        message = (
            f'has no audio track {track}: it holds {len(streams)} '
            f'(counted from 0); choose {known}'
        )
    raise MediaError(f'{path}: {message}', path, 'no_audio')


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
