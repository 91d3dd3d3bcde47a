"""Spans of sound: exact in length and time, whatever the file's own form."""

import wave
from pathlib import Path

import numpy as np
import pytest
from media_files import (
    click,
    find_click,
    merge,
    render,
    truncate,
    write_media,
    write_wave,
)

from avts_mm.media import MediaError, open_audio, probe


def read(path, start, seconds, sample_rate=16000, **kwargs):
    with open_audio(path, **kwargs) as reader:
        return reader.read(start, seconds, sample_rate)


def sine(seconds, rate, frequency=700.0, start=0.0):
    t = start + np.arange(round(seconds * rate)) / rate
    return 0.5 * np.sin(2 * np.pi * frequency * t)


@pytest.mark.parametrize(
    'rate', [8000, 11025, 16000, 22050, 32000, 44100, 48000, 96000]
)
def test_resampling_keeps_phase_and_level(tmp_path, rate):
    path = write_wave(tmp_path / 'a.wav', sine(3, rate), rate)
    start = 1.0  # a whole number of samples at every rate
    found = read(path, start, 1.0)
    assert found.shape == (16000,) and found.dtype == np.float32
    expected = sine(1.0, 16000, start=start)
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_resampling_removes_what_would_alias(tmp_path):
    path = write_wave(tmp_path / 'a.wav', sine(3, 48000, 12000.0), 48000)
    assert np.abs(read(path, 1.0, 1.0)).max() < 2e-3


@pytest.mark.parametrize('rate', [16000, 44100])
@pytest.mark.parametrize('ending', ['wav', 'mkv'])
def test_length_is_exact(tmp_path, ending, rate):
    if ending == 'wav':
        path = write_wave(tmp_path / 'a.wav', sine(3, rate), rate)
    else:
        path = render(
            tmp_path / 'a.mkv', audio='flac', rate=rate, video=None
        ).path
    with open_audio(path) as reader:
        for seconds in (0.0, 1e-5, 0.01, 1 / 3, 0.99999, 1.0, 2.9):
            for sample_rate in (8000, 16000, 22050, 48000):
                sound = reader.read(0.05, seconds, sample_rate)
                assert sound.shape == (round(seconds * sample_rate),)


@pytest.mark.parametrize('name', ['a.mp4', 'a.mkv', 'a.ts', 'a.avi'])
@pytest.mark.parametrize('rate', [16000, 48000])
def test_pieces_make_the_whole(tmp_path, name, rate):
    codec = dict(mp4='aac', mkv='libopus', ts='mp2', avi='libmp3lame')
    path = render(tmp_path / name, video='mpeg4', audio=codec[name[2:]]).path
    whole = read(path, 0.5, 2.0, rate)
    pieces = [read(path, 0.5 + i * 0.25, 0.25, rate) for i in range(8)]
    # Lossy decoders settle for a moment after a seek, and the times in
    # Matroska are rounded to 1 ms.
    pieces = np.concatenate(pieces)
    lag = np.correlate(pieces, whole[200:-200], 'valid').argmax() - 200
    assert abs(lag) <= rate * 1.1e-3
    if name != 'a.mkv':
        # AAC replaces noise by other noise at every decoding.
        noise = 1e-2 if name == 'a.mp4' else 2e-3
        np.testing.assert_allclose(pieces, whole, atol=noise)


def test_one_reader_reads_in_any_order(tmp_path):
    path = render(
        tmp_path / 'a.mp4', audio='libmp3lame', audio_start=0.119
    ).path
    starts = [1.9, 0.2, 1.0, 1.05, 0.2, 1.9]
    with open_audio(path) as reader:
        found = [reader.read(start, 1.0, 16000) for start in starts]
    for start, sound in zip(starts, found):
        np.testing.assert_allclose(sound, read(path, start, 1.0), atol=1e-6)


@pytest.mark.parametrize('width', [1, 2, 3, 4])
def test_wave_of_every_width(tmp_path, width):
    sound = sine(2, 16000)
    if width == 1:  # 8 bit is unsigned
        raw = np.round(sound * 127 + 128).astype(np.uint8).tobytes()
        path = str(tmp_path / 'a.wav')
        with wave.open(path, 'wb') as file:
            file.setparams((1, 1, 16000, 0, 'NONE', ''))
            file.writeframes(raw)
    else:
        path = write_wave(tmp_path / 'a.wav', sound, width=width)
    found = read(path, 0.5, 1.0)
    np.testing.assert_allclose(
        found, sound[8000:24000], atol=2.0 ** (2 - 8 * min(width, 3))
    )


