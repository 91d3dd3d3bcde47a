"""Prepared files: in sync, of the promised form, or refused with a reason."""

import os
import wave
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from film_kinds import render_kind
from media_files import clicks, cut, flashes, render, truncate, with_sound

from avts_mm.media import (
    MediaError,
    PrepareOptions,
    open_video,
    probe,
    transcode,
)

SMALL = PrepareOptions(short_side=48)


def assert_as_prepared(path: str) -> None:
    """It is what readers take for granted of a prepared file: its head tells
    what a look at the whole of it tells, and it is read alike, bit by bit,
    wherever one enters it."""
    size = os.path.getsize(path)
    info = probe(path)
    end = info.video_duration
    step = 1 / info.fps
    with open_video(path, prepared_bytes=size) as reader:
        assert reader.info == info
    every = np.arange(0, end, step / 3)
    moments = [every, [0.0], [end - step / 2], [end + step / 2]]
    rng = np.random.default_rng(0)
    moments += list(rng.uniform(0, end, 8)[:, None] + np.arange(5) * step)
    with open_video(path, prepared_bytes=size) as again:
        for times in moments:
            times = np.clip(times, 0, end)
            # Opened anew, as for a sample; and where one stands.
            with (
                open_video(path) as full,
                open_video(path, prepared_bytes=size) as reader,
            ):
                images, begins = full.pictures(times)
                for quick in (reader, again):
                    found = quick.pictures(times)
                    np.testing.assert_array_equal(found[0], images)
                    np.testing.assert_array_equal(found[1], begins)


def prepare(path, tmp_path, options=SMALL, **segment):
    outputs = str(tmp_path / 'out.mp4'), str(tmp_path / 'out.wav')
    prepared = transcode(str(path), *outputs, options, **segment)
    assert_as_prepared(outputs[0])
    return prepared, *outputs


def assert_events(mp4, wav, events):
    # Half a picture of the new rate; sound to a sample or the container's
    # clock of 1 ms.
    np.testing.assert_allclose(flashes(mp4, events), events, atol=0.0201)
    np.testing.assert_allclose(clicks(wav, events), events, atol=0.002)


CASES = (
    'plain.mp4',
    'late_sound.mp4',
    'late_picture.mp4',
    'b_frames.mp4',
    'slow.mp4',
    'ntsc.mp4',
    'stereo44.mp4',
    'mp3.mp4',
    'aac.mkv',
    'late_sound.mkv',
    'vp9.webm',
    'mpeg1.mpg',
    'mpeg2.vob',
    'pcm.avi',
    'h264_b.avi',
    'late_picture.ts',
    'vfr.mp4',
)


@pytest.mark.parametrize('name', CASES)
def test_sound_and_picture_stay_together(name, tmp_path):
    truth = render_kind(tmp_path / name)
    prepared, mp4, wav = prepare(truth.path, tmp_path)
    assert_events(mp4, wav, truth.events)
    assert_events(mp4, mp4, truth.events)
    assert prepared.video_seconds == pytest.approx(truth.end, abs=0.021)


def test_edit_list(tmp_path):
    long = render(
        tmp_path / 'long.mp4', seconds=5, events=(10, 60, 75, 100), b_frames=2
    )
    truth = cut(long, tmp_path / 'cut.mp4', 1.4)
    _, mp4, wav = prepare(truth.path, tmp_path)
    assert_events(mp4, wav, truth.events)


@pytest.mark.parametrize('start', [1.23, 7.77])
def test_segment(start, tmp_path):
    truth = render(
        tmp_path / 'long.mp4', seconds=12, events=(12, 50, 215, 240), gop=50
    )
    prepared, mp4, wav = prepare(
        truth.path, tmp_path, start=start, end=start + 2.4
    )
    events = truth.events - start
    events = events[(events > 0) & (events < 2)]
    assert len(events)
    assert_events(mp4, wav, events)
    assert prepared.duration == pytest.approx(2.4, abs=0.02)
    assert prepared.start == 0


def test_segment_that_is_not_there(tmp_path):
    truth = render(tmp_path / 'a.mp4')
    for start, end, reason in (
        (50, 60, 'too_short'),
        (2.5, 60, 'too_short'),
        (2, 1, 'bad_segment'),
    ):
        with pytest.raises(MediaError) as error:
            prepare(truth.path, tmp_path, start=start, end=end)
        assert error.value.reason == reason


