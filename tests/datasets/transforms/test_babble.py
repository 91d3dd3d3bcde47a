"""Other voices, at the level asked for and the same every time."""

import numpy as np
import pytest
from media_files import write_wave
from range_server import RangeServer

from avts_mm.datasets.transforms import AddBabble
from avts_mm.media.annotation import write_records

RATE = 16000


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """Tones, each of its own pitch, and a video without sound."""
    folder = tmp_path_factory.mktemp('babble')
    t = np.arange(2 * RATE) / RATE
    records = [dict(video='x.mp4', audio='', start=0, duration=2)]
    for number in range(5):
        sound = 0.1 * np.sin(2 * np.pi * 100 * (number + 2) * t)
        write_wave(folder / f'{number}.wav', sound)
        records.append(dict(video='x.mp4', audio=f'{number}.wav', duration=2))
    write_records(folder / 'train.csv', records)
    return str(folder)


def mixed(folder, audio, starts=1.0, index=3, **options):
    load = AddBabble('train.csv', data_root=folder, **options)
    results = dict(
        audio=audio, audio_start=starts, sample_rate=RATE, sample_idx=index
    )
    return load(results)['audio']


def decibels(signal, noise):
    return 10 * np.log10(np.square(signal).mean() / np.square(noise).mean())


@pytest.mark.parametrize('snr', [10, 0, -5.5])
def test_level(folder, snr):
    audio = np.random.default_rng(0).normal(size=(2, 8000)).astype(np.float32)
    found = mixed(folder, audio, np.array([0.5, 0.7]), snr=snr)
    assert found.dtype == np.float32 and found.shape == audio.shape
    assert decibels(audio, found - audio) == pytest.approx(snr, abs=0.01)


def test_same_babble_every_time_and_at_every_level(folder):
    audio = np.full(8000, 0.1, np.float32)
    first = mixed(folder, audio, snr=0) - audio
    np.testing.assert_array_equal(first, mixed(folder, audio, snr=0) - audio)
    np.random.seed(5)
    louder = mixed(folder, audio, snr=-20) - audio
    np.testing.assert_allclose(louder, 10 * first, atol=1e-5)
    other = mixed(folder, audio, snr=0, index=4) - audio
    assert not np.allclose(other, first)


def test_levels_to_learn_with(folder):
    audio = np.full(8000, 0.1, np.float32)

    def draw():
        return mixed(folder, audio, snr=(-5, 10)) - audio

    np.random.seed(0)
    noises = [draw() for _ in range(12)]
    levels = [decibels(audio, noise) for noise in noises]
    assert -5.01 < min(levels) < 0 and 5 < max(levels) < 10.01
    scaled = [noise / np.abs(noise).max() for noise in noises]
    assert not np.allclose(scaled[0], scaled[1])
    np.random.seed(0)
    np.testing.assert_array_equal(draw(), noises[0])


def test_clips_hear_the_babble_of_their_time(folder):
    audio = np.full((3, 8000), 0.1, np.float32)
    found = mixed(folder, audio, np.array([1, 1.002, 1.003]), snr=0) - audio
    np.testing.assert_allclose(found[0][32:], found[1][:-32], atol=1e-6)
    np.testing.assert_allclose(found[1][16:], found[2][:-16], atol=1e-6)
    assert not np.allclose(found[0], found[1])


def test_as_many_voices(folder):
    audio = np.full(RATE, 0.1, np.float32)

    def pitches(voices):
        noise = mixed(folder, audio, snr=0, voices=voices) - audio
        power = np.abs(np.fft.rfft(noise))
        return set(np.flatnonzero(power > 0.05 * power.max()))

    assert len(pitches(1)) == 1
    assert 1 < len(pitches(6)) <= 5
    assert pitches(6) <= {200, 300, 400, 500, 600}


def test_longer_than_the_others(folder):
    audio = np.full(3 * RATE, 0.1, np.float32)
    noise = mixed(folder, audio, snr=0) - audio
    np.testing.assert_allclose(noise[2 * RATE :], noise[:RATE], atol=1e-6)


def test_nothing_to_do(folder):
    audio = np.full(8000, 0.1, np.float32)
    assert mixed('gone', audio) is audio
    silent = dict(with_sound=False)
    assert AddBabble('gone.csv', snr=0)(silent) == silent


def test_wrong_arguments(folder, tmp_path):
    with pytest.raises(ValueError, match='voices'):
        AddBabble('train.csv', voices=0)
    audio = np.full(8000, 0.1, np.float32)
    with pytest.raises(FileNotFoundError, match=r'gone.train\.csv'):
        mixed('gone', audio, snr=0)
    write_records(
        tmp_path / 'train.csv', [dict(video='x.mp4', audio='', duration=1)]
    )
    with pytest.raises(ValueError, match='no video in it has sound'):
        mixed(str(tmp_path), audio, snr=0)


def test_voices_of_a_storage(folder):
    pytest.importorskip('aiohttp')
    audio = np.full(8000, 0.1, np.float32)
    with RangeServer(folder) as server:
        found = mixed(server.url, audio, snr=0)
    np.testing.assert_array_equal(found, mixed(folder, audio, snr=0))
