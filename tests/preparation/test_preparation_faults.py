"""Files of no use are refused with the right reason, never half accepted."""

import os
from pathlib import Path

import av
import numpy as np
import pytest
from media_files import render

from avts_mm.media import MediaError, PrepareOptions, transcode

SMALL = PrepareOptions(short_side=48)


def reason_of(path, tmp_path, options=SMALL):
    with pytest.raises(MediaError) as error:
        transcode(
            str(path),
            str(tmp_path / 'out.mp4'),
            str(tmp_path / 'out.wav'),
            options,
        )
    assert str(path) in str(error.value)
    return error.value.reason


def quiet(path, scale=0.0, sound=None):
    """A video whose sound is scaled, 0 for digital silence, or given."""
    with av.open(str(path), 'w') as out:
        video = out.add_stream('libx264', rate=25)
        video.width, video.height, video.pix_fmt = 64, 48, 'yuv420p'
        codec = 'pcm_s16le' if sound is None else 'pcm_f32le'
        audio = out.add_stream(codec, rate=16000, layout='mono')
        rng = np.random.default_rng(0)
        for _ in range(50):
            image = rng.integers(0, 255, (48, 64, 3), np.uint8)
            out.mux(video.encode(av.VideoFrame.from_ndarray(image, 'rgb24')))
        if sound is None:
            sound = rng.normal(size=(1, 32000)) * 8000 * scale
            sound = sound.astype(np.int16)
        form = 's16' if sound.dtype == np.int16 else 'flt'
        frame = av.AudioFrame.from_ndarray(sound, form, 'mono')
        frame.sample_rate, frame.pts = 16000, 0
        for stream, last in ((audio, frame), (audio, None), (video, None)):
            out.mux(stream.encode(last))
    return path


def cut(source, share):
    """Keep only the first part of a file."""
    data = Path(source).read_bytes()
    Path(source).write_bytes(data[: int(share * len(data))])
    return source


def test_not_media(tmp_path):
    empty = tmp_path / 'empty.mp4'
    empty.touch()
    assert reason_of(empty, tmp_path) in ('empty', 'undecodable')
    text = tmp_path / 'text.mp4'
    text.write_text('<html>not found</html>' * 100)
    assert reason_of(text, tmp_path) == 'undecodable'
    noise = tmp_path / 'noise.mkv'
    noise.write_bytes(np.random.default_rng(0).bytes(50_000))
    assert reason_of(noise, tmp_path) == 'undecodable'
    folder = tmp_path / 'folder.mp4'
    folder.mkdir()
    assert reason_of(folder, tmp_path) == 'undecodable'
    assert reason_of(tmp_path / 'none.mp4', tmp_path) == 'missing'


@pytest.mark.parametrize(
    'name, options',
    [
        ('index_at_end.mp4', {}),
        (
            'index_at_front.mp4',
            dict(container_options={'movflags': 'faststart'}),
        ),
        ('cut.mkv', dict(audio='flac')),
        ('cut.avi', dict(video='mpeg4', audio='pcm_s16le')),
    ],
)
def test_cut_short(name, options, tmp_path):
    truth = render(tmp_path / name, seconds=8, **options)
    assert reason_of(cut(truth.path, 0.5), tmp_path) == 'undecodable'


def test_a_lost_tail_is_forgiven(tmp_path):
    truth = render(tmp_path / 'a.mkv', seconds=8, audio='flac')
    prepared = transcode(
        cut(truth.path, 0.97),
        str(tmp_path / 'out.mp4'),
        str(tmp_path / 'out.wav'),
        SMALL,
    )
    assert 7 < prepared.duration < 8


def test_damaged_in_the_middle(tmp_path):
    truth = render(tmp_path / 'a.mp4', seconds=4)
    data = bytearray(Path(truth.path).read_bytes())
    rng = np.random.default_rng(0)
    # Only the coded pictures and sound, not the index at the end.
    for place in rng.integers(1000, data.rindex(b'moov') - 8, 3000):
        data[place] ^= 0xFF
    Path(truth.path).write_bytes(data)
    assert reason_of(truth.path, tmp_path) == 'undecodable'


def test_one_track_is_missing(tmp_path):
    mute = render(tmp_path / 'mute.mp4', audio=None)
    assert reason_of(mute.path, tmp_path) == 'no_audio'
    blind = render(tmp_path / 'blind.m4a', video=None)
    assert reason_of(blind.path, tmp_path) == 'no_video'


def test_silent(tmp_path):
    assert reason_of(quiet(tmp_path / 'a.mkv'), tmp_path) == 'silent'
    faint = quiet(tmp_path / 'faint.mkv', 1e-3)  # -72 dB
    assert reason_of(faint, tmp_path) == 'silent'
    audible = quiet(tmp_path / 'audible.mkv', 1e-1)  # -32 dB
    louder = PrepareOptions(short_side=48, silence_db=-20)
    assert reason_of(audible, tmp_path, louder) == 'silent'
    outputs = str(tmp_path / 'o.mp4'), str(tmp_path / 'o.wav')
    prepared = transcode(str(audible), *outputs, SMALL)
    assert prepared.loudness_db == pytest.approx(-32.2, abs=1)


def test_samples_that_are_not_numbers(tmp_path):
    sound = np.full((1, 32000), 0.3, np.float32)
    sound[0, 3000:30000] = np.nan
    path = quiet(tmp_path / 'a.mkv', sound=sound)
    assert reason_of(path, tmp_path) == 'undecodable'


def test_too_short(tmp_path):
    truth = render(tmp_path / 'a.mp4', seconds=0.8, events=(5,))
    assert reason_of(truth.path, tmp_path) == 'too_short'
    # Long enough each, but not together.
    truth = render(
        tmp_path / 'b.mkv',
        audio='flac',
        audio_start=1.2,
        seconds=2,
        events=(12,),
    )
    assert reason_of(truth.path, tmp_path) == 'out_of_sync'


def test_tracks_that_do_not_belong_together(tmp_path):
    apart = render(
        tmp_path / 'apart.mkv', audio='flac', audio_seconds=9, audio_start=5
    )
    assert reason_of(apart.path, tmp_path) == 'out_of_sync'
    # The sound is over when the first picture comes.
    before = render(
        tmp_path / 'before.mkv',
        audio='flac',
        seconds=3,
        video_start=6,
        audio_start=1,
        audio_seconds=1e-4,
        events=(),
    )
    assert reason_of(before.path, tmp_path) == 'out_of_sync'
    longer = render(tmp_path / 'longer.mp4', audio_seconds=9)
    assert reason_of(longer.path, tmp_path) == 'out_of_sync'


def test_jumping_timestamps(tmp_path):
    times = np.arange(50) / 25
    times[30:] += 5000
    truth = render(tmp_path / 'a.mkv', times=times, events=(12,), seconds=2)
    assert reason_of(truth.path, tmp_path) == 'bad_timestamps'


def test_nothing_is_left_open(tmp_path):
    descriptors = '/proc/self/fd'
    if not os.path.isdir(descriptors):
        pytest.skip('counts descriptors through /proc')
    quiet(tmp_path / 'a.mkv')
    reason_of(tmp_path / 'a.mkv', tmp_path)
    before = len(os.listdir(descriptors))
    for _ in range(3):
        reason_of(tmp_path / 'a.mkv', tmp_path)
    assert len(os.listdir(descriptors)) <= before
