"""Batches of pictures and sound, made ready on the model's device."""

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from mmaction.registry import MODELS
from mmengine.model import BaseDataPreprocessor

from .log_mel import LogMel

_FLIPPED = {None: (), 'horizontal': (-1,), 'vertical': (-2,)}


@MODELS.register_module()
class AVDataPreprocessor(BaseDataPreprocessor):
    """Stack samples, normalise frames, turn waveforms into log-mel.

    Frames that were left to it (``lazy`` of the data samples, see
    :class:`~avts_mm.datasets.transforms.PackAVInputs`) are resized and
    flipped first.

    Nothing in it waits for the device: copies from pinned memory
    (``pin_memory=True`` of the data loader) run beside the step before, and
    the data samples stay where they are.

    Args:
        mean (Sequence[float]): Mean of the three colour channels (0-255).
        std (Sequence[float]): Their standard deviation.
        log_mel (dict, optional): Arguments of :class:`LogMel`.
    """

    def __init__(
        self,
        mean: Sequence[float] = (123.675, 116.28, 103.53),
        std: Sequence[float] = (58.395, 57.12, 57.375),
        log_mel: dict | None = None,
    ) -> None:
        super().__init__(non_blocking=True)
        for name, value in (('mean', mean), ('std', std)):
            tensor = torch.tensor(value, dtype=torch.float32)
            self.register_buffer(name, tensor.view(-1, 1, 1, 1), False)
        self.log_mel = LogMel(**(log_mel or {}))

    def forward(self, data: dict, training: bool = False) -> dict:
        """Prepare one batch.

        Args:
            data (dict): ``inputs`` with ``video``, uint8 ``(C, T, H, W)``
                each, and ``audio``, waveforms ``(S, )`` each (either may be
                missing; lists or stacked tensors), and ``data_samples``.
            training (bool): Not used; the log-mel is the same in training.

        Returns:
            dict: ``inputs`` with ``video`` ``(N, C, T, H, W)`` and ``audio``
            ``(N, 1, bands, frames)``, and ``data_samples``.

        Raises:
            ValueError: Clips of different sizes.
        """
        inputs = {}
        data_samples = data.get('data_samples')
        for name, value in self.cast_data(data['inputs']).items():
            if name == 'video':
                value = self.stack_clips(value, data_samples)
                # Loaded with the colours of a pixel side by side.
                inputs[name] = (value.contiguous() - self.mean) / self.std
            elif name == 'audio':
                if not isinstance(value, torch.Tensor):
                    value = torch.stack(tuple(value))
                inputs[name] = self.log_mel(value.flatten(0, -2))
            else:
                raise KeyError(
                    f"inputs may hold 'video' and 'audio', not {name!r}"
                )
        return dict(inputs=inputs, data_samples=data_samples)

    @staticmethod
    def stack_clips(clips, data_samples: Sequence | None = None):
        """Pictures as the network sees them, but not normalised yet.

        Args:
            clips (Tensor | Sequence[Tensor]): ``(C, T, h, w)`` uint8 each.
            data_samples (Sequence, optional): Theirs; they tell what is left
                to be done.

        Returns:
            Tensor: ``(N, C, T, H, W)`` uint8.

        Raises:
            ValueError: Clips of different sizes.
        """
        lazy = [getattr(s, 'lazy', None) for s in data_samples or ()]
        if any(lazy):
            clips = [
                finish_pictures(clip, how) if how else clip
                for clip, how in zip(clips, lazy)
            ]
        if isinstance(clips, torch.Tensor):
            return clips.flatten(0, -5)
        shapes = sorted({tuple(clip.shape) for clip in clips})
        if len(shapes) > 1:
            raise ValueError(
                f'clips of different sizes in a batch: {shapes}; let the '
                'pipeline bring them to one, as Resize(scale=(112, 112), '
                'keep_ratio=False) does'
            )
        return torch.stack(tuple(clips)).flatten(0, -5)


def finish_pictures(clip: torch.Tensor, lazy: Mapping) -> torch.Tensor:
    """Resize and flip the pictures of a clip, in this order.

    Args:
        clip (Tensor): ``(C, T, h, w)`` uint8, cropped already; or several,
            ``(clips, C, T, h, w)``.
        lazy (Mapping): What
            :class:`~avts_mm.datasets.transforms.PackAVInputs` notes:
            ``size``, the height and width wanted, and ``flip``, None,
            ``'horizontal'`` or ``'vertical'``.

    Returns:
        Tensor: ``(..., C, T, H, W)`` uint8; as OpenCV makes it, but for one
        level here and there.
    """
    order = clip.movedim(-4, -3)
    pictures = order.flatten(0, -4)
    if pictures.shape[2:] != tuple(lazy['size']):
        pictures = F.interpolate(
            pictures.float(),
            lazy['size'],
            mode='bilinear',
            align_corners=False,
        )
        pictures = pictures.round_().byte()
    pictures = pictures.flip(_FLIPPED[lazy['flip']])
    return pictures.unflatten(0, order.shape[:-3]).movedim(-3, -4)