def test_wave_that_is_cut_off(tmp_path):
    path = write_wave(tmp_path / 'a.wav', sine(3, 16000))
    truncate(path, 0.625)
    assert len(read(path, 0.5, 1.0)) == 16000
    with pytest.raises(MediaError, match='cut off') as caught:
        read(path, 1.5, 1.0)
    assert caught.value.reason == 'undecodable'


@pytest.mark.parametrize('width', [2, 3])
@pytest.mark.parametrize('told', [0, 2**31 - 36 - 1, 2**32 - 1])
def test_wave_whose_head_does_not_know_its_length(tmp_path, width, told):
    path = write_wave(tmp_path / 'a.wav', sine(3, 16000), width=width)
    expected = read(path, 0.0, 3.0)
    data = bytearray(Path(path).read_bytes())
    data[40:44] = told.to_bytes(4, 'little')
    data[4:8] = told.to_bytes(4, 'little')
    Path(path).write_bytes(data)
    assert probe(path, scan=True).audio_duration == pytest.approx(3.0)
    np.testing.assert_array_equal(read(path, 0.0, 3.0), expected)
    np.testing.assert_array_equal(
        read(path, 2.02, 1.0)[:-400], expected[32320:-80]
    )
    with pytest.raises(MediaError, match=r'covers 0\.000 to 3') as caught:
        read(path, 2.5, 1.0)
    assert caught.value.reason == 'too_short'


def test_wave_of_which_the_last_samples_are_missing(tmp_path):
    path = write_wave(tmp_path / 'a.wav', sine(3, 16000))
    truncate(path, 0.99)
    assert not read(path, 2.0, 1.0)[-400:].any()


@pytest.mark.parametrize('rate', [1, 999, 2**31 - 1])
def test_impossible_sample_rate(tmp_path, rate):
    path = write_wave(tmp_path / 'a.wav', np.zeros(10), rate)
    with pytest.raises(MediaError, match='samples a second'):
        read(path, 0.0, 0.001)


def test_channels_are_averaged(tmp_path):
    left, right = sine(2, 16000), 0.5 * sine(2, 16000, 900)
    stereo = np.stack([left, right], 1)
    found = read(write_wave(tmp_path / 'a.wav', stereo), 0.5, 1.0)
    expected = stereo.mean(1)[8000:24000]
    np.testing.assert_allclose(found, expected, atol=1e-4)
    for codec in ('flac', 'pcm_s16le'):  # planar and interleaved
        path = write_media(
            tmp_path / f'{codec}.mkv',
            codec,
            [(0, stereo.T)],
            16000,
            'stereo',
        )
        np.testing.assert_allclose(read(path, 0.5, 1.0), expected, atol=1e-4)


@pytest.mark.parametrize(
    'audio, layout',
    [
        ('aac', '5.1'),
        ('flac', '5.1'),
        ('aac', '7.1'),
        ('flac', '7.1'),
        ('pcm_s16le', '16 channels'),
    ],
)
def test_surround(tmp_path, audio, layout):
    truth = render(tmp_path / 'a.mkv', audio=audio, layout=layout)
    event = truth.events[1]
    found = read(truth.path, event - 0.1, 0.4, 48000)
    assert find_click(found, 48000) == pytest.approx(0.1, abs=1e-3)
    assert np.abs(found).max() > 0.5 * np.abs(click(48000)).max()


@pytest.mark.parametrize('rate', [16000, 8000, 44100])
def test_beyond_the_track(tmp_path, rate):
    """What was asked for stands there, and what is there is as ever."""
    film = render(tmp_path / 'a.mkv', audio='flac').path  # 3 s
    wav = write_wave(tmp_path / 'a.wav', sine(3, 16000))
    for path in (film, wav):
        known = read(path, 0.5, 2.0, rate)
        with open_audio(path) as reader:
            found = reader.read(-1.5, 6.0, rate, beyond=np.nan)
            nothing = reader.read(9.0, 0.5, rate, beyond=np.nan)
        begin = 2 * rate
        np.testing.assert_allclose(
            found[begin : begin + len(known)], known, atol=1e-5
        )
        is_there = np.flatnonzero(np.isfinite(found)) / rate - 1.5
        assert is_there[[0, -1]] == pytest.approx([-0.05, 3.05], abs=2e-3)
        assert len(is_there) == np.ptp(is_there * rate).round() + 1
        assert len(nothing) == rate // 2 and np.isnan(nothing).all()
    truncate(wav, 0.625)
    cut_off = pytest.raises(MediaError, match='cut off')
    with open_audio(wav) as reader, cut_off:
        reader.read(-1.0, 4.0, rate, beyond=np.nan)


