"""torch.compile for parts of a model, from the config."""

from collections.abc import Sequence

from mmaction.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.model import is_model_wrapper


@HOOKS.register_module()
class CompileHook(Hook):
    """Compile the towers, and leave the rest of the step as it is.

    mmengine's own key ``compile`` compiles the whole ``train_step``, which
    breaks at data samples, logging and the optimiser's counters and is
    compiled anew when they change. The towers are where the time goes, and
    each is one graph. Names and values of weights stay, so checkpoints are
    not affected, and validation uses the same compiled towers.

    Args:
        modules (Sequence[str]): Dotted names of the parts; names that the
            model does not have are an error.
            Defaults to ``('video_backbone', 'audio_backbone')``; a
            recognizer has a ``backbone``.
        **options: Of ``torch.compile``, e.g. ``mode='max-autotune'``,
            ``dynamic=False`` or ``backend='eager'``.

    Raises:
        ValueError: Before the first step; the model lacks a part.
    """

    def __init__(
        self,
        modules: Sequence[str] = ('video_backbone', 'audio_backbone'),
        **options,
    ) -> None:
        self.modules = tuple(modules)
        self.options = options

    def before_train(self, runner) -> None:
        """Compile; the first step then takes its time."""
        model = runner.model
        model = model.module if is_model_wrapper(model) else model
        for name in self.modules:
            try:
                part = model.get_submodule(name)
            except AttributeError:
                names = ', '.join(n for n, _ in model.named_children())
                raise ValueError(
                    f'CompileHook: {type(model).__name__} has no {name!r}; '
                    f'it has {names}'
                ) from None
            part.compile(**self.options)
        print_log(
            f'Compiled when first used: {", ".join(self.modules)}',
            logger='current',
        )
