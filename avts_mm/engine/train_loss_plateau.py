"""A learning rate that falls when the training loss stops falling."""

from mmaction.registry import HOOKS, PARAM_SCHEDULERS
from mmengine.hooks import Hook
from mmengine.optim import ReduceOnPlateauLR

from .hooks.deferred_info_hook import mean_loss


@PARAM_SCHEDULERS.register_module()
class TrainLossPlateauLR(ReduceOnPlateauLR):
    """mmengine's ReduceOnPlateauLR on the training loss (paper, section 4).

    mmengine steps its own class with the results of a validation; this one is
    stepped by :class:`TrainLossPlateauHook`, which the config must have, with
    the mean training loss of each epoch.

    Args:
        optimizer (Optimizer or OptimWrapper): Given by the Runner.
        factor (float): Of each reduction. Defaults to 0.1.
        patience (int): Epochs in a row without decrease that are put up with.
            Defaults to 5: the rate falls after *more than* five.
        threshold (float): By how much, relative to the least loss so far, a
            loss must be lower to count as decreased. Defaults to 0.
        **kwargs: ``cooldown``, ``min_value``, ``begin``, ``end`` and others
            of ReduceOnPlateauLR.
    """

    # So that mmengine's hook does not step it with validation results.
    need_val_args = False

    def __init__(
        self,
        optimizer,
        factor: float = 0.1,
        patience: int = 5,
        threshold: float = 0.0,
        **kwargs,
    ) -> None:
        super().__init__(
            optimizer,
            monitor='loss',
            rule='less',
            factor=factor,
            patience=patience,
            threshold=threshold,
            **kwargs,
        )
        self.losses_seen = 0

    def step(self, metrics: dict | None = None) -> None:
        """Judge an epoch by its loss or, without, count it; in this order.

        Args:
            metrics (dict, optional): ``dict(loss=mean of the epoch)``.

        Raises:
            RuntimeError: Nobody told the loss of the epoch.
        """
        if metrics is not None:
            self.losses_seen += 1
        elif self.losses_seen <= self._global_step:
            raise RuntimeError(
                'TrainLossPlateauLR was not told the training loss; add '
                "default_hooks=dict(plateau=dict(type='TrainLossPlateauHook'))"
            )
        super().step(metrics)

    def load_state_dict(self, state_dict: dict) -> None:
        """Restore all but the last epoch, which a resumed run may change."""
        state = {k: v for k, v in state_dict.items() if k != 'end'}
        super().load_state_dict(state)


@HOOKS.register_module()
class TrainLossPlateauHook(Hook):
    """Step :class:`TrainLossPlateauLR` with the training loss of the epoch.

    The loss is the mean over all iterations of the epoch and all ranks. The
    state (least loss, epochs waited) is the scheduler's, which mmengine saves
    and restores.
    """

    # Before ParamSchedulerHook (LOW) counts the epoch, and before
    # CheckpointHook (VERY_LOW) saves what came of it.
    priority = 'BELOW_NORMAL'

    def after_train_epoch(self, runner) -> None:
        """Step the schedulers that want the training loss."""
        loss = mean_loss(runner)
        for scheduler in runner.param_schedulers or ():
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