def test_form_of_the_prepared_files(tmp_path):
    truth = render(
        tmp_path / 'a.mp4', fps=30, b_frames=2, gop=250, size=(200, 120)
    )
    options = PrepareOptions(short_side=64)
    prepared, mp4, wav = prepare(truth.path, tmp_path, options)
    assert (prepared.width, prepared.height) == (106, 64)
    with av.open(mp4) as container:
        stream = container.streams.video[0]
        assert stream.average_rate == 25
        assert stream.start_time == 0
        assert stream.codec_context.name == 'h264'
        assert stream.codec_context.pix_fmt == 'yuv420p'
        packets = [p for p in container.demux(stream) if p.size]
        assert all(p.pts == p.dts for p in packets)
        keys = [i for i, p in enumerate(packets) if p.is_keyframe]
        assert keys[0] == 0
        assert max(np.diff(keys)) == 12
        assert len(packets) == 75
    with open_video(mp4, 'decord', os.path.getsize(mp4)) as video:
        assert video.frames(np.array([0.0, 1.5])).shape == (2, 64, 106, 3)
    with wave.open(wav) as file:
        assert file.getparams()[:4] == (1, 2, 16000, 48000)


@pytest.mark.parametrize(
    'options',
    [
        dict(gop=1),
        dict(gop=250, fps=50),
        dict(fps=1),
        dict(fps='24000/1001', gop=3),
        dict(preset='placebo'),
        dict(preset='ultrafast', sample_rate=44100),
    ],
)
def test_other_forms_are_known_as_well(options, tmp_path):
    # Each is compared by prepare().
    truth = render(tmp_path / 'a.mp4', b_frames=2, audio_start=0.119)
    prepare(truth.path, tmp_path, PrepareOptions(48, **options))


def test_sound_that_ends_early_or_late(tmp_path):
    truth = render(tmp_path / 'early.mp4', audio_seconds=2.6)
    prepared, *_ = prepare(truth.path, tmp_path)
    assert prepared.duration == pytest.approx(2.6, abs=0.03)
    truth = render(tmp_path / 'late.mp4', audio_seconds=4.0)
    prepared, _, wav = prepare(truth.path, tmp_path)
    assert prepared.duration == pytest.approx(3.0, abs=0.001)
    with wave.open(wav) as file:
        assert file.getnframes() == 48000
    truth = render(tmp_path / 'begin.mkv', audio='flac', audio_start=0.5)
    prepared, *_ = prepare(truth.path, tmp_path)
    assert prepared.start == pytest.approx(0.5, abs=0.002)
    assert prepared.start + prepared.duration == pytest.approx(3, abs=0.05)


