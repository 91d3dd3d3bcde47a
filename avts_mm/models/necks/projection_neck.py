"""From the features of a tower to its embedding."""

import torch
import torch.nn as nn
from mmaction.registry import MODELS
from mmcv.cnn import build_norm_layer
from mmengine.model import BaseModule

from ..backbones.freezable import fix_statistics


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
        norm_cfg (dict, optional): Normalisation of the embedding over the
            batch, e.g. ``dict(type='BN1d', affine=False)``. Defaults to
            None.
        dropout_ratio (float): Dropout before the last layer. Defaults to 0.
        norm_eval (bool): Keep the statistics of ``norm_cfg`` fixed in
            training. Defaults to False.
        init_cfg (dict, optional): Initialisation.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int = 128,
        hidden_channels: int | None = 512,
        time_bins: int = 1,
        time_dim: int = 2,
        norm_cfg: dict | None = None,
        dropout_ratio: float = 0.0,
        norm_eval: bool = False,
        init_cfg: dict | list | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        self.norm_eval = norm_eval
        if time_bins < 1:
            raise ValueError(f'time_bins must be at least 1, not {time_bins}')
        self.time_bins = time_bins
        self.time_dim = time_dim
        channels = in_channels * time_bins
        layers: list[nn.Module] = []
        if hidden_channels is not None:
            layers += [
                nn.Linear(channels, hidden_channels),
                nn.ReLU(inplace=True),
            ]
            channels = hidden_channels
        if dropout_ratio > 0:
            layers.append(nn.Dropout(dropout_ratio))
        layers.append(nn.Linear(channels, out_channels))
        if norm_cfg is not None:
            layers.append(build_norm_layer(norm_cfg, out_channels)[1])
        self.fc = nn.Sequential(*layers)
        self.out_channels = out_channels

    def train(self, mode: bool = True) -> 'ProjectionNeck':
        """Set the mode, keeping frozen statistics as they are."""
        super().train(mode)
        if mode and self.norm_eval:
            fix_statistics(self)
        return self

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map features ``(N, C, ...)`` to embeddings ``(N, D)``.

        The fully connected layers run in single precision also under
        autocast: the loss compares small differences of embeddings.
        """
        x = x.movedim(self.time_dim, 2).flatten(3).float().mean(3)
        x = nn.functional.adaptive_avg_pool1d(x, self.time_bins)
        with torch.autocast(x.device.type, enabled=False):
            return self.fc(x.flatten(1))
