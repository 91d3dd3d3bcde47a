"""``load_from`` a checkpoint of another model that shares a tower."""

import torch.nn as nn
from mmaction.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.model import is_model_wrapper
from mmengine.runner import BaseLoop

from ...weights import (
    CheckpointError,
    find_tower,
    load_state_dict,
    state_dict_of,
)
from ...weights.towers import check_match, describe


@HOOKS.register_module()
class TowerLoadingHook(Hook):
    """Pick this model's tower out of whatever checkpoint is loaded.

    A checkpoint that holds the tower under this model's own keys (one to
    resume, to test, or to finetune further) passes as it is. From any other
    the tower is taken, e.g. ``video_backbone.*`` of AVTS for the
    ``backbone.*`` of a recognizer, and nothing else.

    Args:
        tower (str): The tower's dotted name in this model.
            Defaults to ``'backbone'``.
        required (bool): Whether a checkpoint without the tower is an error;
            if False it is left to mmengine. Defaults to True.

    Raises:
        CheckpointError: When a checkpoint is loaded that has no such tower or
            one of other shapes, or one of another model is to be resumed or
            tested.
        ValueError: The model has no such tower.
    """

    # Before EMAHook copies what was loaded.
    priority = 'VERY_HIGH'

    def __init__(self, tower: str = 'backbone', required: bool = True) -> None:
        self.tower = tower
        self.required = required

    def before_run(self, runner) -> None:
        """Find fault with what mmengine cannot read before it tries."""
        path = str(getattr(runner, '_load_from', None) or '')
        if path.endswith('.safetensors'):
            raise CheckpointError(
                f'{path}: load_from reads .pth files; use '
                "backbone=dict(init_cfg=dict(type='PretrainedTower', "
                f'checkpoint={path!r}))'
            )
        if path and '://' not in path:
            # Says in a sentence what is wrong with a file.
            load_state_dict(path)

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Put the tower where this model has it, in place."""
        model = runner.model
        if is_model_wrapper(model):
            model = model.module
        tower = self._module(model)
        name = f'{type(tower).__name__} ({self.tower})'
        source = str(getattr(runner, '_load_from', None) or 'the checkpoint')
        state = state_dict_of(checkpoint, source)
        match = find_tower(state, tower, self.tower)
        if match.complete:
            if state.keys() != checkpoint.get('state_dict', {}).keys():
                _replace(checkpoint, state)
            print_log(describe(match, name, source), logger='current')
            return
        if runner._resume:
            raise CheckpointError(
                f'{source}: cannot be resumed, since it is no checkpoint of '
                f'this model ({self.tower} is missing or differs); start '
                'from it with load_from and without resume'
            )
        try:
            match = find_tower(state, tower)
            check_match(match, state, name, source)
        except ValueError:
            if self.required:
                raise
            return
        rest = [
            key
            for key, _ in model.named_parameters()
            if not key.startswith(f'{self.tower}.')
        ]
        # Runner.train builds its loop before it loads anything.
        if rest and not isinstance(runner._train_loop, BaseLoop):
            raise CheckpointError(
                f'{source}: holds the {self.tower} alone, and a test would '
                f'leave {rest[0]} and others at random; finetune first, or '
                'give a finetuned checkpoint'
            )
        found = match.state_dict.items()
        _replace(checkpoint, {f'{self.tower}.{k}': v for k, v in found})
        # Averages of another model's weights would be taken for this one's.
        checkpoint.pop('ema_state_dict', None)
        print_log(describe(match, name, source), logger='current')

    def _module(self, model: nn.Module) -> nn.Module:
        try:
            return model.get_submodule(self.tower)
        except AttributeError:
            names = ', '.join(name for name, _ in model.named_children())
            raise ValueError(
                f'TowerLoadingHook: {type(model).__name__} has no '
                f'{self.tower!r}; it has {names}'
            ) from None


def _replace(checkpoint: dict, state: dict) -> None:
    """Make these the weights of a checkpoint; a bare one gets a nest."""
    if 'state_dict' not in checkpoint:
        checkpoint.clear()
    checkpoint['state_dict'] = state
