"""Loading of pictures and sound at given moments."""

import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from avts_mm.media import MediaError, open_audio, open_video
from avts_mm.media.audio_reader import EDGE, is_quiet


@TRANSFORMS.register_module()
class LoadAVFrames(BaseTransform):
    """Read the pictures of a clip, evenly spaced over its seconds.

    The clip is cut into ``num_frames`` equal parts; of each, the picture on
    screen in its middle is taken, whatever the frame rate of the file. With
    25 frames of one second of 25 fps video these are 25 successive pictures
    wherever the clip begins.

    Required keys: video_path, video_start (s), clip_seconds; prepared_bytes
    where it is known (see :func:`~avts_mm.media.open_video`).

    Added keys: imgs (list of ``(H, W, 3)`` uint8 RGB), img_shape,
    original_shape, num_clips, clip_len, frame_interval, frame_times (s, when
    each picture begins).

    Args:
        num_frames (int): Pictures per clip. Defaults to 25 (paper).
        backend (str): ``'pyav'``, which reads every kind of file rightly, or
            ``'decord'``, which reads prepared ones alone. Defaults to 'pyav'.
    """

    def __init__(
        self,
        num_frames: int = 25,
        backend: str = 'pyav',
    ) -> None:
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
        middles = (np.arange(self.num_frames) + 0.5) * step
        with open_video(
            results['video_path'],
            self.backend,
            results.get('prepared_bytes', 0),
        ) as reader:
            images, begins = reader.pictures(results['video_start'] + middles)
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

    Required keys: audio_path, audio_start (s), clip_seconds.

    Added keys: audio (``(S,)`` float32, S is ``round(clip_seconds *
    sample_rate)``), sample_rate.

    Args:
        sample_rate (int): Hz. Defaults to 16000.
        keep_silent (bool): Accept files that are digital silence from
            beginning to end. They teach nothing, but in testing they are
            data as any other. Silent moments of other files are always
            accepted: without them the pictures of positive pairs would
            differ from those of negative ones. Defaults to True.
        max_gap (float): Seconds of a clip for which the track may have no
            sound, as after damage; there is silence then. Defaults to 0.05.
    """

    def __init__(
        self,
        sample_rate: int = 16000,
        keep_silent: bool = True,
        max_gap: float = EDGE,
    ) -> None:
        if sample_rate < 1:
            raise ValueError(
                f'sample_rate must be positive, got {sample_rate}'
            )
        self.sample_rate = sample_rate
        self.keep_silent = keep_silent
        self.max_gap = max_gap

    def transform(self, results: dict) -> dict:
        """Read the sound.

        Raises:
            MediaError: The file has no sound there, or cannot be read.
        """
        path, start = results['audio_path'], results['audio_start']
        seconds = results['clip_seconds']
        with open_audio(path) as reader:
            sound = reader.read(start, seconds, self.sample_rate)
            if reader.missing > self.max_gap:
                raise MediaError(
                    f'{path}: from {start:.3f} s on there is no sound for '
                    f'{reader.missing:.3f} of {seconds:g} s; leave it out, or '
                    'raise max_gap of LoadAVAudio if this is meant to be',
                    path,
                    'gap',
                )
            if not self.keep_silent and is_quiet(sound) and reader.is_silent():
                raise MediaError(
                    f'{path}: is silent from beginning to end; leave it out',
                    path,
                    'silent',
                )
        results['audio'] = sound
        results['sample_rate'] = self.sample_rate
        return results

    def __repr__(self) -> str:
        return (
            f'{self.__class__.__name__}(sample_rate={self.sample_rate}, '
            f'keep_silent={self.keep_silent}, max_gap={self.max_gap})'
        )
