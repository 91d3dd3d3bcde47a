"""Symmetric InfoNCE on a table of distances."""

import math

import torch
import torch.nn as nn
from mmaction.registry import MODELS


@MODELS.register_module()
class InfoNCELoss(nn.Module):
    r"""Each clip is to find its own sound among all, and each sound its clip.

    .. math::
        E = -\frac{1}{2N} \sum_i
            \log \frac{e^{s_{ii}}}{e^{s_{ii}} + \sum_j w_{ij} e^{s_{ij}}}
            + \text{the same of the columns},
        \quad s_{ij} = -\frac{d_{ij}^2}{2 \tau}

    Of embeddings of length 1 that is the usual form, :math:`s` being their
    cosine over :math:`\tau` but for a constant (van den Oord et al., 2018;
    symmetric and with a learned temperature as in CLIP, Radford et al.,
    2021).

    Args:
        temperature (float): The temperature :math:`\tau`. Defaults to 0.1.
        learned (bool): Learn it from there, down to 0.01.
            Defaults to False.
    """

    least = 0.01  # CLIP's bound: beyond it training becomes unstable

    def __init__(
        self,
        temperature: float = 0.1,
        learned: bool = False,
    ) -> None:
        super().__init__()
        if temperature < self.least:
            raise ValueError(
                f'temperature must be at least {self.least}, not {temperature}'
            )
        self.log_temperature = nn.Parameter(
            torch.tensor(math.log(temperature)), requires_grad=learned
        )

    @property
    def temperature(self) -> torch.Tensor:
        """The temperature of now."""
        return self.log_temperature.exp().clamp(min=self.least)

    def forward(
        self,
        distance: torch.Tensor,
        target: torch.Tensor,
        weight: torch.Tensor,
    ) -> torch.Tensor:
        """Compute the loss.

        Args:
            distance (Tensor): Distances ``(N, N)`` of all clips and sounds.
            target (Tensor): 1 for those in sync, the diagonal, else 0.
            weight (Tensor): What each negative counts, ``(N, N)``; 0 leaves
                it out. The weights of a row (or column) matter relatively to
                each other: as a whole they count as many as they are.

        Returns:
            Tensor: The scalar loss.
        """
        scores = self._scores(distance)
        negative = torch.where(target == 1, 0, weight)
        # Weighted before the sum over the negatives, which are scaled so that
        # they count as many as they are.
        loss = scores.new_zeros(())
        for table, weights in ((scores, negative), (scores.T, negative.T)):
            count = (weights > 0).sum(1, keepdim=True)
            total = weights.sum(1, keepdim=True).clamp(min=1e-12)
            others = table + (weights * count / total).log()
            loss = loss + _cross_entropy(table.diagonal(), others) / 2
        return loss

    def apart(self, distance: torch.Tensor, own: torch.Tensor) -> torch.Tensor:
        """The loss on N clips whose own sounds, at distances ``(N, )``, are
        to be found among negatives at distances ``(N, M)``."""
        return _cross_entropy(self._scores(own), self._scores(distance))

    def _scores(self, distance: torch.Tensor) -> torch.Tensor:
        return -distance.square() / (2 * self.temperature)


def _cross_entropy(own: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
    every = torch.cat((own[:, None], others), dim=1)
    return (every.logsumexp(1) - own).mean()
