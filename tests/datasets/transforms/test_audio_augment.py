"""Voice, microphone and room change; the time does not."""

import numpy as np
import pytest

from avts_mm.datasets.transforms import RandomVoice

RATE = 16000
SAME = dict(stretch=0, gain=0, tilt=0, curve=0, noise=(300, 300), hole=0)
TIME = np.arange(12800) / RATE


def changed(sound, seed=0, **changes):
    np.random.seed(seed)
    results = dict(audio=sound.astype(np.float32), sample_rate=RATE)
    return RandomVoice(**SAME | changes)(results)['audio']


def decibels(sound):
    return 10 * np.log10(np.mean(np.square(sound)))


def spectrum(sound):
    window = np.hanning(len(sound))
    return np.abs(np.fft.rfft(sound * window)), len(sound) / RATE


def test_without_chance_nothing_changes():
    noise = np.random.default_rng(0).standard_normal(12800)
    same = changed(noise)
    assert same.dtype == np.float32 and same.shape == noise.shape
    np.testing.assert_allclose(same, noise, atol=1e-4)


def test_several_clips_are_changed_each_on_its_own():
    sounds = np.tile(np.sin(440 * 2 * np.pi * TIME), (3, 1))
    results = changed(sounds, gain=10)
    assert results.shape == sounds.shape
    levels = [decibels(sound) for sound in results]
    assert len({round(level, 2) for level in levels}) == 3


def test_a_stretch_moves_the_formants_and_not_the_clock():
    noise = np.random.default_rng(0).standard_normal(12800)
    noise[:4000] = noise[6000:] = 0  # a burst
    power, seconds = spectrum(noise)
    # Only up to 3 kHz.
    low = np.fft.rfft(noise)
    low[int(3000 * seconds) :] = 0
    burst = np.fft.irfft(low)
    edges = []
    for seed in range(12):
        moved = changed(burst, seed, stretch=0.18)
        inside = np.square(moved[4000:6000]).sum() / np.square(moved).sum()
        assert inside > 0.9
        power = np.cumsum(np.square(spectrum(moved)[0]))
        edges.append(np.searchsorted(power, 0.95 * power[-1]) / seconds)
    assert 2300 < min(edges) < 2700 < 3000 < max(edges) < 3600


def test_gain_tilt_and_curve_are_within_their_limits():
    noise = np.random.default_rng(0).standard_normal(12800)
    gains = [decibels(changed(noise, s, gain=8)) for s in range(40)]
    assert -8.1 < min(gains) < -4 and 4 < max(gains) < 8.1
    for name in ('tilt', 'curve'):
        shapes = []
        for seed in range(20):
            power, seconds = spectrum(changed(noise, seed, **{name: 10}))
            before, _ = spectrum(noise)
            bands = [
                slice(int(low * seconds), int(2 * low * seconds))
                for low in (125, 500, 2000)
            ]
            shapes.append(
                [decibels(power[b]) - decibels(before[b]) for b in bands]
            )
        assert np.std(shapes, axis=0).max() > 1.5
        assert np.abs(shapes).max() < (10 if name == 'tilt' else 40)


def test_noise_has_the_ratio_that_is_asked_for():
    sound = np.sin(440 * 2 * np.pi * TIME)
    for ratio in (0, 20):
        added = changed(sound, noise=(ratio, ratio)) - sound
        assert decibels(sound) - decibels(added) == pytest.approx(
            ratio, abs=0.02
        )
    assert not changed(np.zeros(12800), noise=(10, 10)).any()


def test_a_hole_silences_a_band():
    noise = np.random.default_rng(0).standard_normal(12800)
    before, _ = spectrum(noise)
    smooth = np.ones(50) / 50
    missing = []
    for seed in range(5):
        power, _ = spectrum(changed(noise, seed, hole=1))
        ratio = np.convolve(power, smooth) / np.convolve(before, smooth)
        missing.append(np.mean(ratio < 0.1))
    assert 0 < min(missing) < 0.1 < max(missing) < 0.3
    assert 'hole=0.3' in repr(RandomVoice())
