"""What a media file holds, and where its tracks lie in time.

The clock of everything here is the video's own: ``t = 0`` is the presentation
time of the first picture. Only :attr:`MediaInfo.video_start` and
:attr:`MediaInfo.audio_start` are times of the container's clock.
"""

import os
from dataclasses import replace
from typing import Any

import av

from .containers import (
    MediaInfo,
    audio_stream,
    container_name,
    damaged,
    disordered,
    open_container,
    packets,
    video_stream,
)
from .edits import edit_shift
from .errors import MediaError
from .presentation import MAX_BACK, picture_time, ticks_to_seconds
from .storage import FileStatus, file_status
from .tracks import choose_audio, choose_video

# How a prepared file is opened: without a look at its packets, by which
# libavformat finds out the format of pixels and the order of B-frames.
_PREPARED = {'probesize': '32'}, 'mov'

_CACHE_SIZE = 64
_cache: dict[tuple, MediaInfo] = {}


def probe(path: str, scan: bool = False, audio_track: int = 0) -> MediaInfo:
    """Find out what a media file holds.

    Opens the file once; the answers for the last files are kept.

    Args:
        path (str): The file.
        scan (bool): Read all packets (without decoding them), so that starts
            and durations are exact also where the container does not tell
            them. Slower; meant for tools that write annotation files.
        audio_track (int): Which of several audio tracks, counted from 0.

    Raises:
        MediaError: The file is missing, empty or not media, or has sound but
            not this track.
    """
    path = os.fspath(path)
    info = _cache.get(_key(path, file_status(path), audio_track))
    if info is None:
        container, info, _ = open_probed(path, audio_track)
        container.close()
    return _scan(path, info) if scan else info


def open_probed(
    path: str, audio_track: int = 0, prepared_bytes: int = 0
) -> tuple:
    """Open a file and :func:`probe` it with one and the same opening.

    Of a file that has the size with which it was prepared
    (:class:`~avts_mm.media.writer.VideoWriter`) the head tells all. Of
    another one the first picture must be decoded and edit lists be looked for.

    Returns:
        tuple: The container, its MediaInfo, and whether nothing has been read
        from the container yet.
    """
    path = os.fspath(path)
    status = file_status(path)
    prepared = status is not None and 0 < prepared_bytes == status.size
    options, form = _PREPARED if prepared else (None, None)
    container = open_container(path, options, form, status)
    key = _key(path, status, audio_track)
    info = _cache.get(key)
    if info is not None:
        return container, info, True
    try:
        if prepared:
            return container, _read_head(container, path, audio_track), True
        info = _inspect(container, path, audio_track)
    except BaseException as error:
        container.close()
        if isinstance(error, av.FFmpegError):
            raise damaged(path, 'cannot be read', error) from None
        raise
    _cache[key] = info
    if len(_cache) > _CACHE_SIZE:
        del _cache[next(iter(_cache))]
    return container, info, False


def _key(path: str, status: FileStatus | None, audio_track: int):
    """Changes whenever the file does."""
    return path, status, audio_track


def _read_head(container, path: str, audio_track: int) -> MediaInfo:
    """Fill a MediaInfo from the headers of a prepared file."""
    stream = choose_video(container, path)
    sound, tracks = choose_audio(container, path, stream, audio_track)
    context = stream.codec_context
    return MediaInfo(
        path,
        container_name(container),
        video_index=stream.index,
        video_codec=context.codec.canonical_name,
        fps=_rate(stream),
        width=context.width,
        height=context.height,
        video_duration=_duration(container, stream, 0.0),
        audio_tracks=tracks,
        **_sound(container, sound, None),
    )


def _inspect(container, path: str, audio_track: int) -> MediaInfo:
    """Fill a MediaInfo from the headers and the first picture."""
    name = container_name(container)
    stream = choose_video(container, path)
    sound, tracks = choose_audio(container, path, stream, audio_track)
    if stream is None:
        if sound is None:
            raise MediaError(
                f'{path}: holds neither pictures nor sound; leave it out',
                path,
                'undecodable',
            )
        packet = next(packets(container, sound), None)
        heard = _sound(container, sound, packet)
        return MediaInfo(path, name, audio_tracks=tracks, **heard)
    context = stream.codec_context
    stream.thread_type = 'NONE'
    picture, has_edits, packet = _first_picture(container, stream, sound, path)
    has_edits = has_edits or _discards(stream)
    shift = edit_shift(path, stream, has_edits) if name == 'mov' else 0.0
    start = picture_time(picture, stream, name)
    return MediaInfo(
        path,
        name,
        video_index=stream.index,
        video_codec=context.codec.canonical_name,
        fps=_rate(stream),
        width=picture.width,
        height=picture.height,
        rotation=round(picture.rotation / 90) * 90 % 360,
        video_start=start + shift,
        video_duration=max(0.0, _duration(container, stream, start) - shift),
        has_b_frames=bool(context.has_b_frames),
        has_edits=has_edits,
        picture_shift=shift,
        audio_tracks=tracks,
        **_sound(container, sound, packet),
    )


