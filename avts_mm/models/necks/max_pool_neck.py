"""From the features of a tower to one vector, without parameters."""

import torch
from mmaction.registry import MODELS
from mmengine.model import BaseModule


@MODELS.register_module()
class MaxPoolNeck(BaseModule):
    """The largest value of each channel, as L3-Net pools its last block."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map features ``(N, C, ...)`` to vectors ``(N, C)``."""
        return x.flatten(2).amax(2).float()
