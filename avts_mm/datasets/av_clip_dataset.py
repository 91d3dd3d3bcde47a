"""Fixed clips of annotated videos, for features of what is in them."""

import numpy as np
from mmaction.registry import DATASETS

from .av_record_dataset import AVRecordDataset
from .pairs import PairKind


@DATASETS.register_module()
class AVClipDataset(AVRecordDataset):
    """Clips at fixed, evenly spaced moments, picture and sound in sync.

    Reads the annotation of :class:`AVPairDataset` and feeds the same
    pipeline, but is indexed by a number: item ``k * n + i`` is clip ``i`` of
    the ``n`` clips of video ``k``. It begins at ``(i + 0.5) / n`` of the time
    in which a clip can begin, so that one clip is the middle of the video. The
    pipeline also gets the video's ``class_label``.

    Args:
        clips_per_video (int): Defaults to 1.
        **kwargs: Of :class:`AVRecordDataset`. ``test_mode`` is True: a file
            that cannot be read is an error.

    Raises:
        ValueError: ``clips_per_video`` is below 1.
    """

    def __init__(self, clips_per_video: int = 1, **kwargs) -> None:
        if clips_per_video < 1:
            raise ValueError(
                f'clips_per_video must be at least 1, got {clips_per_video}'
            )
        self.clips_per_video = clips_per_video
        super().__init__(**{**kwargs, 'test_mode': True})

    def __len__(self) -> int:
        return super().__len__() * self.clips_per_video

    def plan_info(self, index: int) -> dict:
        """What the pipeline is given for a clip; opens no file."""
        video, place = divmod(index, self.clips_per_video)
        info = self.get_data_info(video)
        first, duration = info['span']
        room = max(duration - self.timing.clip_seconds, 0.0)
        start = first + room * (place + 0.5) / self.clips_per_video
        clip = self._clip_info(PairKind.POSITIVE, info, info, (start, start))
        return dict(clip, class_label=info['class_label'])

    def __getitem__(self, index: int) -> dict:
        """Load a clip.

        Raises:
            TypeError: Indexed by a pair: the wrong sampler.
            MediaError: A file cannot be read.
        """
        if not isinstance(index, (int, np.integer)):
            raise TypeError(
                f'AVClipDataset is indexed by numbers, not by '
                f'{type(index).__name__}; use '
                "sampler=dict(type='DefaultSampler', shuffle=False)"
            )
        index = range(len(self))[index]
        return self._load(index, index)
