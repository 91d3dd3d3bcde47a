"""Decide by the distance of two embeddings whether they are in sync."""

import torch
from mmaction.registry import MODELS
from mmengine.model import BaseModule

from ..losses import embedding_distance


@MODELS.register_module()
class AVContrastiveHead(BaseModule):
    """Contrastive loss on the distance of video and audio embeddings.

    Args:
        loss (dict): Config of the loss.
            Defaults to ``dict(type='ContrastiveLoss', margin=0.99)``.
        scale_by_dim (bool): Divide distances by the square root of the
            embedding's size. Not in the paper; makes the margin fit
            embeddings of unit variance. Defaults to False.
        init_cfg (dict, optional): Initialisation.
    """

    def __init__(
        self,
        loss: dict | None = None,
        scale_by_dim: bool = False,
        init_cfg: dict | list | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        self.loss_module = MODELS.build(loss or dict(type='ContrastiveLoss'))
        self.scale_by_dim = scale_by_dim

    def forward(
        self, video: torch.Tensor, audio: torch.Tensor
    ) -> torch.Tensor:
        """Distances ``(N, )`` of embeddings ``(N, D)`` and ``(N, D)``."""
        return embedding_distance(
            video.float(), audio.float(), self.scale_by_dim
        )

    def loss(
        self,
        video: torch.Tensor,
        audio: torch.Tensor,
        target: torch.Tensor,
    ) -> dict[str, torch.Tensor]:
        """Loss and, to watch, the distances.

        ``distance_positive`` and ``distance_negative`` are the means of
        either kind of pair, ``distance_spread`` is how far the farthest and
        the nearest of all are apart, as a share of their mean: near 0 nothing
        is told apart any more.

        Args:
            video (Tensor): Embeddings ``(N, D)``.
            audio (Tensor): Embeddings ``(N, D)``.
            target (Tensor): 1 for pairs in sync, else 0, ``(N, )``. On the
                CPU, so that choosing pairs does not wait for the device.
        """
        distance = self(video, audio)
        losses = dict(loss=self.loss_module(distance, target))
        for name, picked in (('positive', 1), ('negative', 0)):
            chosen = (target == picked).nonzero()[:, 0]
            if len(chosen):
                chosen = chosen.to(distance.device, non_blocking=True)
                losses[f'distance_{name}'] = distance.detach()[chosen].mean()
        low, high = distance.detach().aminmax()
        mean = distance.detach().mean().clamp(min=1e-12)
        losses['distance_spread'] = (high - low) / mean
        return losses

    def predict(
        self, video: torch.Tensor, audio: torch.Tensor
    ) -> torch.Tensor:
        """Distances ``(N, )``: the smaller, the more in sync."""
        return self(video, audio)
