"""Written videos, read again."""

import av
import numpy as np
import pytest

from avts_mm.media import VideoWriter, open_audio, open_video, probe

FPS, RATE = 25, 16000


def flash_and_click(seconds=2.0, at=1.2, size=(48, 64)):
    count = round(seconds * FPS)
    frames = np.zeros((count, *size, 3), np.uint8)
    frames[round(at * FPS)] = 255
    wave = np.zeros(round(seconds * RATE), np.float32)
    place = round(at * RATE)
    wave[place : place + 160] = np.sin(np.arange(160)) * 0.8
    return frames, wave


def write(path, frames, wave=None, fps=FPS, rate=RATE):
    """Pictures, with as much sound after each as belongs to it."""
    rate = None if wave is None else rate
    channels = 1 if wave is None else wave[:1].size
    with VideoWriter(path, fps, rate, channels) as writer:
        for n, frame in enumerate(frames):
            writer.add_picture(frame)
            if wave is not None:
                first, last = (round(i / fps * rate) for i in (n, n + 1))
                writer.add_sound(wave[first:last])


@pytest.mark.parametrize('suffix', ['mp4', 'mkv', 'mov'])
def test_picture_and_sound_come_together(tmp_path, suffix):
    frames, wave = flash_and_click()
    path = str(tmp_path / 'new' / f'a.{suffix}')
    write(path, frames, wave)
    info = probe(path)
    assert (info.video_codec, info.audio_codec) == ('h264', 'aac')
    assert (info.width, info.height, info.fps) == (64, 48, FPS)
    times = (np.arange(50) + 0.5) / FPS
    with open_video(path, 'pyav') as reader:
        seen = reader.frames(times).mean((1, 2, 3))
    assert (
        seen.argmax() == 30
        and seen[30] > 200 > 50 > np.delete(seen, 30)[:].max()
    )
    with open_audio(path) as reader:
        heard = reader.read(0, 1.9, RATE)
    first = np.flatnonzero(np.abs(heard) > 0.3)[0] / RATE
    # AAC in Matroska was measured 64 ms late.
    assert first == pytest.approx(1.2, abs=0.005 if suffix != 'mkv' else 0.07)


def test_browsers_can_begin_before_they_have_all(tmp_path):
    frames, wave = flash_and_click()
    path = tmp_path / 'a.mp4'
    write(path, frames, wave)
    data = path.read_bytes()
    assert data.index(b'moov') < data.index(b'mdat')
    with av.open(str(path)) as container:
        assert container.streams.video[0].pix_fmt == 'yuv420p'
        order = [p.stream.type for p in container.demux() if p.dts is not None]
    # Interleaved: no long run of either.
    assert 'audio' in order[: len(order) // 2]
    assert 'video' in order[len(order) // 2 :]


def test_odd_sizes_lose_a_line(tmp_path):
    path = tmp_path / 'a.mp4'
    write(path, np.zeros((3, 33, 47, 3), np.uint8), fps=30)
    info = probe(str(path))
    assert (info.height, info.width) == (32, 46)
    assert info.audio_codec is None


def test_stereo_and_other_rates(tmp_path):
    frames, wave = flash_and_click()
    wave = np.stack([wave, -wave], 1)
    path = tmp_path / 'a.mp4'
    write(path, frames, wave, rate=48000)
    info = probe(str(path))
    assert (info.sample_rate, info.channels) == (48000, 2)


def test_the_order_of_picture_and_sound_does_not_matter(tmp_path):
    """Sound before the first picture, or all after the last."""
    frames, wave = flash_and_click()
    heard = []
    for early in (True, False):
        path = tmp_path / f'{early}.mp4'
        with VideoWriter(path, FPS, RATE) as writer:
            if early:
                writer.add_sound(wave)
            for frame in frames:
                writer.add_picture(frame)
            if not early:
                writer.add_sound(np.round(wave * 32767).astype(np.int16))
        with open_audio(str(path)) as reader:
            heard.append(reader.read(0, 1.9, RATE))
    np.testing.assert_allclose(*heard, atol=1e-3)


@pytest.mark.parametrize(
    'frames',
    [
        [],
        [np.zeros((8, 8, 3), np.uint8), np.zeros((8, 10, 3), np.uint8)],
        [np.zeros((8, 8, 3))],
        [np.zeros((8, 8), np.uint8)],
    ],
)
def test_bad_frames_leave_no_file(tmp_path, frames):
    path = tmp_path / 'a.mp4'
    with pytest.raises(ValueError, match=r'a\.mp4.*frames'):
        write(path, frames)
    assert not path.exists()


def test_an_error_of_the_caller_leaves_no_file(tmp_path):
    path = tmp_path / 'a.mp4'

    def broken():
        yield np.zeros((8, 8, 3), np.uint8)
        raise RuntimeError('mine')

    with pytest.raises(RuntimeError, match='mine'):
        write(path, broken(), np.zeros(100))
    assert not path.exists()


def test_sound_without_its_rate_is_refused(tmp_path):
    frames, wave = flash_and_click(0.2, 0.1)
    path = tmp_path / 'a.mp4'
    with (
        pytest.raises(ValueError, match='has no track for sound'),
        VideoWriter(path, FPS) as writer,
    ):
        writer.add_picture(frames[0])
        writer.add_sound(wave)
    assert not path.exists()
