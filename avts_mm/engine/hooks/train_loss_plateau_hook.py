"""Tell the mean training loss of an epoch to who reduces the rate by it."""

from mmaction.registry import HOOKS
from mmengine.hooks import Hook

from ..schedulers import TrainLossPlateauLR
from .epoch_mean import EpochMean


@HOOKS.register_module()
class TrainLossPlateauHook(Hook):
    """Step :class:`TrainLossPlateauLR` with the training loss of the epoch.

    The loss is the mean over all iterations of the epoch and all ranks. The
    state (least loss, epochs waited) is the scheduler's, which mmengine saves
    and restores.

    Args:
        key (str): Which of the model's losses. Defaults to 'loss', the total.
    """

    # Before ParamSchedulerHook (LOW) counts the epoch, and before
    # CheckpointHook (VERY_LOW) saves what came of it.
    priority = 'BELOW_NORMAL'

    def __init__(self, key: str = 'loss') -> None:
        self.key = key
        self.mean = EpochMean('plateau')

    def before_train_epoch(self, runner) -> None:
        """Begin a new mean, or go on with a resumed one."""
        self.mean.begin(runner)

    def after_train_iter(
        self, runner, batch_idx, data_batch=None, outputs=None
    ) -> None:
        """Add the loss of an iteration.

        Raises:
            KeyError: The model gives no such loss.
        """
        if not outputs or self.key not in outputs:
            raise KeyError(
                f'TrainLossPlateauHook finds no {self.key!r} among what the '
                f'model logs: {list(outputs or ())}'
            )
        self.mean.add(outputs[self.key])

    def after_train_epoch(self, runner) -> None:
        """Step the schedulers that want the training loss."""
        loss = self.mean.result()
        schedulers = runner.param_schedulers or []
        if isinstance(schedulers, dict):
            schedulers = [s for part in schedulers.values() for s in part]
        for scheduler in schedulers:
            if not isinstance(scheduler, TrainLossPlateauLR):
                continue
            before = scheduler.optimizer.param_groups[0]['lr']
            scheduler.step(dict(loss=loss))
            after = scheduler.optimizer.param_groups[0]['lr']
            if after != before:
                runner.logger.info(
                    f'The training loss ({loss:.4f}) has not fallen for more '
                    f'than {scheduler.patience} epochs: learning rate '
                    f'{before:.3g} -> {after:.3g}'
                )
