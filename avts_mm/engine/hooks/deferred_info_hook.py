"""Losses for the log, without waiting for the device at every step."""

import torch
from mmaction.registry import HOOKS
from mmengine.dist import all_reduce
from mmengine.hooks import LoggerHook, RuntimeInfoHook

# In the message hub, hence in checkpoints; each rank has its own.
EPOCH_LOSS = 'epoch_loss'
# Values kept of whatever is logged; mmengine keeps a million and copies all
# of them for each new one, milliseconds of every step of a long training.
KEEP = 10_000


@HOOKS.register_module()
class DeferredInfoHook(RuntimeInfoHook):
    """mmengine's ``RuntimeInfoHook`` that asks for losses when they are read.

    mmengine fetches the value of every loss at every step, and the device
    has nothing to do until the next step has been prepared. Here values stay
    on the device until ``LoggerHook`` is about to log, a checkpoint is saved
    or :func:`fetch_losses` is called, and are fetched together. What is
    logged is the same.

    Sums up the loss of the epoch as well, for :func:`mean_loss`.
    """

    def __init__(self) -> None:
        self._waiting: list[dict[str, torch.Tensor | float]] = []

    def before_train_epoch(self, runner) -> None:
        """Begin a sum of losses, or go on with that of a resumed epoch."""
        super().before_train_epoch(runner)
        saved = runner.message_hub.get_info(EPOCH_LOSS)
        if saved is None or saved['epoch'] != runner.epoch:
            saved = dict(epoch=runner.epoch, total=0.0, count=0)
            runner.message_hub.update_info(EPOCH_LOSS, saved)

    def after_train_iter(
        self, runner, batch_idx, data_batch=None, outputs=None
    ) -> None:
        """Keep the losses of a step; fetch them if they are to be logged."""
        self._waiting.append(
            {
                name: value.detach()
                if isinstance(value, torch.Tensor)
                else value
                for name, value in (outputs or {}).items()
            }
        )
        if self.end_of_epoch(runner.train_dataloader, batch_idx) or any(
            self.every_n_inner_iters(batch_idx, hook.interval)
            for hook in runner.hooks
            if isinstance(hook, LoggerHook)
        ):
            self.fetch(runner)

    def after_train_epoch(self, runner) -> None:
        """Leave nothing to the next epoch, and take the mean of this one."""
        self.fetch(runner)
        state = runner.message_hub.runtime_info[EPOCH_LOSS]
        both = torch.tensor(
            [state['total'], state['count']], dtype=torch.float64
        )
        all_reduce(both, 'sum')
        total, count = both.tolist()
        state['mean'] = total / count if count else float('nan')

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Save the losses of all steps so far."""
        self.fetch(runner)
        if 'message_hub' in checkpoint:
            checkpoint['message_hub'] = runner.message_hub.state_dict()

    def fetch(self, runner) -> None:
        """Hand all waiting losses to the message hub, in their order."""
        hub = runner.message_hub
        tensors = [
            value.double().reshape(())
            for losses in self._waiting
            for value in losses.values()
            if isinstance(value, torch.Tensor)
        ]
        values = iter(torch.stack(tensors).tolist() if tensors else ())
        for losses in self._waiting:
            for name, value in losses.items():
                if isinstance(value, torch.Tensor):
                    value = next(values)
                hub.update_scalar(f'train/{name}', value)
                if name == 'loss':
                    hub.runtime_info[EPOCH_LOSS]['total'] += value
                    hub.runtime_info[EPOCH_LOSS]['count'] += 1
        self._waiting.clear()
        for buffer in hub.log_scalars.values():
            buffer.max_length = KEEP


def fetch_losses(runner) -> None:
    """See to it that the message hub has the losses of all steps."""
    for hook in runner.hooks:
        if isinstance(hook, DeferredInfoHook):
            hook.fetch(runner)


def mean_loss(runner) -> float:
    """The mean loss of the epoch that has ended, over all ranks.

    Raises:
        RuntimeError: Nobody has summed it up.
    """
    state = runner.message_hub.get_info(EPOCH_LOSS)
    if state is None:
        raise RuntimeError(
            'the mean training loss needs '
            "default_hooks=dict(runtime_info=dict(type='DeferredInfoHook'))"
        )
    return state['mean']
