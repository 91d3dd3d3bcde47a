"""What is found out about a file without reading it all."""

import os

import av
import pytest
from media_files import cut, merge, render, set_edits

from avts_mm.media import MediaError, probe


def test_ordinary_file(tmp_path):
    path = render(
        tmp_path / 'a.mp4', rate=44100, layout='stereo', b_frames=2
    ).path
    info = probe(path)
    assert info.path == path
    assert (info.container, info.video_codec) == ('mov', 'h264')
    assert (info.width, info.height, info.rotation) == (64, 48, 0)
    assert info.fps == 25
    assert info.has_b_frames and not info.has_edits
    assert (info.audio_codec, info.sample_rate) == ('aac', 44100)
    assert info.channels == 2
    assert info.video_start == info.audio_start == 0
    assert info.video_duration == pytest.approx(3.0)
    assert info.audio_duration == pytest.approx(3.0, abs=0.03)
    assert info.common_span == pytest.approx((0.0, 3.0), abs=0.03)


@pytest.mark.parametrize('ending', ['mp4', 'mkv'])
def test_common_span_is_on_the_clock_of_the_video(tmp_path, ending):
    late = render(
        tmp_path / f'late.{ending}',
        audio='flac',
        audio_start=0.4,
        audio_seconds=2.5,
    )
    start, duration = probe(late.path).common_span
    assert start == pytest.approx(0.4, abs=2e-3)
    assert duration == pytest.approx(2.1, abs=0.02)
    early = render(
        tmp_path / f'early.{ending}', audio='flac', video_start=0.52
    )
    info = probe(early.path)
    assert info.video_start == pytest.approx(0.52, abs=2e-3)
    assert info.common_span == pytest.approx((0.0, 3.0), abs=0.02)


def test_priming_of_aac_is_no_part_of_a_matroska_track(tmp_path):
    # The track's tag counts the 64 ms in.
    path = render(tmp_path / 'a.mkv', rate=16000).path
    info = probe(path)
    end = info.audio_start + info.audio_duration
    assert end == pytest.approx(3.0, abs=0.01)


@pytest.mark.parametrize(
    'name, options',
    [
        ('a.mpg', dict(video='mpeg1video', audio='mp2', b_frames=2)),
        ('a.ts', dict(b_frames=2)),
        ('a.avi', dict(video='mpeg4', audio='pcm_s16le', b_frames=2)),
        ('a.flv', dict(b_frames=2)),
        ('a.mkv', dict(audio='flac')),
        ('a.mp4', dict(b_frames=2, video_start=0.52)),
    ],
)
def test_scanning_makes_durations_exact(tmp_path, name, options):
    info = probe(render(tmp_path / name, **options).path, scan=True)
    assert info.video_duration == pytest.approx(3.0, abs=5e-3)
    start, duration = info.common_span
    assert start == pytest.approx(0.0, abs=5e-3)
    assert duration == pytest.approx(3.0, abs=0.03)


def test_cut_in_the_middle_of_a_picture(tmp_path):
    long = render(tmp_path / 'long.mp4', seconds=4, b_frames=2)
    info = probe(cut(long, tmp_path / 'cut.mp4', 1.111).path, scan=True)
    assert info.has_edits
    # The next picture begins 9 ms later, which libavformat leaves out.
    assert info.picture_shift == pytest.approx(0.009, abs=1e-3)
    assert info.video_start == pytest.approx(0.009, abs=1e-3)
    assert info.video_duration == pytest.approx(4 - 1.12, abs=2e-3)


def test_cut_far_from_the_beginning_of_the_media(tmp_path):
    long = render(tmp_path / 'long.mp4', seconds=4, b_frames=2)
    # 12800 ticks a second; the first picture stands at tick 1024.
    begin = 1024 + 2 * 12800 + 100
    path = set_edits(long, tmp_path / 'b.mp4', {b'vide': [(1900, begin)]})
    info = probe(path)
    assert info.has_edits
    assert info.picture_shift == pytest.approx((512 - 100) / 12800, abs=1e-4)


def test_joined_parts_are_refused(tmp_path):
    long = render(tmp_path / 'long.mp4', seconds=4, b_frames=2)
    parts = [(1000, 1024 + 3 * 12800), (2000, 1024)]
    path = set_edits(long, tmp_path / 'joined.mp4', {b'vide': parts})
    with pytest.raises(MediaError, match='joins 2 parts') as caught:
        probe(path)
    assert caught.value.reason == 'unsupported'


