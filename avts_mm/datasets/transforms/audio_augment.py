"""Random changes of sound that leave its timing alone."""

import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform


@TRANSFORMS.register_module()
class RandomVoice(BaseTransform):
    """Another voice, microphone and room.

    The spectrum is stretched (a shorter or longer vocal tract), filtered by
    gain, tilt, a smooth curve and now and then a hole, and noise is added.
    Neither the time nor the pitch of the sound changes.

    Required keys: audio (``(S,)`` or ``(clips, S)``), sample_rate.

    Modified keys: audio.

    Args:
        stretch (float): Frequencies are multiplied by e to the power of up
            to ± this. Defaults to 0.18.
        gain (float): Up to ± this (dB). Defaults to 10.
        tilt (float): From the lowest to the highest frequency, up to ± this
            (dB). Defaults to 10.
        curve (float): Deviation of a smooth random curve (dB).
            Defaults to 5.
        noise (tuple[float, float]): Signal-to-noise ratio, least and
            greatest (dB). Defaults to (10, 50).
        hole (float): How often a band, a twentieth to a seventh of the mel
            scale, is taken out. Defaults to 0.3.
    """

    def __init__(
        self,
        stretch: float = 0.18,
        gain: float = 10.0,
        tilt: float = 10.0,
        curve: float = 5.0,
        noise: tuple[float, float] = (10.0, 50.0),
        hole: float = 0.3,
    ) -> None:
        self.stretch, self.gain, self.tilt = stretch, gain, tilt
        self.curve, self.noise, self.hole = curve, tuple(noise), hole

    def transform(self, results: dict) -> dict:
        """Change the sound of each clip in a way of its own."""
        audio = results['audio']
        changed = [
            self._change(sound, results['sample_rate'])
            for sound in audio.reshape(-1, audio.shape[-1])
        ]
        results['audio'] = np.reshape(changed, audio.shape)
        return results

    def _change(self, sound: np.ndarray, rate: int) -> np.ndarray:
        size = 2 ** round(np.log2(0.032 * rate))
        window = np.hanning(size + 1)[:-1].astype(np.float32)
        padded = np.pad(sound, size)
        hops = np.arange(0, len(padded) - size + 1, size // 2)
        frames = padded[hops[:, None] + np.arange(size)] * window
        spectrum = np.fft.rfft(frames)
        bins = np.arange(spectrum.shape[1])
        spectrum = self._stretched(spectrum, bins)
        spectrum = spectrum * self._filter(bins * rate / size)
        # Windows that overlap by half add up to 1.
        result = np.zeros(len(padded))
        for begin, frame in zip(hops, np.fft.irfft(spectrum)):
            result[begin : begin + size] += frame
        result = result[size : size + len(sound)]
        return self._with_noise(result).astype(np.float32)

    def _stretched(self, spectrum: np.ndarray, bins: np.ndarray):
        factor = np.exp(np.random.uniform(-self.stretch, self.stretch))
        size = np.abs(spectrum)
        source = bins / factor
        left = source.astype(int).clip(0, len(bins) - 2)
        part = (source - left).clip(0, 1)
        moved = size[:, left] * (1 - part) + size[:, left + 1] * part
        return moved * np.exp(1j * np.angle(spectrum))

    def _filter(self, frequencies: np.ndarray) -> np.ndarray:
        """Gains of the bins."""
        mel = np.log1p(frequencies / 700)
        mel = mel / mel[-1]
        uniform = np.random.uniform
        gains = uniform(-self.gain, self.gain)
        gains = gains + uniform(-self.tilt, self.tilt) * (mel - 0.5)
        for wave in range(1, 5):
            swing = self.curve / np.sqrt(2) * np.random.standard_normal()
            gains += swing * np.cos(np.pi * wave * mel + uniform(0, 6.3))
        if np.random.random() < self.hole:
            width = uniform(0.05, 0.15)
            begin = uniform(0, 1 - width)
            gains = gains - 60 * ((mel >= begin) & (mel < begin + width))
        return 10 ** (gains / 20)

    def _with_noise(self, sound: np.ndarray) -> np.ndarray:
        least, greatest = self.noise
        ratio = np.random.uniform(least, greatest)
        loudness = np.sqrt(np.mean(np.square(sound)))
        noise = np.random.standard_normal(len(sound))
        # From white to nearly brown.
        colour = np.random.uniform(0, 0.95)
        spectrum = np.fft.rfft(noise)
        phase = np.exp(-1j * np.linspace(0, np.pi, len(spectrum)))
        noise = np.fft.irfft(spectrum / (1 - colour * phase), len(sound))
        noise = noise / np.sqrt(np.mean(np.square(noise)))
        return sound + noise * loudness * 10 ** (-ratio / 20)

    def __repr__(self) -> str:
        return (
            f'{self.__class__.__name__}(stretch={self.stretch}, '
            f'gain={self.gain}, tilt={self.tilt}, curve={self.curve}, '
            f'noise={self.noise}, hole={self.hole})'
        )
