"""Training in bfloat16, on a GPU or a CPU."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
import torch.nn as nn
from mmaction.registry import OPTIM_WRAPPERS
from mmengine.device import get_device
from mmengine.optim import OptimWrapper


@OPTIM_WRAPPERS.register_module()
class BFloat16OptimWrapper(OptimWrapper):
    """Autocast to bfloat16 around the forward pass.

    mmengine's ``AmpOptimWrapper`` refuses to start without a GPU. bfloat16
    has the exponent range of single precision, so there is no loss scaling.
    Arguments are those of ``OptimWrapper``.
    """

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Run the forward pass of ``model`` under autocast."""
        with (
            super().optim_context(model),
            torch.autocast(get_device(), torch.bfloat16),
        ):
            yield
