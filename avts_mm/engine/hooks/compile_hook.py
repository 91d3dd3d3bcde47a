"""torch.compile for parts of a model, from the config."""

from mmaction.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.logging import print_log

from .health_hook import TOWERS
from .safe_checkpoint_hook import bare


@HOOKS.register_module()
class CompileHook(Hook):
    """Compile the towers, and leave the rest of the step as it is.

    mmengine's own key ``compile`` compiles the whole ``train_step``, which
    breaks at data samples, logging and the optimiser's counters and is
    compiled anew when they change. The towers are where the time goes, and
    each is one graph. Names and values of weights stay, so checkpoints are
    not affected, and validation uses the same compiled towers.

    Args:
        **options: Of ``torch.compile``, e.g. ``mode='max-autotune'``,
            ``dynamic=False`` or ``backend='eager'``.
    """

    def __init__(self, **options) -> None:
        self.options = options

    def before_train(self, runner) -> None:
        """Compile; the first step then takes its time."""
        model = bare(runner.model)
        names = [name for name in TOWERS if hasattr(model, name)]
        for name in names:
            getattr(model, name).compile(**self.options)
        print_log(
            f'Compiled when first used: {", ".join(names) or "nothing"}',
            logger='current',
        )
