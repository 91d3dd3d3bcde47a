"""Recognition of open groups of pictures in H.264.

Their key frames are followed by pictures that need others from before the key
frame, which decord counts wrongly after a seek (34 of 300 pictures).
"""

import av


def has_open_gop(container, stream, picture) -> bool:
    """Whether later key frames are not instantaneous refreshes."""
    context = stream.codec_context
    if context.codec.canonical_name != 'h264' or not context.has_b_frames:
        return False
    extradata = context.extradata or b''
    if not extradata.startswith(b'\x01') or len(extradata) < 5:
        return False  # not from mp4 or Matroska
    size = (extradata[4] & 3) + 1
    try:
        container.seek(picture.pts + 1, stream=stream, backward=False)
        for packet in container.demux(stream):
            if packet.is_keyframe and packet.size:
                return not _is_refresh(bytes(packet), size)
    except av.FFmpegError:
        pass  # no further key frame
    return False


def _is_refresh(packet: bytes, size: int) -> bool:
    """Whether an H.264 packet of length-prefixed units is an IDR picture."""
    place = 0
    while place + size < len(packet):
        kind = packet[place + size] & 31
        if kind in (1, 5):  # slices of a picture
            return kind == 5
        place += size + int.from_bytes(packet[place : place + size], 'big')
    return True
