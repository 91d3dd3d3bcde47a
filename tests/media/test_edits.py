"""Edit lists, read from boxes as the standard has them, or damaged ones."""

import struct

import pytest

from avts_mm.media.edits import Edit, read_edits


def box(kind, *parts, large=False):
    body = b''.join(parts)
    if large:
        return struct.pack('>I4sQ', 1, kind, len(body) + 16) + body
    return struct.pack('>I4s', len(body) + 8, kind) + body


def header(kind, version, scale):
    """A movie or media header: times, then the ticks in a second."""
    times = bytes(8 if version == 0 else 16)
    return box(
        kind, struct.pack('>B3x', version), times, struct.pack('>I', scale)
    )


def track(number, version, entries, scale=1000):
    form = '>Qqi' if version else '>Iii'
    edits = b''.join(struct.pack(form, *entry, 1 << 16) for entry in entries)
    count = struct.pack('>B3xI', version, len(entries))
    head = struct.pack('>B3x', version) + bytes(16 if version else 8)
    return box(
        b'trak',
        box(b'tkhd', head, struct.pack('>I', number)),
        box(b'edts', box(b'elst', count, edits)),
        box(b'mdia', header(b'mdhd', version, scale)),
    )


@pytest.mark.parametrize('version', [0, 1])
@pytest.mark.parametrize('large', [False, True])
def test_the_list_of_the_track(tmp_path, version, large):
    path = tmp_path / 'a.mp4'
    movie = box(
        b'moov',
        header(b'mvhd', version, 600),
        track(1, version, [(600, 0)]),
        track(7, version, [(300, -1), (1200, 512)], scale=256),
        large=large,
    )
    path.write_bytes(box(b'ftyp', b'isom') + box(b'free') + movie)
    assert read_edits(str(path), 7) == [Edit(0.5, None), Edit(2.0, 2.0)]
    assert read_edits(str(path), 1) == [Edit(1.0, 0.0)]
    assert read_edits(str(path), 3) == []


def test_a_box_up_to_the_end_of_the_file(tmp_path):
    path = tmp_path / 'a.mp4'
    body = header(b'mvhd', 0, 600) + track(1, 0, [(600, 1000)])
    path.write_bytes(struct.pack('>I4s', 0, b'moov') + body)
    assert read_edits(str(path), 1) == [Edit(1.0, 1.0)]


@pytest.mark.parametrize(
    'damaged',
    [
        b'',
        box(b'free'),
        struct.pack('>I4s', 4, b'moov'),
        struct.pack('>I4s', 1, b'moov') + b'cut',
        box(b'moov', box(b'mvhd')),
        box(b'moov', box(b'trak', box(b'tkhd'))),
        box(b'moov', box(b'trak', box(b'tkhd', b'\0'))),
        box(b'moov', header(b'mvhd', 0, 600), track(1, 0, [(1, 2)])[:-9]),
    ],
)
def test_a_damaged_list_is_none(tmp_path, damaged):
    path = tmp_path / 'a.mp4'
    path.write_bytes(damaged)
    assert read_edits(str(path), 1) == []
    assert read_edits(str(tmp_path / 'gone.mp4'), 1) == []
