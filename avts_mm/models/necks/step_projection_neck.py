"""From the features of a tower to one embedding for each step of time."""

import torch
import torch.nn as nn
from mmaction.registry import MODELS
from mmcv.cnn import build_norm_layer
from mmengine.model import BaseModule

from ..backbones.freezable import fix_statistics


@MODELS.register_module()
class StepProjectionNeck(BaseModule):
    """Average over space or bands, then the same layers at every step.

    Where `ProjectionNeck` makes one embedding of a clip, this makes one of
    each step of time that the tower has kept, so that sound and picture can
    be compared at any shift without computing anything twice. Not in the
    paper.

    Args:
        in_channels (int): Channels of the features.
        out_channels (int): Size of the embeddings. Defaults to 128.
        hidden_channels (int, optional): Size of a hidden layer with ReLU
            before the last; None for a single layer. Defaults to 512.
        time_dim (int): Axis of time in the features: 2 in ``(N, C, T, H,
            W)`` of a video, 3 in ``(N, C, bands, T)`` of a spectrogram.
            Defaults to 2.
        norm_cfg (dict, optional): Normalisation of the embeddings over batch
            and steps. Defaults to ``dict(type='BN1d', affine=False)``.
        norm_eval (bool): Keep the statistics of ``norm_cfg`` fixed in
            training. Defaults to False.
        init_cfg (dict, optional): Initialisation.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int = 128,
        hidden_channels: int | None = 512,
        time_dim: int = 2,
        norm_cfg: dict | None = dict(  # noqa: B006
            type='BN1d', affine=False
        ),
        norm_eval: bool = False,
        init_cfg: dict | list | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        self.norm_eval = norm_eval
        self.time_dim = time_dim
        layers: list[nn.Module] = []
        channels = in_channels
        if hidden_channels is not None:
            layers += [
                nn.Conv1d(channels, hidden_channels, 1),
                nn.ReLU(inplace=True),
            ]
            channels = hidden_channels
        layers.append(nn.Conv1d(channels, out_channels, 1))
        if norm_cfg is not None:
            layers.append(build_norm_layer(norm_cfg, out_channels)[1])
        self.fc = nn.Sequential(*layers)
        self.out_channels = out_channels

    def train(self, mode: bool = True) -> 'StepProjectionNeck':
        """Set the mode, keeping frozen statistics as they are."""
        super().train(mode)
        if mode and self.norm_eval:
            fix_statistics(self)
        return self

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map features ``(N, C, ...)`` to embeddings ``(N, D, T)``.

        In single precision also under autocast, as in `ProjectionNeck`.
        """
        x = x.movedim(self.time_dim, 2).flatten(3).float().mean(3)
        with torch.autocast(x.device.type, enabled=False):
            return self.fc(x)
