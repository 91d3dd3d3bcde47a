"""What transforms with ``lazy=True`` put off, done on the model's device."""

from collections.abc import Mapping

import torch
import torch.nn.functional as F

# Axes of (T, C, H, W).
_FLIPPED = {None: (), 'horizontal': (3,), 'vertical': (2,)}


def finish_pictures(clip: torch.Tensor, lazy: Mapping) -> torch.Tensor:
    """Resize and flip the pictures of a clip, in this order.

    Args:
        clip (Tensor): ``(C, T, h, w)`` uint8, cropped already.
        lazy (Mapping): What
            :class:`~avts_mm.datasets.transforms.PackAVInputs` notes:
            ``size``, the height and width wanted, and ``flip``, None,
            ``'horizontal'`` or ``'vertical'``.

    Returns:
        Tensor: ``(C, T, H, W)`` uint8; as OpenCV makes it, but for one level
        here and there.
    """
    pictures = clip.movedim(0, 1)
    if pictures.shape[2:] != tuple(lazy['size']):
        pictures = F.interpolate(
            pictures.float(),
            lazy['size'],
            mode='bilinear',
            align_corners=False,
        )
        pictures = pictures.round_().byte()
    return pictures.flip(_FLIPPED[lazy['flip']]).movedim(1, 0)
