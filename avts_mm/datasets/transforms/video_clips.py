"""Clips of a video for recognition: one drawn, or several evenly spaced."""

import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from avts_mm.media import MediaError, open_video, probe


@TRANSFORMS.register_module()
class LoadVideoClips(BaseTransform):
    """Read clips as long as those of the pretraining, in seconds.

    Takes the place of mmaction2's ``DecordInit``, ``SampleFrames`` and
    ``DecordDecode``: these count pictures, so that a clip of 25 lasts one
    second at 25 pictures/s only, and decord gives wrong pictures of AVI files
    (as those of UCF101 and HMDB51 are) with B-frames.

    In training each clip begins at random; in test mode the ``num_clips``
    clips are spaced evenly from the begin of the video to its end, and a
    single one is taken from the middle. A video shorter than a clip is
    repeated.

    Required keys: filename; span (begin and duration in seconds) where clips
    are to be taken from a part of the video only.

    Added keys: imgs (``num_clips * num_frames`` pictures ``(H, W, 3)`` uint8
    RGB), img_shape, original_shape, num_clips, clip_len, frame_interval,
    clip_starts (s).

    Args:
        num_frames (int): Pictures per clip. Defaults to 25 (paper).
        clip_seconds (float): Length of a clip. Defaults to 1.
        num_clips (int): Clips per video. Defaults to 1.
        test_mode (bool): Evenly spaced clips. Defaults to False.
        backend (str): ``'pyav'``, which reads every kind of file rightly, or
            ``'decord'``, which reads prepared ones alone. Defaults to 'pyav'.
    """

    def __init__(
        self,
        num_frames: int = 25,
        clip_seconds: float = 1.0,
        num_clips: int = 1,
        test_mode: bool = False,
        backend: str = 'pyav',
    ) -> None:
        if num_frames < 1 or num_clips < 1:
            raise ValueError(
                'num_frames and num_clips must be positive, got '
                f'{num_frames} and {num_clips}'
            )
        if not clip_seconds > 0:
            raise ValueError(
                f'clip_seconds must be positive, got {clip_seconds}'
            )
        if backend not in ('decord', 'pyav'):
            raise ValueError(
                f"backend must be 'decord' or 'pyav', got {backend!r}"
            )
        self.num_frames = num_frames
        self.clip_seconds = clip_seconds
        self.num_clips = num_clips
        self.test_mode = test_mode
        self.backend = backend

    def transform(self, results: dict) -> dict:
        """Read the clips.

        Raises:
            MediaError: The file cannot be read, or not rightly.
        """
        path = results['filename']
        places = None
        if not self.test_mode:
            places = np.random.uniform(size=self.num_clips)
        starts, images = self._open_and_read(
            path,
            results.get('prepared_bytes', 0),
            results.get('span'),
            places,
        )
        results['imgs'] = images
        results['img_shape'] = images[0].shape[:2]
        results['original_shape'] = results['img_shape']
        results['num_clips'] = self.num_clips
        results['clip_len'] = self.num_frames
        results['frame_interval'] = 1
        results['clip_starts'] = starts
        return results

    def _open_and_read(self, path: str, size: int, span, places) -> tuple:
        with open_video(path, self.backend, size) as reader:
            try:
                return self._read(
                    reader,
                    places,
                    *(span or (0.0, reader.info.video_duration)),
                )
            except MediaError as error:
                if span or error.reason != 'too_short':
                    raise
                # The header tells no length, or a wrong one.
                seconds = probe(path, scan=True).video_duration
                return self._read(reader, places, 0.0, seconds)

    def _read(self, reader, places, begin: float, seconds: float) -> tuple:
        if seconds <= 0:
            raise MediaError(
                f'{reader.path}: no length is known of it; convert it with '
                'tools/data/prepare_av.py or leave it out',
                reader.path,
                'too_short',
            )
        starts = self._starts(max(0.0, seconds - self.clip_seconds), places)
        step = self.clip_seconds / self.num_frames
        middles = (np.arange(self.num_frames) + 0.5) * step
        times = (starts[:, None] + middles).reshape(-1)
        images, _ = reader.pictures(begin + times % seconds)
        return begin + starts, images

    def _starts(self, spare: float, places) -> np.ndarray:
        """When the clips begin; the last may begin at ``spare`` seconds."""
        if places is not None:
            return spare * places
        if self.num_clips == 1:
            return np.array([spare / 2])
        return np.linspace(0, spare, self.num_clips)

    def __repr__(self) -> str:
        return (
            f'{self.__class__.__name__}(num_frames={self.num_frames}, '
            f'clip_seconds={self.clip_seconds}, '
            f'num_clips={self.num_clips}, test_mode={self.test_mode}, '
            f'backend={self.backend!r})'
        )
