"""Clips of a video for recognition: one drawn, or several evenly spaced."""

import math

import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from avts_mm.media import MediaError, MediaInfo, open_video, probe


@TRANSFORMS.register_module()
class LoadVideoClips(BaseTransform):
    """Read clips as long as those of the pretraining, in seconds.

    For the records of `LabelledVideoDataset`. In training each clip begins at
    random; in test mode the ``num_clips`` clips are spaced evenly from the
    begin of the span to its end, and a single one is taken from the middle.
    A span shorter than a clip is repeated.

    Required keys: filename, span (begin and duration in seconds, NaN for
    until the end), prepared_bytes.

    Added keys: imgs (``num_clips * num_frames`` pictures ``(H, W, 3)`` uint8
    RGB), img_shape, original_shape, num_clips, clip_len, frame_interval,
    clip_starts (s).

    Args:
        num_frames (int): Pictures per clip. Defaults to 25 (paper).
        clip_seconds (float): Length of a clip. Defaults to 1.
        num_clips (int): Clips per video. Defaults to 1.
        test_mode (bool): Evenly spaced clips. Defaults to False.
    """

    def __init__(
        self,
        num_frames: int = 25,
        clip_seconds: float = 1.0,
        num_clips: int = 1,
        test_mode: bool = False,
    ) -> None:
        if num_frames < 1 or num_clips < 1 or not clip_seconds > 0:
            raise ValueError(
                'num_frames, num_clips and clip_seconds must be positive, not '
                f'{num_frames}, {num_clips} and {clip_seconds}'
            )
        self.num_frames = num_frames
        self.clip_seconds = clip_seconds
        self.num_clips = num_clips
        self.test_mode = test_mode

    def transform(self, results: dict) -> dict:
        """Read the clips.

        Raises:
            MediaError: The file cannot be read, or not rightly.
        """
        begin, seconds = results['span']
        step = self.clip_seconds / self.num_frames
        middles = (np.arange(self.num_frames) + 0.5) * step
        with open_video(
            results['filename'], prepared_bytes=results['prepared_bytes']
        ) as reader:
            if math.isnan(seconds):
                seconds = _length(reader.info) - begin
            starts = self._starts(max(0.0, seconds - self.clip_seconds))
            times = (starts[:, None] + middles).reshape(-1)
            images, _ = reader.pictures(begin + times % seconds)
        results['imgs'] = images
        results['img_shape'] = images[0].shape[:2]
        results['original_shape'] = results['img_shape']
        results['num_clips'] = self.num_clips
        results['clip_len'] = self.num_frames
        results['frame_interval'] = 1
        results['clip_starts'] = begin + starts
        return results

    def _starts(self, spare: float) -> np.ndarray:
        """When the clips begin; the last may begin at ``spare`` seconds."""
        if not self.test_mode:
            return spare * np.random.uniform(size=self.num_clips)
        if self.num_clips == 1:
            return np.array([spare / 2])
        return np.linspace(0, spare, self.num_clips)

    def __repr__(self) -> str:
        return (
            f'{self.__class__.__name__}(num_frames={self.num_frames}, '
            f'clip_seconds={self.clip_seconds}, '
            f'num_clips={self.num_clips}, test_mode={self.test_mode})'
        )


def _length(info: MediaInfo) -> float:
    """Seconds of the pictures."""
    # Only mp4 tells them of each track.
    if info.container != 'mov':
        info = probe(info.path, scan=True)
    if not info.video_duration:
        raise MediaError(
            f'{info.path}: its length is not known; leave it out or prepare '
            'it with tools/data/prepare_av.py',
            info.path,
            'too_short',
        )
    return info.video_duration