@pytest.mark.parametrize('rotation', [0, 90, 180, 270])
def test_rotation_is_applied(rotation, tmp_path):
    truth = render(tmp_path / 'a.mp4', rotation=rotation, seconds=2.6)
    prepared, mp4, _ = prepare(truth.path, tmp_path)
    turned = rotation in (90, 270)
    size = (48, 64) if turned else (64, 48)
    assert (prepared.width, prepared.height) == size
    with av.open(mp4) as container:
        frame = next(container.decode(video=0))
        assert frame.rotation == 0
        shown = frame.to_ndarray(format='gray')
    with av.open(truth.path) as container:
        stored = next(container.decode(video=0)).to_ndarray(format='gray')
    expected = np.rot90(stored, rotation // 90)
    error = np.abs(shown.astype(int) - expected.astype(int)).mean()
    assert error < 6


def test_crop(tmp_path):
    truth = render(tmp_path / 'a.mp4', size=(128, 96))
    options = replace(SMALL, crop=(0.5, 0.25, 1.0, 0.75))
    prepared, *_ = prepare(truth.path, tmp_path, options)
    assert (prepared.width, prepared.height) == (64, 48)
    options = replace(SMALL, crop=(0.0, 0.0, 1.0, 0.5))
    prepared, *_ = prepare(truth.path, tmp_path, options)
    assert (prepared.width, prepared.height) == (128, 48)


def test_pixels_become_square(tmp_path):
    wide = {'x264-params': 'sar=2/1'}
    truth = render(tmp_path / 'a.mp4', video_options=wide)
    prepared, mp4, _ = prepare(truth.path, tmp_path)
    assert (prepared.width, prepared.height) == (128, 48)
    with av.open(mp4) as container:
        assert container.streams.video[0].sample_aspect_ratio in (None, 1)


@pytest.mark.parametrize(
    'wrong',
    [
        dict(short_side=127),
        dict(fps=0),
        dict(fps='fast'),
        dict(sample_rate=10),
        dict(gop=0),
        dict(min_seconds=0),
        dict(crop=(0.5, 0, 0.4, 1)),
        dict(crop=(0, 0, 1)),
    ],
)
def test_wrong_options_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        PrepareOptions(**wrong)


# Files of no use are refused with the right reason, never half accepted.


def reason_of(path, tmp_path, options=SMALL):
    with pytest.raises(MediaError) as error:
        prepare(path, tmp_path, options)
    assert str(path) in str(error.value)
    assert not list(tmp_path.glob('out.*'))
    return error.value.reason


@pytest.mark.parametrize(
    'name, options',
    [
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
    assert reason_of(truncate(truth.path, 0.5), tmp_path) == 'undecodable'


def test_a_lost_tail_is_forgiven(tmp_path):
    truth = render(tmp_path / 'a.mkv', seconds=8, audio='flac')
    prepared, *_ = prepare(truncate(truth.path, 0.97), tmp_path)
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


def test_silent(tmp_path):
    noise = np.random.default_rng(0).normal(size=48000)
    faint = with_sound(tmp_path / 'faint.mkv', noise * 2.5e-4)  # -72 dB
    assert reason_of(faint, tmp_path) == 'silent'
    audible = with_sound(tmp_path / 'audible.mkv', noise / 40)  # -32 dB
    louder = PrepareOptions(short_side=48, silence_db=-20)
    assert reason_of(audible, tmp_path, louder) == 'silent'
    prepared, *_ = prepare(audible, tmp_path)
    assert prepared.loudness_db == pytest.approx(-32, abs=1)


def test_channels_that_cancel_each_other_out(tmp_path):
    noise = np.random.default_rng(0).normal(size=(2, 48000)) / 40
    left, other = noise
    inverted = with_sound(tmp_path / 'a.mkv', np.stack([left, -left]))
    with pytest.raises(MediaError, match='one of them is inverted') as caught:
        prepare(inverted, tmp_path)
    assert caught.value.reason == 'silent'
    faint = np.stack([left, other / 300 - left])  # -50 dB are left
    assert reason_of(with_sound(tmp_path / 'b.mkv', faint), tmp_path) == (
        'silent'
    )
    one_sided = np.stack([left, 0 * left])
    prepare(with_sound(tmp_path / 'c.mkv', one_sided), tmp_path)


@pytest.mark.parametrize('name', ['a.ts', 'a.webm'])
def test_recordings_joined_end_to_end(tmp_path, name):
    kinds = {'a.ts': {}, 'a.webm': dict(video='libvpx', audio='libopus')}
    first = render(tmp_path / name, **kinds[name])
    longer = render(tmp_path / f'b{name}', seconds=4, **kinds[name])
    path = tmp_path / f'joined_{name}'
    path.write_bytes(
        Path(first.path).read_bytes() + Path(longer.path).read_bytes()
    )
    assert reason_of(path, tmp_path) == 'bad_timestamps'
    with pytest.raises(MediaError, match='joined end to end') as caught:
        probe(path, scan=True)
    assert caught.value.reason == 'unsupported'


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


@pytest.mark.skipif(
    not os.path.isdir('/proc/self/fd'), reason='needs /proc to count'
)
def test_no_file_stays_open(tmp_path):
    silent = with_sound(tmp_path / 'a.mkv', np.zeros(48000))
    damaged = render(tmp_path / 'b.mkv', audio='flac').path
    truncate(damaged, 0.5)

    def refuse():
        assert reason_of(silent, tmp_path) == 'silent'
        assert reason_of(damaged, tmp_path) == 'undecodable'

    refuse()
    before = len(os.listdir('/proc/self/fd'))
    for _ in range(3):
        refuse()
    assert len(os.listdir('/proc/self/fd')) <= before
