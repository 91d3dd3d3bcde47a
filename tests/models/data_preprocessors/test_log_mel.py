"""Log-mel spectrograms against librosa."""

import numpy as np
import pytest
import torch

from avts_mm.models import LogMel


@pytest.mark.parametrize('n_fft, n_mels', [(1024, 40), (512, 64)])
def test_equals_librosa(n_fft, n_mels):
    librosa = pytest.importorskip('librosa')
    wave = np.random.default_rng(0).normal(size=16000).astype(np.float32)
    ours = LogMel(n_fft=n_fft, n_mels=n_mels)(torch.from_numpy(wave)[None])
    power = librosa.feature.melspectrogram(
        y=wave,
        sr=16000,
        n_fft=n_fft,
        win_length=320,
        hop_length=160,
        n_mels=n_mels,
        htk=True,
        norm=None,
        pad_mode='reflect',
    )
    assert ours.shape == (1, 1, n_mels, 101)
    np.testing.assert_allclose(
        ours[0, 0].numpy(), np.log(power + 1e-6), atol=2e-3
    )


def test_a_tone_lights_the_band_it_belongs_to():
    t = torch.arange(16000) / 16000
    image = LogMel()(torch.sin(2 * torch.pi * 1000 * t)[None])[0, 0]
    # Centres of 40 bands equally spaced in mel between 0 and 8 kHz.
    top = 2595 * np.log10(1 + 8000 / 700)
    centres = 700 * (10 ** (np.linspace(0, top, 42)[1:-1] / 2595) - 1)
    band = int(image[:, 50].argmax())
    assert band == int(np.abs(centres - 1000).argmin())


def test_a_click_is_in_the_frame_of_its_time():
    wave = torch.zeros(1, 16000)
    wave[0, 8000] = 1
    image = LogMel()(wave)[0, 0]
    assert int(image.mean(0).argmax()) == 50


def test_statistics_are_applied_and_silence_is_finite():
    plain, normalised = LogMel(), LogMel(mean=-5.0, std=2.0)
    wave = torch.randn(2, 4000)
    torch.testing.assert_close(normalised(wave), (plain(wave) + 5) / 2)
    silence = plain(torch.zeros(1, 4000))
    assert silence.max().item() == pytest.approx(np.log(1e-6), rel=1e-5)


def test_seconds_fix_the_shape_at_any_rate():
    log_mel = LogMel(sample_rate=48000, n_fft=2048)
    assert log_mel(torch.randn(1, 48000)).shape == (1, 1, 40, 101)


def test_too_short_transform():
    with pytest.raises(ValueError, match='n_fft=256'):
        LogMel(n_fft=256)


def test_without_mel_bands_all_frequencies_are_kept():
    t = torch.arange(16000) / 16000
    image = LogMel(
        n_mels=None, n_fft=512, window_seconds=0.01, hop_seconds=0.005
    )(torch.sin(2 * torch.pi * 1000 * t)[None])
    assert image.shape == (1, 1, 257, 201)
    assert int(image[0, 0, :, 100].argmax()) == 1000 * 512 // 16000
