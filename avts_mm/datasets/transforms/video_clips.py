"""Clips of a video for recognition: one drawn, or several evenly spaced."""

import math

import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from avts_mm.media import MediaError, MediaInfo, open_video, probe


@TRANSFORMS.register_module()
class LoadVideoClips(BaseTransform):
    """Read clips as long as those of the pretraining, in seconds.

    For the records of `LabelledVideoDataset`, or of mmaction2's
    ``VideoDataset``. In training each clip begins at random; in test mode the
    ``num_clips`` clips are spaced evenly from the begin of the span to its
    end, and a single one is taken from the middle. A span shorter than a clip
    is repeated.

    Required keys: filename; where they are known span (begin and duration in
    seconds, NaN for until the end), audio_path and prepared_bytes.

    Added keys: imgs (``num_clips * num_frames`` pictures ``(H, W, 3)`` uint8
    RGB), img_shape, original_shape, num_clips, clip_len, frame_interval,
    video_start (s, an array); for `LoadAVAudio` audio_path (the file itself
    if it was not given), audio_start, clip_seconds and span.

    Args:
        num_frames (int): Pictures per clip. Defaults to 25 (paper).
        clip_seconds (float): Length of a clip. Defaults to 1.
        num_clips (int): Clips per video. Defaults to 1.
        test_mode (bool): Evenly spaced clips. Defaults to False.
        sound (bool): Of a video whose duration is not given, and which has
            sound, take clips where there is both, for `LoadAVAudio`. Defaults
            to False.
    """

    def __init__(
        self,
        num_frames: int = 25,
        clip_seconds: float = 1.0,
        num_clips: int = 1,
        test_mode: bool = False,
        sound: bool = False,
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
        self.sound = sound

    def transform(self, results: dict) -> dict:
        """Read the clips.

        Raises:
            MediaError: The file cannot be read, or not rightly.
        """
        begin, seconds = results.get('span', (0.0, math.nan))
        step = self.clip_seconds / self.num_frames
        middles = (np.arange(self.num_frames) + 0.5) * step
        with open_video(
            results['filename'],
            prepared_bytes=results.get('prepared_bytes', 0),
        ) as reader:
            if math.isnan(seconds):
                begin, seconds = _rest(reader.info, begin, self.sound)
            starts = self._starts(max(0.0, seconds - self.clip_seconds))
            times = (starts[:, None] + middles).reshape(-1)
            images, _ = reader.pictures(begin + times % seconds)
        results['imgs'] = images
        results['img_shape'] = images[0].shape[:2]
        results['original_shape'] = results['img_shape']
        results['num_clips'] = self.num_clips
        results['clip_len'] = self.num_frames
        results['frame_interval'] = 1
        results['video_start'] = results['audio_start'] = begin + starts
        results['clip_seconds'] = self.clip_seconds
        results['span'] = begin, seconds
        results.setdefault('audio_path', results['filename'])
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
            f'num_clips={self.num_clips}, test_mode={self.test_mode}, '
            f'sound={self.sound})'
        )


def _rest(info: MediaInfo, begin: float, sound: bool) -> tuple[float, float]:
    """Begin and duration of what follows, with sound if there is any."""
    # Only mp4 tells the durations of each track.
    if info.container != 'mov':
        info = probe(info.path, scan=True)
    first, seconds = 0.0, info.video_duration
    if sound and info.audio_codec is not None:
        first, seconds = info.common_span
    begin, end = max(begin, first), first + seconds
    if not end > begin:
        raise MediaError(
            f'{info.path}: its length is not known, or at no time has it both '
            'picture and sound; leave it out or prepare it with '
            'tools/data/prepare_av.py',
            info.path,
            'too_short',
        )
    return begin, end - begin
