"""Starts and durations of tracks from every packet of a file."""

from dataclasses import replace

import av

from .containers import audio_stream, open_container, packets, video_stream
from .media_info import MediaInfo


def scan_packets(path: str, info: MediaInfo, audio_track: int) -> MediaInfo:
    """Correct starts and durations by reading every packet.

    Args:
        path (str): The file.
        info (MediaInfo): What its headers tell.
        audio_track (int): Which of several audio tracks, counted from 0.
    """
    spans: dict[str, tuple[int, int]] = {}
    with open_container(path) as container:
        streams = []
        if info.video_codec:
            streams.append(video_stream(container, path))
        if info.audio_codec:
            streams.append(audio_stream(container, path, audio_track))
        try:
            for packet in packets(container, streams):
                begin = packet.pts
                if info.container == 'avi':
                    begin = packet.dts  # as in picture_time
                if begin is None or packet.is_discard:
                    continue
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
    if 'video' in seconds:
        until = seconds['video'][1] + info.picture_shift
        info = replace(info, video_duration=max(0.0, until - info.video_start))
    if 'audio' in seconds:
        start, until = seconds['audio']
        # Packets before the track's start only prime the decoder.
        start = max(start, info.audio_start)
        info = replace(
            info, audio_start=start, audio_duration=max(0.0, until - start)
        )
    return info


def _length(packet) -> int:
    """Duration of a packet in ticks."""
    length = packet.duration or 0
    # Ogg tells where Vorbis ends to the sample; if that is before the last
    # packet, libavformat gives the negative length as an unsigned one.
    return length - 2**32 if 2**31 <= length < 2**32 else length
