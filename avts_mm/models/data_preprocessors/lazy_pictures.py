"""What transforms with ``lazy=True`` put off, done on the model's device."""

from collections.abc import Mapping

import torch
import torch.nn.functional as F

# Axes of (T, C, H, W).
_FLIPPED = {None: (), 'horizontal': (3,), 'vertical': (2,)}


def finish_pictures(clip: torch.Tensor, lazy: Mapping) -> torch.Tensor:
    """Make RGB of the pictures of a clip, resize and flip them, in this order.

    Args:
        clip (Tensor): ``(C, T, h, w)`` uint8, cropped already; or ``(T, N)``,
            as ``lazy`` describes it.
        lazy (Mapping): What
            :class:`~avts_mm.datasets.transforms.PackAVInputs` notes:
            ``size``, the height and width wanted, and ``flip``, None,
            ``'horizontal'`` or ``'vertical'``; of YUV pictures ``yuv420p``.

    Returns:
        Tensor: ``(C, T, H, W)`` uint8; as OpenCV makes it, but for one level
        here and there.
    """
    layout = lazy.get('yuv420p')
    pictures = clip.movedim(0, 1) if layout is None else _rgb(clip, **layout)
    if pictures.shape[2:] != tuple(lazy['size']):
        pictures = F.interpolate(
            pictures.float(),
            lazy['size'],
            mode='bilinear',
            align_corners=False,
        )
    if pictures.is_floating_point():
        pictures = pictures.round_().byte()
    return pictures.flip(_FLIPPED[lazy['flip']]).movedim(1, 0)


def _rgb(
    clip: torch.Tensor,
    size: tuple[int, int],
    inside: tuple[int, int, int, int],
) -> torch.Tensor:
    """Pictures ``(T, H * W * 3 / 2)`` as float32 ``(T, 3, h, w)``, 0-255."""
    (height, width), (top, left, rows, columns) = size, inside
    pixels = height * width
    # ITU-R BT.601: brightness of 16 to 235, differences of 16 to 240.
    y = (clip[:, :pixels].float() - 16) * (255 / 219)
    uv = (clip[:, pixels:].float() - 128) * (255 / 224)
    u, v = uv.view(-1, 2, height // 2, width // 2).unbind(1)
    tint = [1.402 * v, -0.344136 * u - 0.714136 * v, 1.772 * u]
    rgb = F.interpolate(torch.stack(tint, 1), (height, width))  # the nearest
    rgb += y.view(-1, 1, height, width)
    rgb = rgb[..., top : top + rows, left : left + columns]
    return rgb.clamp(0, 255)
