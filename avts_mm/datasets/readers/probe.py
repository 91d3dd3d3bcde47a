"""What a media file holds, and where its tracks lie in time.

The clock of everything here is the video's own: ``t = 0`` is the presentation
time of the first picture. Only :attr:`MediaInfo.video_start` and
:attr:`MediaInfo.audio_start` are times of the container's clock.
"""

import os
from collections import OrderedDict
from dataclasses import dataclass, replace

import av

from .errors import MediaError

_CACHE_SIZE = 64
_cache: OrderedDict = OrderedDict()


@dataclass(frozen=True)
class MediaInfo:
    """Properties of one media file. Times are seconds.

    Attributes:
        path (str): The file.
        container (str): Short name: ``'mov'`` (mp4 too), ``'matroska'``
            (webm too), ``'avi'``, ``'mpegts'``, ``'mpeg'``, ``'wav'``, ...
        video_codec (str | None): None for a file without pictures.
        fps (float): Average pictures per second, 0 if unknown.
        width (int): As stored, before rotation.
        height (int): As stored, before rotation.
        rotation (int): Counter-clockwise degrees by which the stored picture
            must be turned for display: 0, 90, 180 or 270.
        video_start (float): Container time of the first picture.
        video_duration (float): From the first picture to the end of the
            last.
        has_b_frames (bool): Pictures are stored in another order than shown.
        starts_discarded (bool): The track begins with pictures that are
            decoded but not shown (an edit list made by cutting).
        audio_codec (str | None): None for a file without sound.
        sample_rate (int): Hz.
        channels (int): Number of audio channels.
        audio_start (float): Container time of the first sample.
        audio_duration (float): Length of the audio track.
    """

    path: str
    container: str
    video_codec: str | None = None
    fps: float = 0.0
    width: int = 0
    height: int = 0
    rotation: int = 0
    video_start: float = 0.0
    video_duration: float = 0.0
    has_b_frames: bool = False
    starts_discarded: bool = False
    audio_codec: str | None = None
    sample_rate: int = 0
    channels: int = 0
    audio_start: float = 0.0
    audio_duration: float = 0.0

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


def open_container(path: str):
    """Open a file with PyAV.

    Raises:
        MediaError: The file is missing, empty or not media.
    """
    path = os.fspath(path)
    try:
        return av.open(path, metadata_errors='replace')
    except FileNotFoundError:
        raise MediaError(
            f'{path}: no such file; check data_root and the annotation file',
            path,
            'missing',
        ) from None
    except (av.FFmpegError, OSError, ValueError) as error:
        if os.path.isfile(path) and os.path.getsize(path) == 0:
            raise MediaError(
                f'{path}: the file is empty (0 bytes); download it again or '
                'leave it out',
                path,
                'empty',
            ) from None
        raise MediaError(
            f'{path}: not a readable media file ({error}); leave it out or '
            'fetch it again',
            path,
            'undecodable',
        ) from None


def video_stream(container, path: str):
    """The first video stream that is not a cover picture.

    Raises:
        MediaError: There is none.
    """
    for stream in container.streams.video:
        if not int(stream.disposition) & 0x400 and stream.codec_context:
            return stream
    raise MediaError(
        f'{path}: has no pictures; leave it out of the annotation file',
        path,
        'no_video',
    )


def audio_stream(container, path: str):
    """The first audio stream.

    Raises:
        MediaError: There is none.
    """
    for stream in container.streams.audio:
        if stream.codec_context:
            return stream
    raise MediaError(
        f'{path}: has no sound; leave it out of the annotation file',
        path,
        'no_audio',
    )


def discard_others(container, wanted) -> None:
    """Let the demuxer skip the streams that are not read."""
    # Absent from old PyAV, where skipping is merely slower.
    discard = getattr(av.stream, 'Discard', None)
    for stream in container.streams if discard else ():
        if stream is not wanted:
            stream.discard = discard.all


def container_name(container) -> str:
    """Short name of the format: the first of libavformat's list."""
    return container.format.name.split(',')[0]


