"""Babble: the voices of other clips, mixed in at a given level."""

from collections.abc import Mapping, Sequence

import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from avts_mm.media import locate, open_audio
from avts_mm.media.annotation import Record, iter_records


@TRANSFORMS.register_module()
class AddBabble(BaseTransform):
    """Mix the sound of a sample with that of other videos.

    Several of them talk at the same time. All clips of a sample hear the same
    babble, as they would if it were in the film.

    At a given level, to test with, it is a function of the sample's place in
    the list alone: the same whenever, by whomever and with whichever model it
    is tested, and at every level but for its loudness. At levels within a
    range, to learn with, everything is drawn anew.

    A sample without sound stays as it is.

    Required keys: audio (``(S,)`` or ``(clips, S)``), audio_start (s),
    sample_rate, sample_idx.

    Modified keys: audio.

    Args:
        ann_file (str): Annotation file of the other videos, those learned
            from: what is tested must not be among them.
        snr (float | Sequence[float], optional): Power of the sound, over the
            clips of the sample, by that of the babble, in dB; or the lowest
            and the highest to draw from. Defaults to None: no babble.
        voices (int): Videos that are heard at a time. Defaults to 6.
        data_root (str): What relative paths, that of ``ann_file`` as well,
            are relative to. Defaults to ''.
        backend_args (dict, optional): As of
            :class:`~avts_mm.datasets.av_record_dataset.AVRecordDataset`.

    Raises:
        ValueError: ``voices`` is below 1, or no video has sound.
    """

    def __init__(
        self,
        ann_file: str,
        snr: float | Sequence[float] | None = None,
        voices: int = 6,
        data_root: str = '',
        backend_args: Mapping | None = None,
    ) -> None:
        if voices < 1:
            raise ValueError(f'voices must be at least 1, got {voices}')
        self.ann_file = ann_file
        self.snr = snr
        self.voices = voices
        self.data_root = data_root
        self.backend_args = backend_args
        self._records: list[Record] = []

    def transform(self, results: dict) -> dict:
        """Mix.

        Raises:
            MediaError: The sound of another video cannot be read.
        """
        if self.snr is None or 'audio' not in results:
            return results
        audio, rate = results['audio'], results['sample_rate']
        snr, seed = self.snr, results['sample_idx']
        if isinstance(snr, Sequence):
            low, high = snr
            snr = np.random.uniform(low, high)
            seed = np.random.randint(2**31)
        length = audio.shape[-1]
        starts = np.asarray(results['audio_start'])
        places = np.round((starts - starts.min()) * rate).astype(int)
        babble = self._babble(places.max() + length, rate, seed)
        noise = babble[np.add.outer(places, np.arange(length))]
        power = np.square(noise).mean()
        if power > 0:
            wanted = np.square(audio).mean() / 10 ** (snr / 10)
            audio = audio + noise * np.sqrt(wanted / power)
        results['audio'] = audio.astype(np.float32)
        return results

    def _babble(self, count: int, rate: int, seed: int) -> np.ndarray:
        """So many samples of all voices together."""
        if not self._records:
            path = locate(self.data_root, self.ann_file, self.backend_args)
            self._records = [r for r in iter_records(path) if r.audio]
            if not self._records:
                raise ValueError(f'{path}: no video in it has sound')
        rng = np.random.default_rng(seed)
        babble = np.zeros(count)
        for number in rng.integers(len(self._records), size=self.voices):
            record = self._records[number]
            seconds = min(count / rate, record.duration)
            start = record.start + rng.uniform() * (record.duration - seconds)
            path = locate(self.data_root, record.audio, self.backend_args)
            with open_audio(path) as reader:
                babble += np.resize(reader.read(start, seconds, rate), count)
        return babble

    def __repr__(self) -> str:
        return (
            f'{self.__class__.__name__}(ann_file={self.ann_file!r}, '
            f'snr={self.snr}, voices={self.voices}, '
            f'data_root={self.data_root!r})'
        )
