"""Log-mel spectrograms computed where the model lives."""

import torch
import torch.nn as nn
from torchaudio.transforms import MelSpectrogram, Spectrogram


class LogMel(nn.Module):
    """Natural logarithm of the mel power spectrogram, normalised.

    Args:
        sample_rate (int): Rate of the waveform in Hz. Defaults to 16000.
        n_mels (int, optional): Mel bands; None for the ``n_fft // 2 + 1``
            frequencies of the Fourier transform as they are, which L3-Net
            looks at. Defaults to 40.
        n_fft (int): Size of the Fourier transform. Defaults to 1024.
        window_seconds (float): Length of the Hann window. Defaults to 0.02.
        hop_seconds (float): Step between frames. Defaults to 0.01.
        mean (float): Subtracted from the log-mel. Defaults to 0.
        std (float): Divides the log-mel. Defaults to 1.
    """

    def __init__(
        self,
        sample_rate: int = 16000,
        n_mels: int | None = 40,
        n_fft: int = 1024,
        window_seconds: float = 0.02,
        hop_seconds: float = 0.01,
        mean: float = 0.0,
        std: float = 1.0,
    ) -> None:
        super().__init__()
        window = round(window_seconds * sample_rate)
        if window > n_fft:
            raise ValueError(
                f'n_fft={n_fft} is shorter than the window of {window} '
                f'samples ({window_seconds} s at {sample_rate} Hz)'
            )
        self.hop_seconds = hop_seconds
        self.mean = mean
        self.std = std
        frames = dict(
            n_fft=n_fft,
            win_length=window,
            hop_length=round(hop_seconds * sample_rate),
        )
        if n_mels is None:
            self.mel = Spectrogram(**frames)
        else:
            self.mel = MelSpectrogram(sample_rate, n_mels=n_mels, **frames)

    def forward(self, wave: torch.Tensor) -> torch.Tensor:
        """Map waveforms ``(N, S)`` to images ``(N, 1, n_mels, frames)``.

        There is one frame for every hop, centred on it, from 0 to the end:
        101 for one second and a hop of 10 ms.
        """
        # The logarithm of a small power needs single precision.
        with torch.autocast(wave.device.type, enabled=False):
            power = self.mel(wave.float())
            log_mel = (power + 1e-6).log()
        return ((log_mel - self.mean) / self.std).unsqueeze(1)
