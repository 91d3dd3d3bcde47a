"""Binary cross-entropy on the cosine of two embeddings."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from mmaction.registry import MODELS


@MODELS.register_module()
class CosineBCELoss(nn.Module):
    r"""Take the cosine for a probability, as many sync losses do.

    .. math::
        E = -\frac{1}{N} \sum_n y_n \log p_n + (1 - y_n) \log (1 - p_n),
        \quad p_n = \frac{1 + \cos_n}{2} = 1 - \frac{d_n^2}{4}

    For embeddings of length 1 (``normalize=True`` of the head). Where nothing
    is told apart it is :math:`\log 2 = 0.69`.
    """

    def forward(
        self,
        distance: torch.Tensor,
        target: torch.Tensor,
        weight: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Compute the mean loss; arguments as of `ContrastiveLoss`."""
        target = target.to(distance, non_blocking=True)
        probability = (1 - distance.square() / 4).clamp(0, 1)
        return F.binary_cross_entropy(probability, target, weight)

    def apart(self, distance: torch.Tensor, own: torch.Tensor) -> torch.Tensor:
        """The loss on negatives alone; see `ContrastiveLoss.apart`."""
        return self(distance, torch.zeros_like(distance))