def test_edge_of_the_track(tmp_path):
    path = render(tmp_path / 'a.mkv', audio='flac').path  # 3 s
    whole = read(path, 2.0, 1.0)
    padded = read(path, 2.04, 1.0)
    np.testing.assert_array_equal(padded[-600:], 0)
    np.testing.assert_allclose(padded[:15300], whole[640:15940], atol=1e-5)
    assert len(read(path, -0.04, 1.0)) == 16000
    for start in (2.1, -0.1, 30.0, -30.0):
        with pytest.raises(MediaError, match=r'covers 0\.000 to 3') as caught:
            read(path, start, 1.0)
        assert caught.value.reason == 'too_short'
    wav = write_wave(tmp_path / 'a.wav', sine(3, 16000))
    assert len(read(wav, 2.04, 1.0)) == 16000
    for start in (2.1, -0.1, 30.0, -30.0):
        with pytest.raises(MediaError, match=r'covers 0\.000 to 3'):
            read(wav, start, 1.0)


def test_sound_that_begins_late_or_early(tmp_path):
    late = render(tmp_path / 'late.mkv', audio='flac', audio_start=0.4)
    with pytest.raises(MediaError, match=r'covers 0\.400 to 3'):
        read(late.path, 0.2, 1.0)
    early = render(tmp_path / 'early.mkv', audio='flac', video_start=0.52)
    assert len(read(early.path, -0.5, 1.0)) == 16000
    with pytest.raises(MediaError, match=r'covers -0\.520 to 3'):
        read(early.path, -0.6, 1.0)


@pytest.mark.parametrize('ending', ['mp4', 'mkv'])
def test_several_tracks(tmp_path, ending):
    first = render(tmp_path / 'a.mp4', events=(20,))
    second = render(tmp_path / 'b.mp4', events=(45,), rate=32000)
    path = merge(tmp_path / f'c.{ending}', first, second)
    for track, click_at in enumerate((0.8, 1.8)):
        sound = read(path, 0.0, 2.5, audio_track=track)
        assert find_click(sound, 16000) == pytest.approx(click_at, abs=2e-3)
    with pytest.raises(MediaError, match='audio_track=0 to 1') as caught:
        open_audio(path, audio_track=2)
    assert caught.value.reason == 'no_audio'
    wave = write_wave(tmp_path / 'a.wav', np.zeros(16000))
    with pytest.raises(MediaError, match='only audio_track=0'):
        open_audio(wave, audio_track=1)


def test_gap_in_the_track_is_silence(tmp_path):
    burst = np.zeros((1, 16000), np.float32)
    burst[0, 4000 : 4000 + 160] = click(16000)
    path = write_media(
        tmp_path / 'a.mkv', 'flac', [(0, burst), (1.5, burst)], 16000
    )
    found = read(path, 0.9, 1.0)
    np.testing.assert_array_equal(found[1700:9500], 0)
    assert find_click(found, 16000) == pytest.approx(0.85, abs=1e-3)


def test_samples_that_are_not_numbers(tmp_path):
    bad = np.zeros((1, 32000), np.float32)
    bad[0, 20000] = np.nan
    path = write_media(tmp_path / 'a.mkv', 'pcm_f32le', [(0, bad)], 16000)
    assert len(read(path, 0.0, 1.0)) == 16000
    with pytest.raises(MediaError, match='not numbers') as caught:
        read(path, 0.9, 1.0)
    assert caught.value.reason == 'undecodable'


def test_arguments(tmp_path):
    path = write_wave(tmp_path / 'a.wav', sine(2, 16000))
    with open_audio(path) as reader:
        for bad in ((np.nan, 1, 16000), (0, -1, 16000), (0, 1, 0)):
            with pytest.raises(ValueError, match='bad span'):
                reader.read(*bad)
