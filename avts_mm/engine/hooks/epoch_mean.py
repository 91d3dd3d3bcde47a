"""The mean of what a model logs, over an epoch and over ranks."""

import torch
from mmengine.dist import all_reduce

# In the message hub, hence in checkpoints; each rank has its own.
PREFIX = 'epoch_mean/'


class EpochMean:
    """Mean of a scalar over the iterations of an epoch and over ranks.

    Sums stay on the device, so that adding does not wait for the step, and in
    the message hub, so that an epoch can be gone on with.

    Args:
        name (str): Of the mean in the message hub.
    """

    def __init__(self, name: str) -> None:
        self.key = PREFIX + name
        self.state: dict = dict(epoch=-1, total=None, count=0)

    def begin(self, runner) -> None:
        """Begin the runner's present epoch, or go on with it if resumed."""
        saved = runner.message_hub.get_info(self.key)
        if saved is None or saved['epoch'] != runner.epoch:
            saved = dict(epoch=runner.epoch, total=None, count=0)
        self.state = saved
        runner.message_hub.update_info(self.key, saved)

    def add(self, value: torch.Tensor | float) -> None:
        """Add the value of an iteration."""
        value = torch.as_tensor(value).detach().double()
        total = self.state['total']
        self.state['total'] = value if total is None else total + value
        self.state['count'] += 1

    def result(self) -> float:
        """The mean; a collective call. NaN if nothing was added anywhere."""
        total, count = self.state['total'], self.state['count']
        total = torch.zeros(()) if total is None else total
        both = torch.stack(
            [total.double().reshape(()), total.new_tensor(count).double()]
        )
        all_reduce(both, 'sum')
        total, count = both.tolist()
        return total / count if count else float('nan')
