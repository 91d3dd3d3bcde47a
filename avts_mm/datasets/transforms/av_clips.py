"""Pictures and sound of clips, read at given moments."""

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
    wherever the clip begins. Several clips are read with one opening.

    Required keys: video_path, video_start (s; of several clips an array),
    clip_seconds; prepared_bytes where it is known (see
    :func:`~avts_mm.media.open_video`).

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
        starts = np.atleast_1d(results['video_start'])
        with open_video(
            results['video_path'],
            self.backend,
            results.get('prepared_bytes', 0),
        ) as reader:
            images, begins = reader.pictures(
                np.add.outer(starts, middles).reshape(-1)
            )
        results['imgs'] = images
        results['img_shape'] = images[0].shape[:2]
        results['original_shape'] = results['img_shape']
        results['num_clips'] = len(starts)
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

    Required keys: audio_path, audio_start (s; of several clips an array),
    clip_seconds; span where `LoadVideoClips` has read the pictures, so that
    a span shorter than a clip is repeated as they are.

    Added keys: audio (``(S,)`` float32, S is ``round(clip_seconds *
    sample_rate)``; of several clips ``(clips, S)``), sample_rate; of a file
    without sound with_sound (False) alone, if that is allowed.

    Args:
        sample_rate (int): Hz. Defaults to 16000.
        keep_silent (bool): Accept files that are digital silence from
            beginning to end. They teach nothing, but in testing they are
            data as any other. Silent moments of other files are always
            accepted: without them the pictures of positive pairs would
            differ from those of negative ones. Defaults to True.
        max_gap (float): Seconds of a clip for which the track may have no
            sound, as after damage; there is silence then. Defaults to 0.05.
        optional (bool): Accept files without sound, or silent from beginning
            to end, as such: the sample then has pictures alone. For models
            that judge them by these, as
            :class:`~avts_mm.models.AVRecognizer` does. Defaults to False.
    """

    def __init__(
        self,
        sample_rate: int = 16000,
        keep_silent: bool = True,
        max_gap: float = EDGE,
        optional: bool = False,
    ) -> None:
        if sample_rate < 1:
            raise ValueError(
                f'sample_rate must be positive, got {sample_rate}'
            )
        self.sample_rate = sample_rate
        self.keep_silent = keep_silent
        self.max_gap = max_gap
        self.optional = optional

    def transform(self, results: dict) -> dict:
        """Read the sound.

        Raises:
            MediaError: The file has no sound there, or cannot be read.
        """
        try:
            if self.optional and not results['audio_path']:
                raise MediaError('', reason='no_audio')
            sound = self._sound(results)
        except MediaError as error:
            if self.optional and error.reason in ('no_audio', 'silent'):
                results['with_sound'] = False
                return results
            raise
        results['audio'] = sound
        results['sample_rate'] = self.sample_rate
        return results

    def _sound(self, results: dict) -> np.ndarray:
        path, starts = results['audio_path'], results['audio_start']
        seconds = results['clip_seconds']
        _, longest = results.get('span', (0.0, seconds))
        lasting = min(seconds, longest)
        count, sounds = round(seconds * self.sample_rate), []
        with open_audio(path) as reader:
            for start in np.atleast_1d(starts):
                sound = reader.read(start, lasting, self.sample_rate)
                sounds.append(np.resize(sound, count))
                if reader.missing > self.max_gap:
                    raise MediaError(
                        f'{path}: from {start:.3f} s on there is no sound for '
                        f'{reader.missing:.3f} of {lasting:g} s; leave it '
                        'out, or raise max_gap of LoadAVAudio if this is '
                        'meant to be',
                        path,
                        'gap',
                    )
            sound = np.stack(sounds) if np.ndim(starts) else sounds[0]
            refused = self.optional or not self.keep_silent
            if refused and is_quiet(sound) and reader.is_silent():
                raise MediaError(
                    f'{path}: is silent from beginning to end, or its '
                    'channels cancel each other out; leave it out',
                    path,
                    'silent',
                )
        return sound

    def __repr__(self) -> str:
        return (
            f'{self.__class__.__name__}(sample_rate={self.sample_rate}, '
            f'keep_silent={self.keep_silent}, max_gap={self.max_gap}, '
            f'optional={self.optional})'
        )
