"""Loading of pictures and sound at given moments."""

import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from avts_mm.datasets.readers import open_audio, open_video


@TRANSFORMS.register_module()
class LoadAVFrames(BaseTransform):
    """Read the pictures of a clip, evenly spaced over its seconds.

    The clip is cut into ``num_frames`` equal parts; of each, the picture on
    screen in its middle is taken, whatever the frame rate of the file. With
    25 frames of one second of 25 fps video these are 25 successive pictures
    wherever the clip begins.

    Required keys: video_path, video_start (s), clip_seconds; shared_clips
    (:class:`~avts_mm.datasets.shared_clips.SharedClips`) where the batch has
    other clips of the video.

    Added keys: imgs (list of ``(H, W, 3)`` uint8 RGB), img_shape,
    original_shape, num_clips, clip_len, frame_interval, frame_times (s, when
    each picture begins).

    Args:
        num_frames (int): Pictures per clip. Defaults to 25 (paper).
        backend (str): ``'decord'``, or ``'pyav'``, which reads every kind of
            file rightly. Defaults to 'decord'.
    """

    def __init__(self, num_frames: int = 25, backend: str = 'decord') -> None:
        if num_frames < 1:
            raise ValueError(f'num_frames must be positive, got {num_frames}')
        if backend not in ('decord', 'pyav'):
            raise ValueError(
                f"backend must be 'decord' or 'pyav', got {backend!r}"
            )
        self.num_frames = num_frames
        self.backend = backend

    def transform(self, results: dict) -> dict:
        """Read the pictures.

        Raises:
            MediaError: The file cannot be read, or not rightly.
        """
        step = results['clip_seconds'] / self.num_frames
        offsets = (np.arange(self.num_frames) + 0.5) * step
        start = results['video_start']

        def read(times: np.ndarray) -> tuple[list, np.ndarray]:
            with open_video(results['video_path'], self.backend) as reader:
                return reader.pictures(times)

        shared = results.pop('shared_clips', None)
        if shared is None:
            images, begins = read(start + offsets)
        else:
            images, begins = shared.take(start, offsets, read)
        results['imgs'] = images
        results['img_shape'] = images[0].shape[:2]
        results['original_shape'] = results['img_shape']
        results['num_clips'] = 1
        results['clip_len'] = self.num_frames
        results['frame_interval'] = 1
        results['frame_times'] = begins
        return results

    def __repr__(self) -> str:
        return (
            f'{self.__class__.__name__}(num_frames={self.num_frames}, '
            f'backend={self.backend!r})'
        )


@TRANSFORMS.register_module()
class LoadAVAudio(BaseTransform):
    """Read the sound of a clip as mono samples.

    Required keys: audio_path, audio_start (s), clip_seconds. With lists of K
    paths and starts, as a clip with several sounds has them, each is read.

    Added keys: audio (``(S,)`` float32, or ``(K, S)``; S is
    ``round(clip_seconds * sample_rate)``), sample_rate.

    Args:
        sample_rate (int): Hz. Defaults to 16000.
        backend (str): ``'pyav'``; a ``.wav`` file is read without it.
    """

    def __init__(
        self, sample_rate: int = 16000, backend: str = 'pyav'
    ) -> None:
        if sample_rate < 1:
            raise ValueError(
                f'sample_rate must be positive, got {sample_rate}'
            )
        if backend != 'pyav':
            raise ValueError(f"audio backend must be 'pyav', got {backend!r}")
        self.sample_rate = sample_rate
        self.backend = backend

    def transform(self, results: dict) -> dict:
        """Read the sound.

        Raises:
            MediaError: The file has no sound there, or cannot be read.
        """
        path, start = results['audio_path'], results['audio_start']
        seconds = results['clip_seconds']
        if isinstance(path, list):
            results['audio'] = np.stack(
                [self._read(p, s, seconds) for p, s in zip(path, start)]
            )
        else:
            results['audio'] = self._read(path, start, seconds)
        results['sample_rate'] = self.sample_rate
        return results

    def _read(self, path: str, start: float, seconds: float) -> np.ndarray:
        with open_audio(path, self.backend) as reader:
            return reader.read(start, seconds, self.sample_rate)

    def __repr__(self) -> str:
        return (
            f'{self.__class__.__name__}(sample_rate={self.sample_rate}, '
            f'backend={self.backend!r})'
        )
