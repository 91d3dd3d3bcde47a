"""When a decoded picture is shown."""

from .media_info import MediaInfo


def picture_time(frame, stream, info) -> float:
    """Presentation time (s, container clock) of a decoded picture.

    Args:
        frame (av.VideoFrame): The picture.
        stream (av.VideoStream): Where it comes from.
        info (MediaInfo | str): Properties of the file. With no more than the
            short name of its container, edit lists are not corrected.
    """
    container, shift = info, 0.0
    if isinstance(info, MediaInfo):
        container, shift = info.container, info.picture_shift
    if container != 'avi':
        time = frame.time
        if time is None:
            time = ticks_to_seconds(frame.dts, stream)
        return time + shift
    # AVI stores no presentation times, and what libavformat guesses for
    # B-frames is not even increasing. But the n-th picture shown belongs to
    # the n-th chunk; it comes out of the decoder some chunks later.
    time = ticks_to_seconds(
        frame.pts if frame.dts is None else frame.dts, stream
    )
    return time - _reorder_depth(stream) / float(stream.average_rate or 25)


def _reorder_depth(stream) -> int:
    context = stream.codec_context
    depth = getattr(context, 'reorder_depth', None)
    return int(context.has_b_frames) if depth is None else depth


def ticks_to_seconds(value, stream) -> float:
    """A time in ticks of a stream in seconds; None is 0."""
    return 0.0 if value is None else float(value * stream.time_base)