def _rate(stream) -> float:
    return float(stream.average_rate or stream.guessed_rate or 0)


def _sound(container, stream, first) -> dict:
    """The fields about sound; ``first`` is its first packet or None."""
    if stream is None:
        return {}
    context = stream.codec_context
    start, primed = ticks_to_seconds(stream.start_time, stream), 0.0
    # The encoder's lead-in, which Matroska counts in the track's length; it
    # is marked as to be dropped, or (FFmpeg 8.0) lies before 0.
    if first is not None and first.pts is not None:
        primed = max(0.0, -ticks_to_seconds(first.pts, stream))
        if first.has_sidedata('skip_samples'):
            skip = bytes(first.get_sidedata('skip_samples'))[:4]
            primed = int.from_bytes(skip, 'little') / context.sample_rate
    duration = _duration(container, stream, start)
    if stream.duration is None:
        duration = max(0.0, duration - primed)
    return dict(
        audio_index=stream.index,
        audio_codec=context.codec.canonical_name,
        sample_rate=context.sample_rate,
        channels=context.layout.nb_channels,
        audio_start=start,
        audio_duration=duration,
    )


def _first_picture(container, stream, sound, path: str):
    """The first picture, whether pictures before it are not shown, and the
    first packet of sound, if one came by."""
    discarded, first = False, None
    cause: object = 'none found'
    streams = [stream] if sound is None else [stream, sound]
    try:
        for packet in packets(container, streams):
            if packet.stream is sound:
                first = first or packet
                continue
            discarded = discarded or packet.is_discard
            try:
                frames = packet.decode()
            except av.InvalidDataError as error:
                # Recordings may begin with half a picture.
                cause = error
                continue
            for frame in frames:
                return frame, discarded, first
    except (av.FFmpegError, ValueError) as error:
        cause = error
    raise damaged(path, 'no picture can be decoded', cause)


def _discards(stream) -> bool:
    """Whether the index marks the last picture as not to be shown."""
    entries = getattr(stream, 'index_entries', None)  # absent from old PyAV
    return entries[len(entries) - 1].is_discard if entries else False


def _duration(container, stream, start: float) -> float:
    """Seconds from ``start`` (container clock) to the end of the stream."""
    if stream.duration is not None:
        return float(stream.duration * stream.time_base)
    # Matroska tells the end of each track in a tag.
    tag = stream.metadata.get('DURATION', '')
    try:
        hours, minutes, seconds = tag.split(':')
        end = int(hours) * 3600 + int(minutes) * 60 + float(seconds)
        return max(0.0, end - start)
    except ValueError:
        pass
    if container.duration is None:
        return 0.0
    end = ((container.start_time or 0) + container.duration) / av.time_base
    return max(0.0, end - start)


def _scan(path: str, info: MediaInfo) -> MediaInfo:
    """Starts and durations as all packets tell them."""
    spans: dict[str, tuple[int, int]] = {}
    last: dict[str, int] = {}  # decoding times
    with open_container(path) as container:
        streams = []
        if info.video_codec:
            streams.append(video_stream(container, info))
        if info.audio_codec:
            streams.append(audio_stream(container, info))
        try:
            for packet in packets(container, streams):
                begin = packet.pts
                if info.container == 'avi':
                    begin = packet.dts  # as in picture_time
                if begin is None or packet.is_discard:
                    continue
                base = float(packet.time_base)
                if packet.dts is not None:
                    late = last.get(packet.stream.type, packet.dts)
                    if (packet.dts - late) * base < -MAX_BACK:
                        raise disordered(path, packet.dts * base)
                    last[packet.stream.type] = packet.dts
                end = begin + _length(packet)
                low, high = spans.get(packet.stream.type, (begin, end))
                high = end if end < begin else max(high, end)
                spans[packet.stream.type] = min(low, begin), high
        except av.FFmpegError:
            pass  # a damaged tail: what was read until here counts
        bases = {s.type: s.time_base for s in streams}
    seconds = {
        kind: (float(low * bases[kind]), float(high * bases[kind]))
        for kind, (low, high) in spans.items()
    }
    found: dict[str, Any] = {}
    if 'video' in seconds:
        found['video_duration'] = max(0.0, seconds['video'][1] - info.zero)
    if 'audio' in seconds:
        start, until = seconds['audio']
        # Packets before the track's start only prime the decoder.
        found['audio_start'] = start = max(start, info.audio_start)
        found['audio_duration'] = max(0.0, until - start)
    return replace(info, **found)


def _length(packet) -> int:
    """Duration of a packet in ticks."""
    length = packet.duration or 0
    # Ogg tells where Vorbis ends to the sample; if that is before the last
    # packet, libavformat gives the negative length as an unsigned one.
    return length - 2**32 if 2**31 <= length < 2**32 else length
