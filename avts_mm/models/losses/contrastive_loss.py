"""The contrastive loss on the distance of two embeddings."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from mmaction.registry import MODELS


def embedding_distance(
    video: torch.Tensor, audio: torch.Tensor, scale_by_dim: bool = False
) -> torch.Tensor:
    """Euclidean distance of paired embeddings.

    The gradient is zero, not NaN, where the two are equal.

    Args:
        video (Tensor): Embeddings ``(..., D)``.
        audio (Tensor): Embeddings ``(..., D)``.
        scale_by_dim (bool): Divide the distance by the square root of D, so
            that it does not grow with the size of the embedding.

    Returns:
        Tensor: Distances ``(...)``.
    """
    squared = (video - audio).square()
    squared = squared.mean(-1) if scale_by_dim else squared.sum(-1)
    return root(squared)


def root(squared: torch.Tensor) -> torch.Tensor:
    """The square root, with a gradient of zero at 0."""
    # sqrt has an infinite slope at 0; there the constant 1 stands in. NaN
    # must stay NaN.
    apart = squared != 0
    result = torch.where(apart, squared, torch.ones_like(squared)).sqrt()
    return torch.where(apart, result, torch.zeros_like(result))


@MODELS.register_module()
class ContrastiveLoss(nn.Module):
    r"""Pull pairs in sync together, push the others a margin apart.

    .. math::
        E = \frac{1}{N} \sum_n y_n d_n^2 + (1 - y_n) \max(\eta - d_n, 0)^2

    AVTS, section 3.1; the hinge is on the distance, not on its square.

    Args:
        margin (float): The margin :math:`\eta`. Defaults to 0.99.

    Example:
        >>> loss = ContrastiveLoss()
        >>> loss(torch.tensor([0.2, 0.5]), torch.tensor([1, 0]))
        tensor(0.1400)
    """

    def __init__(self, margin: float = 0.99) -> None:
        super().__init__()
        if margin <= 0:
            raise ValueError(f'margin must be positive, not {margin}')
        self.margin = margin

    def forward(
        self,
        distance: torch.Tensor,
        target: torch.Tensor,
        weight: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Compute the mean loss.

        Args:
            distance (Tensor): Distances ``(N, )``, or a table of them, at
                least 0.
            target (Tensor): 1 for pairs in sync, else 0.
            weight (Tensor, optional): Factors of the pairs' losses before
                the mean.

        Returns:
            Tensor: The scalar loss.
        """
        target = target.to(distance, non_blocking=True)
        together = distance.square()
        apart = F.relu(self.margin - distance).square()
        loss = target * together + (1 - target) * apart
        return (loss if weight is None else weight * loss).mean()

    def apart(self, distance: torch.Tensor, own: torch.Tensor) -> torch.Tensor:
        """The loss on negatives ``(N, M)`` of N clips alone; the distances of
        their own sounds, ``(N, )``, are in the other."""
        return self(distance, torch.zeros_like(distance))
