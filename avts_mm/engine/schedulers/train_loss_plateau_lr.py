"""A learning rate that falls when the training loss stops falling."""

from mmaction.registry import PARAM_SCHEDULERS
from mmengine.optim import ReduceOnPlateauLR


@PARAM_SCHEDULERS.register_module()
class TrainLossPlateauLR(ReduceOnPlateauLR):
    """mmengine's ReduceOnPlateauLR on the training loss (paper, section 4).

    mmengine steps its own class with the results of a validation; this one is
    stepped by :class:`TrainLossPlateauHook`, which must be among the custom
    hooks, with the mean training loss of each epoch.

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

    # What training changes. The rest is the config's, which may change when a
    # run is resumed: mmengine would restore the old last epoch, too.
    STATE = (
        'best',
        'num_bad_epochs',
        'cooldown_counter',
        'last_step',
        'losses_seen',
        '_global_step',
        '_last_value',
    )

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
                "dict(type='TrainLossPlateauHook') to custom_hooks"
            )
        super().step(metrics)

    def load_state_dict(self, state_dict: dict) -> None:
        """Restore what training changed; settings stay those of the config."""
        state = {k: v for k, v in state_dict.items() if k in self.STATE}
        super().load_state_dict(state)
