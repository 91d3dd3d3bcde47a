"""Losses for the log, without waiting for the device at every step."""

import torch
from mmaction.registry import HOOKS
from mmengine.hooks import LoggerHook, RuntimeInfoHook


@HOOKS.register_module()
class DeferredInfoHook(RuntimeInfoHook):
    """mmengine's ``RuntimeInfoHook`` that asks for losses when they are read.

    mmengine fetches the value of every loss at every step, and the device
    has nothing to do until the next step has been prepared. Here values stay
    on the device until ``LoggerHook`` is about to log or a checkpoint is
    saved, and are fetched together. What is logged is the same.

    mmengine also keeps a million values of everything it logs, and copies all
    of them for each new one: milliseconds of every step once there have been
    some hundred thousand. Here it keeps the latest only.

    Args:
        keep (int): Values kept of whatever is logged, also in checkpoints;
            no window of the log can be longer. Defaults to 10000.
    """

    def __init__(self, keep: int = 10_000) -> None:
        if keep < 1:
            raise ValueError(f'keep must be positive, not {keep}')
        self.keep = keep
        self._waiting: list[dict[str, torch.Tensor | float]] = []

    def after_train_iter(
        self, runner, batch_idx, data_batch=None, outputs=None
    ) -> None:
        """Keep the losses of a step; fetch them if they are to be logged."""
        if outputs is not None:
            self._waiting.append(
                {
                    name: value.detach()
                    if isinstance(value, torch.Tensor)
                    else value
                    for name, value in outputs.items()
                }
            )
        intervals = [
            hook.interval
            for hook in runner.hooks
            if isinstance(hook, LoggerHook)
        ]
        if self.end_of_epoch(runner.train_dataloader, batch_idx) or any(
            self.every_n_inner_iters(batch_idx, n) for n in intervals
        ):
            self.fetch(runner)

    def after_train_epoch(self, runner) -> None:
        """Leave nothing to the next epoch."""
        self.fetch(runner)

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Save the losses of all steps so far."""
        self.fetch(runner)
        if 'message_hub' in checkpoint:
            checkpoint['message_hub'] = runner.message_hub.state_dict()

    def fetch(self, runner) -> None:
        """Hand all waiting losses to the message hub, in their order."""
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
                runner.message_hub.update_scalar(f'train/{name}', value)
        self._waiting.clear()
        for buffer in runner.message_hub.log_scalars.values():
            buffer.max_length = self.keep
