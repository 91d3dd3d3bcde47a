"""Sound on the clock of the pictures: blocks, whole files, or an error."""

from fractions import Fraction

import av
import numpy as np
import pytest
from media_files import clicks, copied, render

from avts_mm.media import (
    MediaError,
    PrepareOptions,
    extract_sound,
    open_audio,
    transcode,
)
from avts_mm.media.sound import SoundTimeline

RATE = 16000


def frame_of(samples, rate=RATE, layout='mono'):
    channels = 2 if layout == 'stereo' else 1
    samples = np.tile(np.asarray(samples, np.float32), (channels, 1))
    frame = av.AudioFrame.from_ndarray(samples, 'fltp', layout)
    frame.sample_rate = rate
    frame.time_base = Fraction(1, rate)
    return frame


def lay(blocks, rate=RATE, **kwargs):
    """Lay (time, samples) blocks; return the timeline and what came out."""
    timeline = SoundTimeline(RATE, **kwargs)
    out = []
    for time, samples in blocks:
        out += timeline.add(frame_of(samples, rate), time)
    out += timeline.close()
    sound = np.concatenate(out) if out else np.zeros(0, np.int16)
    assert len(sound) == timeline.written
    return timeline, sound


def ones(count):
    return np.full(count, 0.5, np.float32)


def test_late_sound_is_preceded_by_silence():
    timeline, sound = lay([(0.25, ones(1600))])
    assert timeline.first == 0.25
    assert len(sound) == 4000 + 1600
    assert not sound[:4000].any()
    assert (sound[4000:] == 16384).all()


def test_early_sound_is_cut():
    timeline, sound = lay([(-0.05, ones(800)), (0.0, ones(1600))])
    assert timeline.first == 0
    assert len(sound) == 1600
    timeline, sound = lay([(-1.0, ones(1600))])
    assert timeline.first is None
    assert len(sound) == 0


def test_jitter_changes_nothing():
    rng = np.random.default_rng(0)
    wave = rng.normal(0, 0.1, (200, 160)).astype(np.float32)
    times = np.arange(200) * 0.01
    _, steady = lay(zip(times, wave))
    _, jittery = lay(zip(np.round(times + 0.0004, 3), wave))
    assert np.array_equal(steady, jittery)


def test_a_hole_is_filled_and_an_overlap_cut():
    _, sound = lay([(0.0, ones(1600)), (0.5, ones(1600))])
    assert len(sound) == 9600
    assert not sound[1600:8000].any()
    _, sound = lay([(0.0, ones(8000)), (0.3, ones(8000))])
    assert len(sound) == round(0.3 * RATE) + 8000


def test_drift_is_taken_out():
    # The clock of the sound runs 1 % fast: after 20 s it is 0.2 s ahead.
    blocks = [(i * 0.0202, ones(320)) for i in range(1000)]
    _, sound = lay(blocks)
    assert len(sound) / RATE == pytest.approx(20.2, abs=0.03)


def test_a_jump_too_far_is_refused():
    with pytest.raises(ValueError, match='jumps'):
        lay([(0.0, ones(160)), (500.0, ones(160))])


def test_the_form_may_change_on_the_way():
    timeline = SoundTimeline(RATE)
    out = list(timeline.add(frame_of(ones(4410), 44100), 0.0))
    out += timeline.add(frame_of(ones(4800), 48000, 'stereo'), 0.1)
    out += timeline.close()
    assert len(np.concatenate(out)) == pytest.approx(3200, abs=2)


@pytest.mark.parametrize('rate', [8000, 22050, 44100, 48000])
def test_resampling_adds_no_delay(rate):
    count = rate
    t = np.arange(count) / rate
    bump = 0.5 * np.exp(-(((t - 0.4) / 0.002) ** 2))
    parts = np.array_split(bump, 50)
    starts = np.cumsum([0] + [len(p) for p in parts[:-1]]) / rate
    _, sound = lay(zip(starts, parts), rate)
    weight = sound.astype(float)
    centre = (weight * np.arange(len(sound))).sum() / weight.sum() / RATE
    assert centre == pytest.approx(0.4, abs=1e-4)


def refused(path, tmp_path):
    target = tmp_path / 'new' / 'out.wav'
    with pytest.raises(MediaError) as error:
        extract_sound(str(path), str(target), RATE)
    assert str(path) in str(error.value)
    assert list(tmp_path.glob('new/*')) == []
    return error.value


def test_sound_that_begins_late_is_in_sync(tmp_path):
    film = render(
        tmp_path / 'a.mkv', audio='pcm_s16le', events=(12, 27), audio_start=0.2
    )
    wav = str(tmp_path / 'new' / 'a.wav')
    begin, end = extract_sound(film.path, wav, RATE)
    assert (begin, end) == pytest.approx((0.2, 3.0), abs=0.03)
    with open_audio(wav) as reader:
        assert not reader.read(0, 0.19, RATE).any()
    np.testing.assert_allclose(
        clicks(wav, film.events), film.events, atol=2e-3
    )


