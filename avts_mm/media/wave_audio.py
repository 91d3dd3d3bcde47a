"""Spans of sound from prepared wav files, by seeking."""

import wave

import numpy as np

from .audio_reader import AudioReader, is_quiet


class WaveAudio(AudioReader):
    """A prepared PCM16 ``.wav`` file, read by seeking."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._file = wave.open(self.path, 'rb')  # noqa: SIM115
        if self._file.getsampwidth() != 2:
            self._file.close()
            raise wave.Error('not 16 bit')
        self.sample_rate = self._file.getframerate()
        self._length = self._file.getnframes()

    def _samples(self, first, count, inner=None):
        self._check(first, count, inner, 0, self._length)
        begin = min(max(first, 0), self._length)
        end = min(max(first + count, 0), self._length)
        channels = self._file.getnchannels()
        self._file.setpos(begin)
        data = self._file.readframes(end - begin)
        if len(data) < (end - begin) * channels * 2:
            raise self._damaged('the file is cut off')
        samples = np.frombuffer(data, '<i2').reshape(-1, channels)
        mono = samples.astype(np.float32)
        mono = mono[:, 0] if channels == 1 else mono.mean(1)
        mono *= np.float32(1 / 32768)
        if len(mono) == count:
            return mono
        sound = np.zeros(count, np.float32)
        sound[begin - first : begin - first + len(mono)] = mono
        return sound

    def is_silent(self) -> bool:
        second = self.sample_rate
        return all(
            is_quiet(self._samples(at, min(second, self._length - at)))
            for at in range(0, self._length, second)
        )

    def close(self) -> None:
        self._file.close()
