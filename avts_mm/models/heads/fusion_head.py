"""Decide by a classifier on both embeddings whether they are in sync."""

from collections.abc import Sequence

import torch
import torch.nn as nn
import torch.nn.functional as F
from mmaction.registry import MODELS
from mmengine.model import BaseModule


@MODELS.register_module()
class FusionHead(BaseModule):
    """Binary cross-entropy on the concatenated embeddings.

    The authors tried this first and found that it fails to fuse the
    modalities when trained from scratch (AVTS, section 3.1): an ablation.

    Args:
        in_channels (int): Size of each of the two embeddings.
        hidden_channels (int): Size of the hidden layer. Defaults to 512.
        init_cfg (dict, optional): Initialisation.
    """

    def __init__(
        self,
        in_channels: int,
        hidden_channels: int = 512,
        init_cfg: dict | list | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        self.classifier = nn.Sequential(
            nn.Linear(2 * in_channels, hidden_channels),
            nn.ReLU(inplace=True),
            nn.Linear(hidden_channels, 1),
        )

    def forward(
        self, video: torch.Tensor, audio: torch.Tensor
    ) -> torch.Tensor:
        """Logits ``(N, )`` of being in sync."""
        fused = torch.cat((video, audio), dim=-1)
        return self.classifier(fused).squeeze(-1)

    def loss(
        self,
        video: torch.Tensor,
        audio: torch.Tensor,
        target: torch.Tensor,
        data_samples: Sequence = (),
    ) -> dict[str, torch.Tensor]:
        """Binary cross-entropy; arguments as in `AVContrastiveHead.loss`."""
        logits = self(video, audio).float()
        target = target.to(logits, non_blocking=True)
        return dict(loss=F.binary_cross_entropy_with_logits(logits, target))

    def predict(
        self, video: torch.Tensor, audio: torch.Tensor
    ) -> torch.Tensor:
        """One minus the probability of being in sync, ``(N, )``.

        Like a distance it is the smaller, the more in sync.
        """
        return torch.sigmoid(-self(video, audio).float())
