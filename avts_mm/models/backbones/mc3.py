"""The video tower: an 18-layer mixed-convolution residual network.

Early stages convolve over time and space, later ones over space alone
(AVTS, section 3.2; the family was introduced by Tran et al., CVPR 2018).
"""

from collections.abc import Sequence

import torch
import torch.nn as nn
from mmaction.registry import MODELS
from mmengine.model import BaseModule
from torch.utils.checkpoint import checkpoint

from .freezable import FreezableBackbone

# How many of the five stages (conv1, conv2_x ... conv5_x) are 3D.
VARIANTS = {'mc2': 1, 'mc3': 2, 'r3d': 5}


def _conv(
    in_channels: int, out_channels: int, stride: int, temporal: bool
) -> nn.Conv3d:
    """A 3x3x3 convolution, or a 1x3x3 one that leaves time alone."""
    return nn.Conv3d(
        in_channels,
        out_channels,
        kernel_size=3 if temporal else (1, 3, 3),
        stride=stride if temporal else (1, stride, stride),
        padding=1 if temporal else (0, 1, 1),
        bias=False,
    )


class MixedConvBlock(BaseModule):
    """Residual block of two convolutions, 3D or 2D in space.

    Args:
        in_channels (int): Channels of the input.
        out_channels (int): Channels of the output.
        stride (int): Stride of the first convolution: over time and space
            if ``temporal``, else over space.
        temporal (bool): Whether the convolutions extend over time.
        with_cp (bool): Recompute activations in the backward pass to save
            memory.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        stride: int,
        temporal: bool,
        with_cp: bool = False,
    ) -> None:
        super().__init__()
        self.with_cp = with_cp
        self.conv1 = nn.Sequential(
            _conv(in_channels, out_channels, stride, temporal),
            nn.BatchNorm3d(out_channels),
            nn.ReLU(inplace=True),
        )
        self.conv2 = nn.Sequential(
            _conv(out_channels, out_channels, 1, temporal),
            nn.BatchNorm3d(out_channels),
        )
        self.relu = nn.ReLU(inplace=True)
        self.downsample = None
        if stride != 1 or in_channels != out_channels:
            strides = stride if temporal else (1, stride, stride)
            self.downsample = nn.Sequential(
                nn.Conv3d(in_channels, out_channels, 1, strides, bias=False),
                nn.BatchNorm3d(out_channels),
            )

    def _residual(self, x: torch.Tensor) -> torch.Tensor:
        out = self.conv2(self.conv1(x))
        out += x if self.downsample is None else self.downsample(x)
        return out

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map ``(N, C, T, H, W)`` to ``(N, C', T', H', W')``."""
        if self.with_cp and x.requires_grad:
            x = checkpoint(self._residual, x, use_reentrant=False)
        else:
            x = self._residual(x)
        return self.relu(x)


@MODELS.register_module()
class MC3(FreezableBackbone):
    """Mixed-convolution ResNet-18 (MC2, MC3 or R3D).

    At full width the layout and the state-dict keys are those of
    torchvision's ``mc3_18`` (``r3d_18`` for ``variant='r3d'``) without its
    classifier ``fc``, so the official weights load.

    Args:
        variant (str): ``'mc3'`` has 3D convolutions in conv1 and conv2_x,
            ``'mc2'`` in conv1 alone, ``'r3d'`` everywhere (and then halves
            time, too, from conv3_x on). Defaults to ``'mc3'``.
        base_channels (int): Channels of conv1; stage ``i`` has
            ``base_channels * 2**i``. Defaults to 64.
        out_indices (Sequence[int]): Stages to return, 0 being conv2_x and
            3 conv5_x. Defaults to ``(3, )``.
        frozen_stages (int): Stages without gradient and with fixed
            statistics: -1 none, 0 conv1, 1 conv1 and conv2_x, ...
        norm_eval (bool): Keep all batch statistics fixed in training.
        with_cp (bool): Activation checkpointing in the residual blocks.
        channels_last (bool): Lay weights and clips out channels-last, which
            is faster on CPUs and in half precision on GPUs.
            Defaults to False.
        init_cfg (dict, optional): Initialisation, e.g.
            ``dict(type='Pretrained', checkpoint='mc3_18.pth')``.

    Example:
        >>> model = MC3(variant='mc3')
        >>> model(torch.rand(2, 3, 25, 112, 112)).shape
        torch.Size([2, 512, 25, 7, 7])
    """

    def __init__(
        self,
        variant: str = 'mc3',
        base_channels: int = 64,
        out_indices: Sequence[int] = (3,),
        frozen_stages: int = -1,
        norm_eval: bool = False,
        with_cp: bool = False,
        channels_last: bool = False,
        init_cfg: dict | list | None = None,
    ) -> None:
        if init_cfg is None:
            init_cfg = [
                dict(type='Kaiming', layer='Conv3d'),
                dict(type='Constant', layer='_BatchNorm', val=1),
            ]
        super().__init__(frozen_stages, norm_eval, init_cfg)
        if variant not in VARIANTS:
            raise ValueError(
                f'variant must be one of {list(VARIANTS)}, not {variant!r}'
            )
        if not out_indices or not set(out_indices) <= set(range(4)):
            raise ValueError(
                f'out_indices must be among 0, 1, 2, 3, not {out_indices}'
            )
        if not -1 <= frozen_stages <= 4:
            raise ValueError(
                f'frozen_stages must be from -1 to 4, not {frozen_stages}'
            )
        self.variant = variant
        self.out_indices = tuple(out_indices)
        self.stem = nn.Sequential(
            nn.Conv3d(
                3,
                base_channels,
                kernel_size=(3, 7, 7),
                stride=(1, 2, 2),
                padding=(1, 3, 3),
                bias=False,
            ),
            nn.BatchNorm3d(base_channels),
            nn.ReLU(inplace=True),
        )
        channels = base_channels
        for i in range(4):
            planes = base_channels * 2**i
            temporal = i + 1 < VARIANTS[variant]
            blocks = []
            for j in range(2):
                stride = 2 if i > 0 and j == 0 else 1
                blocks.append(
                    MixedConvBlock(channels, planes, stride, temporal, with_cp)
                )
                channels = planes
            self.add_module(f'layer{i + 1}', nn.Sequential(*blocks))
        self.memory_format = torch.contiguous_format
        if channels_last:
            self.memory_format = torch.channels_last_3d
            self.to(memory_format=torch.channels_last_3d)
        self.freeze()

    def frozen(self) -> list[nn.Module]:
        """conv1 counts as stage 0."""
        layers = [getattr(self, f'layer{i}') for i in range(1, 5)]
        return [self.stem, *layers][: self.frozen_stages + 1]

    def forward(
        self, x: torch.Tensor
    ) -> torch.Tensor | tuple[torch.Tensor, ...]:
        """Extract features.

        Args:
            x (Tensor): Clips ``(N, C, T, H, W)``.

        Returns:
            Tensor | tuple[Tensor]: ``(N, C', T, H', W')`` of the one stage
            asked for, or a tuple in the order of ``out_indices``.
        """
        x = self.stem(x.contiguous(memory_format=self.memory_format))
        outs = {}
        for i in range(max(self.out_indices) + 1):
            x = getattr(self, f'layer{i + 1}')(x)
            outs[i] = x
        picked = tuple(outs[i] for i in self.out_indices)
        return picked[0] if len(picked) == 1 else picked
