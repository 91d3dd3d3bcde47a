"""The mean of what a model logs, over an epoch and over ranks."""

import torch
from mmengine.dist import all_reduce


class EpochMean:
    """Mean of a scalar over the iterations of an epoch and over ranks.

    Sums stay on the device, so that adding does not wait for the step.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everything added."""
        self.total: torch.Tensor | None = None
        self.count = 0

    def add(self, value: torch.Tensor | float) -> None:
        """Add the value of an iteration."""
        value = torch.as_tensor(value).detach().double()
        self.total = value if self.total is None else self.total + value
        self.count += 1

    def result(self) -> float:
        """The mean; a collective call. NaN if nothing was added anywhere."""
        total = torch.zeros(()) if self.total is None else self.total
        both = torch.stack(
            [total.double().reshape(()), total.new_tensor(self.count).double()]
        )
        all_reduce(both, 'sum')
        total, count = both.tolist()
        return total / count if count else float('nan')
