"""Clips packed for the model, with what tells them apart."""

import numpy as np
import torch
from mmaction.registry import TRANSFORMS
from mmaction.structures import ActionDataSample
from mmcv.transforms import BaseTransform


@TRANSFORMS.register_module()
class PackAVInputs(BaseTransform):
    """Turn a loaded and formatted pair into tensors and a data sample.

    Required keys: imgs (``(clips, C, T, H, W)``, after
    ``FormatShape(input_format='NCTHW')``; or a list of ``(H, W, C)`` after
    transforms with ``lazy=True``) and audio ``(S,)``, or one of
    them; label (of a pair, 1 in sync, 0 not; otherwise a class).

    Several clips of a video become ``video`` ``(clips, C, T, H, W)`` and
    ``audio`` ``(clips, S)`` of one sample, whose metainfo tells where they
    are: ``video_id``, ``video_start`` of each, and the ``timing`` that knows
    what two of them are to each other.

    Returns ``dict(inputs=dict(video, audio), data_samples)``: ``video`` is
    ``(C, T, H, W)`` (uint8 as loaded, in the order in memory that FormatShape
    left it in: the colours of a pixel side by side), ``audio`` float32 of its
    shape, the label is the ``gt_label`` of the data sample, ``(1,)``.

    After mmaction2's transforms with ``lazy=True``, without ``Fuse`` and
    ``FormatShape``, the pictures are only cropped. The data sample's
    ``lazy``, a dict of ``size`` (height and width) and ``flip`` (None,
    ``'horizontal'`` or ``'vertical'``), tells
    :class:`~avts_mm.models.AVDataPreprocessor` to do the rest on the model's
    device.

    Args:
        meta_keys (Sequence[str]): Keys copied to the data sample's metainfo
            where present.
    """

    def __init__(
        self,
        meta_keys=(
            'kind',
            'pair',
            'video_path',
            'audio_path',
            'video_start',
            'audio_start',
            'class_label',
            'video_id',
            'timing',
            'filename',
            'with_sound',
        ),
    ) -> None:
        self.meta_keys = tuple(meta_keys)

    def transform(self, results: dict) -> dict:
        """Pack.

        Raises:
            ValueError: ``imgs`` does not hold the clips, there is neither
                picture nor sound, or lazy transforms are followed by
                FormatShape or want another interpolation than bilinear.
        """
        inputs, lazy = {}, results.get('lazy')
        if 'imgs' in results:
            clips = results.get('num_clips', 1)
            if lazy is None:
                video = _formatted(results['imgs'], clips)
            else:
                video = _cropped(results['imgs'], clips, lazy)
            if np.ndim(results.get('video_start', 0.0)) == 0:
                video = video[0]
            if min(video.strides) < 0:  # torch has none
                video = video.copy()
            inputs['video'] = torch.from_numpy(video)
        if 'audio' in results:
            audio = np.ascontiguousarray(results['audio'])
            inputs['audio'] = torch.from_numpy(audio)
        if not inputs:
            raise ValueError(
                'PackAVInputs finds neither imgs nor audio; put LoadAVFrames '
                'or LoadAVAudio into the pipeline'
            )
        data_sample = ActionDataSample()
        data_sample.set_gt_label(results['label'])
        meta = {k: results[k] for k in self.meta_keys if k in results}
        if 'pair' in meta:
            meta['pair'] = tuple(map(int, meta['pair'][:4]))
        if lazy is not None:
            meta['lazy'] = dict(
                size=tuple(map(int, results['img_shape'])),
                flip=lazy['flip_direction'] if lazy['flip'] else None,
            )
        data_sample.set_metainfo(meta)
        return dict(inputs=inputs, data_samples=data_sample)

    def __repr__(self) -> str:
        return f'{self.__class__.__name__}(meta_keys={self.meta_keys})'


def _formatted(video, clips: int) -> np.ndarray:
    """Pictures as ``(clips, C, T, H, W)``."""
    shape: tuple = getattr(video, 'shape', ())  # of a list: not formatted yet
    if len(shape) != 5 or shape[0] != clips:
        raise ValueError(
            f'PackAVInputs needs imgs of {clips} clip(s), ({clips}, C, T, H, '
            "W); put FormatShape(input_format='NCTHW') before it"
        )
    return video


def _cropped(images, clips: int, lazy: dict) -> np.ndarray:
    """The part of the pictures that is wanted, ``(clips, C, T, H, W)``."""
    if lazy['interpolation'] not in (None, 'bilinear'):
        raise ValueError(
            'PackAVInputs leaves bilinear resizing to the device, not '
            f'{lazy["interpolation"]!r}; put Fuse and FormatShape before it'
        )
    if not isinstance(images, list):
        raise ValueError(
            'PackAVInputs leaves the rest of lazy transforms to the device '
            'and takes no FormatShape with them; leave it out, or put Fuse '
            'before it'
        )
    left, top, right, bottom = lazy['crop_bbox'].round().astype(int).tolist()
    cropped = np.stack([image[top:bottom, left:right] for image in images])
    cropped = cropped.reshape(clips, -1, *cropped.shape[1:])
    return np.moveaxis(cropped, -1, 1)
