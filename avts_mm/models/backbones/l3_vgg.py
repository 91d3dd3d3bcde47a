"""The towers of L3-Net: pairs of 3x3 convolutions with pooling between."""

from collections.abc import Sequence

import torch
import torch.nn as nn
from mmaction.registry import MODELS
from mmcv.cnn import ConvModule

from .freezable import FreezableBackbone

NAMES = ('conv_1', 'conv_2', 'conv_3', 'conv_4')


@MODELS.register_module()
class L3VGG(FreezableBackbone):
    """One subnetwork of L3-Net, for one picture or one spectrogram.

    Four blocks of two 3x3 convolutions, each with batch normalisation and
    ReLU, and 2x2 max-pooling between the blocks (Arandjelovic and Zisserman,
    *Look, Listen and Learn*, ICCV 2017, figure 2). The paper's pooling of
    the last block over the whole image is left to :class:`MaxPoolNeck`, so
    that the features keep their place.

    Args:
        in_channels (int): 3 for pictures, 1 for spectrograms. Defaults to 3.
        channels (Sequence[int]): Output channels of the four blocks.
            Defaults to the paper's.
        out_indices (Sequence[int | str]): Blocks to return, by index or by
            name (``'conv_3'``). Defaults to ``('conv_4', )``.
        norm_cfg (dict, optional): Normalisation layers; None for none.
            Defaults to ``dict(type='BN2d')``.
        frozen_stages (int): Number of leading blocks without gradient and
            with fixed statistics; -1 (or 0) for none.
        norm_eval (bool): Keep all batch statistics fixed in training.
        init_cfg (dict, optional): Initialisation.

    Example:
        >>> model = L3VGG()
        >>> model(torch.rand(2, 3, 1, 224, 224)).shape
        torch.Size([2, 512, 28, 28])
    """

    def __init__(
        self,
        in_channels: int = 3,
        channels: Sequence[int] = (64, 128, 256, 512),
        out_indices: Sequence[int | str] = ('conv_4',),
        norm_cfg: dict | None = dict(type='BN2d'),  # noqa: B006
        frozen_stages: int = -1,
        norm_eval: bool = False,
        init_cfg: dict | list | None = None,
    ) -> None:
        if init_cfg is None:
            init_cfg = [
                dict(type='Kaiming', layer='Conv2d'),
                dict(type='Constant', layer='_BatchNorm', val=1),
            ]
        super().__init__(frozen_stages, norm_eval, init_cfg)
        if len(channels) != len(NAMES):
            raise ValueError(
                f'L3VGG has four blocks: give 4 channels, not {len(channels)}'
            )
        if not -1 <= frozen_stages <= len(NAMES):
            raise ValueError(
                f'frozen_stages must be from -1 to 4, not {frozen_stages}'
            )
        self.out_indices = tuple(self._index(i) for i in out_indices)
        for i, name in enumerate(NAMES):
            layers: list[nn.Module] = []
            if i > 0:
                layers.append(nn.MaxPool2d(2))
            for _ in range(2):
                layers.append(
                    ConvModule(
                        in_channels,
                        channels[i],
                        kernel_size=3,
                        padding=1,
                        norm_cfg=norm_cfg,
                    )
                )
                in_channels = channels[i]
            self.add_module(name, nn.Sequential(*layers))
        self.out_channels = tuple(channels[i] for i in self.out_indices)
        self.freeze()

    @staticmethod
    def _index(stage: int | str) -> int:
        if stage in NAMES:
            return NAMES.index(stage)
        if stage in range(len(NAMES)):
            return int(stage)
        raise ValueError(
            f'out_indices takes 0 to 3 or one of {NAMES}, not {stage!r}'
        )

    def frozen(self) -> list[nn.Module]:
        """conv_1 counts as stage 1."""
        names = NAMES[: max(self.frozen_stages, 0)]
        return [getattr(self, name) for name in names]

    def forward(
        self, x: torch.Tensor
    ) -> torch.Tensor | tuple[torch.Tensor, ...]:
        """Extract features.

        Args:
            x (Tensor): Spectrograms ``(N, 1, bands, frames)`` or clips of
                one picture ``(N, C, 1, H, W)``.

        Returns:
            Tensor | tuple[Tensor]: ``(N, C', H', W')`` of the one block
            asked for, or a tuple in the order of ``out_indices``.

        Raises:
            ValueError: The clips have more than one picture.
        """
        if x.ndim == 5:
            if x.shape[2] != 1:
                raise ValueError(
                    f'L3VGG sees one picture, not {x.shape[2]}: load it with '
                    "dict(type='LoadAVFrames', num_frames=1)"
                )
            x = x.squeeze(2)
        outs = {}
        for i in range(max(self.out_indices) + 1):
            x = getattr(self, NAMES[i])(x)
            outs[i] = x
        picked = tuple(outs[i] for i in self.out_indices)
        return picked[0] if len(picked) == 1 else picked
