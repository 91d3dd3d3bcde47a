"""VGG-like 2D networks: the audio tower of AVTS, the towers of L3-Net."""

from collections.abc import Sequence

import torch
import torch.nn as nn
from mmaction.registry import MODELS
from mmcv.cnn import ConvModule

from .freezable import FreezableBackbone


class VGG(FreezableBackbone):
    """Stages ``conv_1``, ``conv_2``, ... of 3x3 convolutions.

    Args:
        in_channels (int): Channels of the input.
        channels (Sequence[int]): Output channels of the stages.
        num_convs (Sequence[int]): Convolutions in each stage.
        pools (Sequence[Module | None]): What each stage begins with.
        frozen_stages (int): Number of leading stages without gradient and
            with fixed statistics; -1 (or 0) for none. Defaults to -1.
        norm_eval (bool): Keep all batch statistics fixed in training.
            Defaults to False.
        init_cfg (dict, optional): Initialisation.

    Raises:
        ValueError: Not as many numbers as there are stages.
    """

    def __init__(
        self,
        in_channels: int,
        channels: Sequence[int],
        num_convs: Sequence[int],
        pools: Sequence[nn.Module | None],
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
        number = len(pools)
        if len(channels) != number or len(num_convs) != number:
            raise ValueError(
                f'{type(self).__name__} has {number} stages: give as many '
                f'channels and convolutions, not {len(channels)} and '
                f'{len(num_convs)}'
            )
        if not -1 <= frozen_stages <= number:
            raise ValueError(
                f'frozen_stages must be from -1 to {number}, not '
                f'{frozen_stages}'
            )
        for i, pool in enumerate(pools):
            layers = [] if pool is None else [pool]
            for _ in range(num_convs[i]):
                layers.append(
                    ConvModule(
                        in_channels,
                        channels[i],
                        kernel_size=3,
                        padding=1,
                        norm_cfg=dict(type='BN2d'),
                    )
                )
                in_channels = channels[i]
            self.add_module(f'conv_{i + 1}', nn.Sequential(*layers))
        self.freeze()

    def frozen(self) -> list[nn.Module]:
        """conv_1 counts as stage 1."""
        return list(self.children())[: max(self.frozen_stages, 0)]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map images ``(N, C, H, W)`` to features ``(N, C', H', W')``."""
        for stage in self.children():
            x = stage(x)
        return x


@MODELS.register_module()
class AudioVGG(VGG):
    """The audio tower: five stages with pooling between them.

    The paper states a VGG-like 2D network on the spectrogram with stages
    conv_1 to conv_5 (section 3.2); its layer table is not known, so the
    table is an argument and the default is ours. Maps log-mel images ``(N, 1,
    mel bands, time frames)`` to ``(N, C, bands', time')``. Pooling rounds up,
    so a clip of any length passes.

    Args:
        channels (Sequence[int]): Output channels of the five stages.
        num_convs (Sequence[int]): Convolutions in each stage.
        pools (Sequence[Sequence[int]]): Max-pooling (mel, time) *before*
            conv_2, conv_3, conv_4 and conv_5.
        **kwargs: ``frozen_stages``, ``norm_eval`` and ``init_cfg`` of
            :class:`VGG`.

    Example:
        >>> model = AudioVGG()
        >>> model(torch.rand(2, 1, 40, 101)).shape
        torch.Size([2, 512, 3, 7])
    """

    def __init__(
        self,
        channels: Sequence[int] = (64, 128, 256, 512, 512),
        num_convs: Sequence[int] = (1, 1, 2, 2, 2),
        pools: Sequence[Sequence[int]] = ((2, 2), (2, 2), (2, 2), (2, 2)),
        **kwargs,
    ) -> None:
        layers = [nn.MaxPool2d(tuple(p), ceil_mode=True) for p in pools]
        # The identity has its place in the names of the weights.
        begins = [nn.Identity(), *layers]
        super().__init__(1, channels, num_convs, begins, **kwargs)


@MODELS.register_module()
class L3VGG(VGG):
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
        **kwargs: ``frozen_stages``, ``norm_eval`` and ``init_cfg`` of
            :class:`VGG`.

    Example:
        >>> model = L3VGG()
        >>> model(torch.rand(2, 3, 1, 224, 224)).shape
        torch.Size([2, 512, 28, 28])
    """

    def __init__(
        self,
        in_channels: int = 3,
        channels: Sequence[int] = (64, 128, 256, 512),
        **kwargs,
    ) -> None:
        pools = [None, *(nn.MaxPool2d(2) for _ in range(3))]
        super().__init__(in_channels, channels, (2,) * 4, pools, **kwargs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Extract features.

        Args:
            x (Tensor): Spectrograms ``(N, 1, bands, frames)`` or clips of
                one picture ``(N, C, 1, H, W)``.

        Returns:
            Tensor: ``(N, C', H', W')``.

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
        return super().forward(x)