def probe(path: str, scan: bool = False) -> MediaInfo:
    """Find out what a media file holds.

    Opens the file once; the answers for the last files are kept.

    Args:
        path (str): The file.
        scan (bool): Read all packets (without decoding them), so that starts
            and durations are exact also where the container does not tell
            them. Slower; meant for tools that write annotation files.

    Raises:
        MediaError: The file is missing, empty or not media.
    """
    path = os.fspath(path)
    try:
        stat = os.stat(path)
        key = (path, stat.st_mtime_ns, stat.st_size, scan)
    except OSError:
        key = None
    if key in _cache:
        _cache.move_to_end(key)
        return _cache[key]
    with open_container(path) as container:
        info = _inspect(container, path)
    if scan:
        info = _scan(path, info)
    if key is not None:
        _cache[key] = info
        if len(_cache) > _CACHE_SIZE:
            _cache.popitem(last=False)
    return info


def _inspect(container, path: str) -> MediaInfo:
    """Fill a MediaInfo from the headers and the first picture."""
    found = {'path': path, 'container': container_name(container)}
    sound = next((s for s in container.streams.audio if s.codec_context), None)
    if sound is not None:
        context = sound.codec_context
        start = _seconds(sound.start_time, sound)
        found.update(
            audio_codec=context.codec.canonical_name,
            sample_rate=context.sample_rate,
            channels=context.layout.nb_channels,
            audio_start=start,
            audio_duration=_stream_duration(container, sound, start),
        )
    try:
        stream = video_stream(container, path)
    except MediaError:
        if sound is None:
            raise MediaError(
                f'{path}: holds neither pictures nor sound; leave it out',
                path,
                'undecodable',
            ) from None
        return MediaInfo(**found)
    context = stream.codec_context
    stream.thread_type = 'NONE'
    picture, discarded = _first_picture(container, stream, path)
    start = picture_time(picture, stream, found['container'])
    rate = stream.average_rate or stream.guessed_rate or 0
    found.update(
        video_codec=context.codec.canonical_name,
        fps=float(rate),
        width=picture.width,
        height=picture.height,
        rotation=round(picture.rotation) % 360,
        video_start=start,
        video_duration=_stream_duration(container, stream, start),
        has_b_frames=bool(context.has_b_frames),
        starts_discarded=discarded,
    )
    return MediaInfo(**found)


def _seconds(value, stream) -> float:
    return 0.0 if value is None else float(value * stream.time_base)


def picture_time(frame, stream, container: str) -> float:
    """Presentation time (s, container clock) of a decoded picture."""
    # AVI stores no presentation times: what libavformat guesses for
    # B-frames is not even increasing, the decoding time at which the
    # picture comes out is.
    value = frame.dts if container == 'avi' else frame.pts
    if value is None:
        value = frame.dts if frame.pts is None else frame.pts
    return _seconds(value, stream)


def _first_picture(container, stream, path: str):
    """Decode the first picture; also tell if any before it was discarded."""
    discarded = False
    try:
        for packet in container.demux(stream):
            discarded = discarded or packet.is_discard
            for frame in packet.decode():
                return frame, discarded
    except (av.FFmpegError, ValueError) as error:
        raise MediaError(
            f'{path}: no picture can be decoded ({error}); leave it out or '
            'fetch it again',
            path,
            'undecodable',
        ) from None
    raise MediaError(
        f'{path}: no picture can be decoded; leave it out or fetch it again',
        path,
        'undecodable',
    )


def _stream_duration(container, stream, start: float) -> float:
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
    """Correct starts and durations by reading every packet."""
    spans = {}
    with open_container(path) as container:
        streams = []
        if info.video_codec:
            streams.append(video_stream(container, path))
        if info.audio_codec:
            streams.append(audio_stream(container, path))
        try:
            for packet in container.demux(streams):
                if packet.pts is None or packet.is_discard:
                    continue
                begin = packet.pts
                end = begin + (packet.duration or 0)
                low, high = spans.get(packet.stream.type, (begin, end))
                spans[packet.stream.type] = min(low, begin), max(high, end)
        except av.FFmpegError:
            pass  # a damaged tail: what was read until here counts
        bases = {s.type: s.time_base for s in streams}
    spans = {
        kind: (float(low * bases[kind]), float(high * bases[kind]))
        for kind, (low, high) in spans.items()
    }
    if 'video' in spans:
        end = spans['video'][1]
        info = replace(info, video_duration=max(0.0, end - info.video_start))
    if 'audio' in spans:
        low, high = spans['audio']
        # Packets before the track's start only prime the decoder.
        low = max(low, info.audio_start)
        info = replace(
            info, audio_start=low, audio_duration=max(0.0, high - low)
        )
    return info