def test_time_that_only_passes_is_no_part(tmp_path):
    long = render(tmp_path / 'long.mp4', seconds=3, b_frames=2)
    edits = [(500, -1), (3000, 1024)]
    path = set_edits(long, tmp_path / 'late.mp4', {b'vide': edits})
    assert probe(path).video_start == pytest.approx(0.5)
    assert probe(path).picture_shift == 0


@pytest.mark.parametrize('rotation', [0, 90, 180, 270])
def test_rotation(tmp_path, rotation):
    path = render(tmp_path / 'a.mp4', rotation=rotation).path
    assert probe(path).rotation == rotation


def test_end_of_a_vorbis_track_before_its_last_packet(tmp_path):
    path = tmp_path / 'a.ogg'
    sound = dict(rate=16000, layout='stereo', seconds=1, events=())
    render(path, None, 'vorbis', **sound)
    with av.open(str(path)) as file:
        last = [p.pts for p in file.demux() if p.pts is not None][-1]
    data = bytearray(path.read_bytes())
    page = data.rindex(b'OggS')
    data[page + 6 : page + 14] = (last - 19).to_bytes(8, 'little')
    data[page + 22 : page + 26] = bytes(4)
    checksum = 0
    for byte in data[page:]:
        checksum ^= byte << 24
        for _ in range(8):
            checksum = checksum << 1 ^ (checksum >> 31) * 0x104C11DB7
    data[page + 22 : page + 26] = checksum.to_bytes(4, 'little')
    path.write_bytes(data)
    info = probe(path, scan=True)
    assert info.audio_duration == pytest.approx((last - 19) / 16000, abs=1e-6)


def test_only_one_kind_of_track(tmp_path):
    info = probe(render(tmp_path / 'a.mp4', audio=None).path)
    assert info.audio_codec is None
    assert info.common_span == (0.0, 0.0)
    info = probe(render(tmp_path / 'b.mp4', video=None).path)
    assert info.video_codec is None
    assert info.audio_codec == 'aac'
    assert info.common_span == (0.0, 0.0)


def test_cover_picture_is_no_video(tmp_path):
    path = tmp_path / 'cover.mp3'
    with av.open(str(path), 'w') as out:
        sound = out.add_stream('libmp3lame', rate=44100, layout='mono')
        cover = out.add_stream('mjpeg', rate=1)
        cover.width, cover.height, cover.pix_fmt = 64, 48, 'yuvj420p'
        cover.disposition = 1024
        frame = av.VideoFrame(64, 48, 'yuvj420p')
        frame.pts = 0
        for packet in cover.encode(frame) + cover.encode(None):
            out.mux(packet)
        noise = av.AudioFrame('fltp', 'mono', 1152)
        noise.sample_rate, noise.pts = 44100, 0
        for packet in sound.encode(noise) + sound.encode(None):
            out.mux(packet)
    assert probe(path).video_codec is None


def test_several_audio_tracks(tmp_path):
    first = render(tmp_path / 'a.mp4', audio='flac')
    second = render(
        tmp_path / 'b.mkv', None, 'libopus', audio_seconds=2, layout='stereo'
    )
    path = merge(tmp_path / 'c.mkv', first, second)
    for scan in (False, True, False):
        info = probe(path, scan=scan)
        assert (info.audio_codec, info.channels) == ('flac', 1)
        assert info.audio_tracks == 2
        info = probe(path, scan=scan, audio_track=1)
        assert (info.audio_codec, info.channels) == ('opus', 2)
        assert info.common_span == pytest.approx((0.0, 2.0), abs=0.03)
        with pytest.raises(MediaError, match='it holds 2 ') as caught:
            probe(path, scan=scan, audio_track=2)
        assert caught.value.reason == 'no_audio'
    with pytest.raises(MediaError, match='choose only audio_track=0'):
        probe(first.path, audio_track=1)
    silent = render(tmp_path / 'silent.mp4', audio=None).path
    assert probe(silent).audio_tracks == 0
    with pytest.raises(MediaError, match='has no sound'):
        probe(silent, audio_track=1)
    with pytest.raises(ValueError, match='audio_track'):
        probe(path, audio_track=-1)


def test_a_changed_file_is_probed_again(tmp_path):
    path = tmp_path / 'a.mp4'
    render(path)
    assert probe(path).audio_codec == 'aac'
    render(path, audio=None)
    os.utime(path, (1, 1))
    assert probe(path).audio_codec is None