def test_pictures_and_sound_are_needed(tmp_path):
    sound = render(tmp_path / 'sound.mkv', video=None)
    assert refused(sound.path, tmp_path).reason == 'no_video'
    silent = render(tmp_path / 'silent.mkv', audio=None)
    assert refused(silent.path, tmp_path).reason == 'no_audio'


def delayed(film, path, kind, seconds, begin=0.0):
    """A copy in which a track comes late, from some time on."""

    def move(packet):
        late = packet.pts * packet.time_base >= begin
        return seconds * (late and packet.stream.type == kind)

    with copied(film.path, path, move):
        return path


def test_sound_that_is_over_before_the_pictures(tmp_path):
    film = render(tmp_path / 'a.mkv', audio='pcm_s16le')
    path = delayed(film, tmp_path / 'over.mkv', 'video', 10)
    error = refused(path, tmp_path)
    assert error.reason == 'no_audio'
    assert 'no sound after its first picture' in str(error)


def test_sound_that_jumps(tmp_path):
    film = render(tmp_path / 'a.mkv', audio='pcm_s16le')
    path = delayed(film, tmp_path / 'jump.mkv', 'audio', 300, begin=1.5)
    error = refused(path, tmp_path)
    assert error.reason == 'undecodable'
    assert 'its sound jumps from 1.5' in str(error)


EVENTS = np.array([10, 24, 37, 41, 46, 55, 66])  # of films with holes
FRAGMENTS = {'movflags': 'frag_keyframe+empty_moov'}


def assert_heard(film, tmp_path, moments):
    """Where prepared sound, extracted sound and the readers have a click."""
    options = PrepareOptions(short_side=48)
    mp4, wav, other = (str(tmp_path / n) for n in ('o.mp4', 'o.wav', 'x.wav'))
    transcode(str(film), mp4, wav, options)
    extract_sound(str(film), other, RATE)
    for path in (wav, other, str(film)):
        np.testing.assert_allclose(clicks(path, moments), moments, atol=2e-3)


@pytest.mark.parametrize(
    'name, audio',
    [
        ('a.mp4', 'aac'),
        ('a.ts', 'ac3'),
        ('a.ts', 'libmp3lame'),
        ('a.mkv', 'libopus'),
        ('a.mkv', 'vorbis'),
    ],
)
def test_sound_after_lost_packets(tmp_path, name, audio):
    film = render(
        tmp_path / 'whole.mp4', audio=audio, events=EVENTS, layout='stereo'
    )
    lost = (0.05, 0.13), (1.2, 1.29), (2.0, 2.02)

    def move(packet):
        time = packet.pts * packet.time_base
        if packet.stream.type == 'audio':
            return None if any(a <= time < b for a, b in lost) else 0.0
        return 0.0

    with copied(film.path, tmp_path / name, move):
        pass
    assert_heard(tmp_path / name, tmp_path, film.events)


@pytest.mark.parametrize('options', [FRAGMENTS, {'use_editlist': '0'}])
def test_the_second_packet_comes_late(tmp_path, options):
    film = render(
        tmp_path / 'a.mp4',
        events=EVENTS,
        b_frames=2,
        container_options=options,
    )
    assert_heard(film.path, tmp_path, film.events)


def test_times_that_jitter_make_no_holes(tmp_path):
    film = render(tmp_path / 'a.mp4', events=EVENTS)
    shift = iter([0, 0.012, 0.004, 0.009] * 99)

    def move(packet):
        return next(shift) if packet.stream.type == 'audio' else 0.0

    with copied(film.path, tmp_path / 'b.mkv', move):
        pass
    for span in ((0.3, 1.0), (1.1, 1.0)):
        with (
            open_audio(film.path) as steady,
            open_audio(tmp_path / 'b.mkv') as jittery,
        ):
            expected = steady.read(*span, RATE)
            found = jittery.read(*span, RATE)
            assert jittery.missing == 0
        lag = np.correlate(found, expected[400:-400], 'valid').argmax() - 400
        assert abs(lag) <= 0.015 * RATE


def test_what_overlaps_with_lost_sound_is_not_heard_later(tmp_path):
    film = render(tmp_path / 'a.mp4', events=(26,))

    def move(packet):
        lost = packet.stream.type == 'audio'
        lost = lost and 1.01 <= packet.pts * packet.time_base < 1.1
        return None if lost else 0.0

    with copied(film.path, tmp_path / 'b.mp4', move):
        pass
    with open_audio(tmp_path / 'b.mp4') as reader:
        assert np.abs(reader.read(1.09, 0.2, RATE)).max() < 0.05
