"""Edit lists of mp4 files, where libavformat's reading of them is too coarse.

An edit list says which part of a track is shown, and when. If that part
begins in the middle of a picture, as after cutting without re-encoding,
libavformat drops this picture and moves all others up to close the gap, but
not the sound: a slip of up to the length of one picture. The boxes are those
of ISO/IEC 14496-12.
"""

import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from .containers import open_container
from .errors import MediaError
from .storage import open_file


class Edit(NamedTuple):
    """One entry: seconds it lasts, and the media time it begins with (None
    for an empty edit, which only lets time pass)."""

    duration: float
    media_time: float | None


def read_edits(path: str, track_id: int) -> list[Edit]:
    """The edit list of one track; empty if there is none or it is damaged."""
    try:
        with open_file(path) as file:
            file.seek(0, 2)
            for kind, begin, end in _boxes(file, 0, file.tell()):
                if kind == b'moov':
                    return _from_movie(file, begin, end, track_id)
    except (OSError, IndexError, struct.error):
        pass
    return []


def edit_shift(path: str, stream, cut: bool) -> float:
    """Seconds by which libavformat shows the pictures too early.

    Raises:
        MediaError: The edit list joins several parts.
    """
    edits = read_edits(path, stream.id)
    begins = [e.media_time for e in edits if e.media_time is not None]
    if len(begins) > 1:
        # Measured: 80 ms off after a jump backwards with B-frames.
        raise MediaError(
            f'{path}: its edit list joins {len(begins)} parts, whose times '
            'cannot be relied on; re-encode the file with an editor',
            path,
            'unsupported',
        )
    if not cut or not begins:
        return 0.0
    options = {'ignore_editlist': '1'}
    times = []
    with open_container(path, options) as container:
        track = container.streams[stream.index]
        container.seek(
            int(max(0.0, begins[0] - 1.0) / track.time_base), stream=track
        )
        for packet in container.demux(track):
            if packet.pts is None:
                break
            times.append(float(packet.pts * track.time_base))
            if times[-1] > begins[0] + 2.0:
                break
    if min(times, default=0.0) >= begins[0]:
        return 0.0  # nothing was cut off at the beginning
    shown = [time for time in times if time >= begins[0]]
    return min(shown) - begins[0] if shown else 0.0


def _boxes(
    file: BinaryIO, begin: int, end: int
) -> Iterator[tuple[bytes, int, int]]:
    """Yield (type, begin and end of the body) of the boxes in a range."""
    while begin + 8 <= end:
        file.seek(begin)
        size, kind = struct.unpack('>I4s', file.read(8))
        head = 8
        if size == 1:
            (size,) = struct.unpack('>Q', file.read(8))
            head = 16
        elif size == 0:
            size = end - begin
        if size < head:
            return
        yield kind, begin + head, min(begin + size, end)
        begin += size


def _from_movie(file, begin: int, end: int, track_id: int) -> list[Edit]:
    scale = 0
    for kind, a, b in _boxes(file, begin, end):
        if kind == b'mvhd':
            scale = _number(file, a, b)  # ticks per second
        if kind == b'trak':
            boxes = {kind: (a, b) for kind, a, b in _boxes(file, a, b)}
            if _number(file, *boxes.get(b'tkhd', (0, 0))) != track_id:
                continue
            inner = {
                kind: (a, b)
                for name in (b'edts', b'mdia')
                for kind, a, b in _boxes(file, *boxes.get(name, (0, 0)))
            }
            if b'elst' in inner and b'mdhd' in inner:
                own = _number(file, *inner[b'mdhd'])
                return _entries(file, inner[b'elst'][0], scale, own)
            return []
    return []


def _number(file: BinaryIO, begin: int, end: int) -> int:
    """What a header holds after its two times: the ticks per second of a
    movie or of media, the number of a track."""
    if end <= begin:
        return 0
    file.seek(begin)
    head = file.read(24)
    return struct.unpack_from('>I', head, 20 if head[0] == 1 else 12)[0]


def _entries(file, begin: int, movie_scale: int, scale: int) -> list[Edit]:
    file.seek(begin)
    version, count = struct.unpack('>B3xI', file.read(8))
    form = struct.Struct('>Qqi' if version == 1 else '>Iii')
    edits = []
    for _ in range(min(count, 1000)):
        duration, media_time, _rate = form.unpack(file.read(form.size))
        begins = None if media_time < 0 else media_time / (scale or 1)
        edits.append(Edit(duration / (movie_scale or 1), begins))
    return edits
