"""From the features of a tower to its embedding."""

import torch
import torch.nn as nn
from mmaction.registry import MODELS
from mmcv.cnn import build_norm_layer
from mmengine.dist import get_world_size
from mmengine.model import BaseModule
from torch.distributed.nn.functional import all_reduce

from ..backbones.freezable import fix_statistics


class Center(nn.Module):
    """Take the mean off embeddings, so that two towers share their origin.

    In training the mean over the batch, of all ranks, in testing its running
    mean: batch normalisation without the division.

    Args:
        channels (int): Size of the embeddings.
        momentum (float): Weight of a batch in the running mean.
            Defaults to 0.1.
    """

    running_mean: torch.Tensor

    def __init__(self, channels: int, momentum: float = 0.1) -> None:
        super().__init__()
        self.momentum = momentum
        self.register_buffer('running_mean', torch.zeros(channels))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map ``(N, D)`` or ``(N, D, T)`` to the same, centred."""
        mean = self.running_mean
        if self.training:
            mean = x.transpose(0, 1).flatten(1).mean(1)
            if get_world_size() > 1:
                mean = all_reduce(mean) / get_world_size()
            self.running_mean.lerp_(mean.detach(), self.momentum)
        return x - mean.view(-1, *[1] * (x.dim() - 2))


@MODELS.register_module()
class ProjectionNeck(BaseModule):
    """Average pooling and fully connected layers.

    With ``time_bins=1`` this is the paper's global average pooling. It
    forgets *when* in the clip something happens; more bins keep it: the time
    axis is averaged in that many equal parts, and the fully connected layers
    see all of them.

    Args:
        in_channels (int): Channels of the features.
        out_channels (int): Size of the embedding. Defaults to 128.
        hidden_channels (int, optional): Size of a hidden layer with ReLU
            before the last; None for a single layer. Defaults to 512.
        time_bins (int): Parts of the clip kept apart. Defaults to 1.
        time_dim (int): Axis of time in the features: 2 in ``(N, C, T, H,
            W)`` of a video, 3 in ``(N, C, bands, T)`` of a spectrogram.
            Defaults to 2.
        dropout (float): Before the last layer. Not in the paper.
            Defaults to 0.
        norm_cfg (dict, optional): Normalisation of the embedding over the
            batch, e.g. ``dict(type='BN1d', affine=False)``. Defaults to
            None.
        center (bool): Take the mean over the batch off the embeddings. Not in
            the paper; without it the towers' means drift apart until all
            distance is one constant. Defaults to False.
        norm_eval (bool): Keep the statistics of ``norm_cfg`` and ``center``
            fixed in training. Defaults to False.
        init_cfg (dict, optional): Initialisation.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int = 128,
        hidden_channels: int | None = 512,
        time_bins: int = 1,
        time_dim: int = 2,
        dropout: float = 0.0,
        norm_cfg: dict | None = None,
        center: bool = False,
        norm_eval: bool = False,
        init_cfg: dict | list | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        if time_bins < 1:
            raise ValueError(f'time_bins must be at least 1, not {time_bins}')
        self.norm_eval = norm_eval
        self.time_bins = time_bins
        self.time_dim = time_dim
        channels = in_channels * time_bins
        layers: list[nn.Module] = []
        if hidden_channels is not None:
            layers += [
                self._layer(channels, hidden_channels),
                nn.ReLU(inplace=True),
            ]
            channels = hidden_channels
        if dropout:
            layers.append(nn.Dropout(dropout))
        layers.append(self._layer(channels, out_channels))
        if norm_cfg is not None:
            layers.append(build_norm_layer(norm_cfg, out_channels)[1])
        if center:
            layers.append(Center(out_channels))
        self.fc = nn.Sequential(*layers)

    @staticmethod
    def _layer(in_channels: int, out_channels: int) -> nn.Module:
        return nn.Linear(in_channels, out_channels)

    def train(self, mode: bool = True) -> 'ProjectionNeck':
        """Set the mode, keeping frozen statistics as they are."""
        super().train(mode)
        if mode and self.norm_eval:
            fix_statistics(self)
            for part in self.fc:
                if isinstance(part, Center):
                    part.eval()
        return self

    def _pool(self, x: torch.Tensor) -> torch.Tensor:
        """Averages over space or bands: ``(N, C, T)``."""
        return x.movedim(self.time_dim, 2).flatten(3).float().mean(3)

    def _project(self, x: torch.Tensor) -> torch.Tensor:
        # In single precision also under autocast: the loss compares small
        # differences of embeddings.
        with torch.autocast(x.device.type, enabled=False):
            return self.fc(x)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map features ``(N, C, ...)`` to embeddings ``(N, D)``."""
        x = nn.functional.adaptive_avg_pool1d(self._pool(x), self.time_bins)
        return self._project(x.flatten(1))


@MODELS.register_module()
class StepProjectionNeck(ProjectionNeck):
    """Average over space or bands, then the same layers at every step.

    Where `ProjectionNeck` makes one embedding of a clip, this makes one of
    each step of time that the tower has kept, so that sound and picture can
    be compared at any shift without computing anything twice. Not in the
    paper.

    Args:
        in_channels (int): Channels of the features.
        dropout (float): Before the last layer. Not in the paper.
            Defaults to 0.
        norm_cfg (dict, optional): Normalisation of the embeddings over batch
            and steps. Defaults to ``dict(type='BN1d', affine=False)``.
        **kwargs: Of `ProjectionNeck`, but for ``time_bins``.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int = 128,
        norm_cfg: dict | None = dict(  # noqa: B006
            type='BN1d', affine=False
        ),
        **kwargs,
    ) -> None:
        super().__init__(
            in_channels, out_channels, norm_cfg=norm_cfg, **kwargs
        )

    @staticmethod
    def _layer(in_channels: int, out_channels: int) -> nn.Module:
        return nn.Conv1d(in_channels, out_channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map features ``(N, C, ...)`` to embeddings ``(N, D, T)``."""
        return self._project(self._pool(x))


@MODELS.register_module()
class MaxPoolNeck(BaseModule):
    """The largest value of each channel, as L3-Net pools its last block."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map features ``(N, C, ...)`` to vectors ``(N, C)``."""
        return x.flatten(2).amax(2).float()
