"""The audio tower: a VGG-like 2D network on the log-mel image."""

from collections.abc import Sequence

import torch
import torch.nn as nn
from mmaction.registry import MODELS
from mmcv.cnn import ConvModule

from .freezable import FreezableBackbone

NAMES = ('conv_1', 'conv_2', 'conv_3', 'conv_4', 'conv_5')


@MODELS.register_module()
class AudioVGG(FreezableBackbone):
    """Five stages of 3x3 convolutions with pooling between them.

    The paper states a VGG-like 2D network on the spectrogram with stages
    conv_1 to conv_5 (section 3.2); its layer table is not known, so the
    table is an argument and the default is ours. Pooling rounds up, so a
    clip of any length passes.

    Args:
        in_channels (int): Channels of the spectrogram. Defaults to 1.
        channels (Sequence[int]): Output channels of the five stages.
        num_convs (Sequence[int]): Convolutions in each stage.
        pools (Sequence[Sequence[int]]): Max-pooling (mel, time) *before*
            conv_2, conv_3, conv_4 and conv_5.
        out_indices (Sequence[int | str]): Stages to return, by index or by
            name (``'conv_4'``). Defaults to ``('conv_5', )``.
        norm_cfg (dict, optional): Normalisation layers; None for none.
            Defaults to ``dict(type='BN2d')``.
        frozen_stages (int): Number of leading stages without gradient and
            with fixed statistics; -1 (or 0) for none.
        norm_eval (bool): Keep all batch statistics fixed in training.
        init_cfg (dict, optional): Initialisation.

    Example:
        >>> model = AudioVGG()
        >>> model(torch.rand(2, 1, 40, 101)).shape
        torch.Size([2, 512, 3, 7])
    """

    def __init__(
        self,
        in_channels: int = 1,
        channels: Sequence[int] = (64, 128, 256, 512, 512),
        num_convs: Sequence[int] = (1, 1, 2, 2, 2),
        pools: Sequence[Sequence[int]] = ((2, 2), (2, 2), (2, 2), (2, 2)),
        out_indices: Sequence[int | str] = ('conv_5',),
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
        if len(channels) != 5 or len(num_convs) != 5 or len(pools) != 4:
            raise ValueError(
                'AudioVGG has five stages: give 5 channels, 5 num_convs and '
                f'4 pools, not {len(channels)}, {len(num_convs)} and '
                f'{len(pools)}'
            )
        if not -1 <= frozen_stages <= 5:
            raise ValueError(
                f'frozen_stages must be from -1 to 5, not {frozen_stages}'
            )
        self.out_indices = tuple(self._index(i) for i in out_indices)
        pool_layers = [nn.Identity()] + [
            nn.MaxPool2d(tuple(pool), ceil_mode=True) for pool in pools
        ]
        for i, name in enumerate(NAMES):
            layers: list[nn.Module] = [pool_layers[i]]
            for _ in range(num_convs[i]):
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
        if stage in range(5):
            return int(stage)
        raise ValueError(
            f'out_indices takes 0 to 4 or one of {NAMES}, not {stage!r}'
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
            x (Tensor): Log-mel images ``(N, 1, mel bands, time frames)``.

        Returns:
            Tensor | tuple[Tensor]: ``(N, C, bands', time')`` of the one
            stage asked for, or a tuple in the order of ``out_indices``.
        """
        outs = {}
        for i in range(max(self.out_indices) + 1):
            x = getattr(self, NAMES[i])(x)
            outs[i] = x
        picked = tuple(outs[i] for i in self.out_indices)
        return picked[0] if len(picked) == 1 else picked
