"""A tower's pretrained weights as an ``init_cfg``."""

import torch.nn as nn
from mmengine.model import update_init_info
from mmengine.registry import WEIGHT_INITIALIZERS

from .towers import load_tower


@WEIGHT_INITIALIZERS.register_module()
class PretrainedTower:
    """Initialise a backbone from wherever a checkpoint has it.

    mmengine's ``Pretrained`` needs the right prefix and is content when
    nothing matches; this one finds the prefix, says how many tensors it
    loaded, and stops when any is missing.

    Args:
        checkpoint (str): A file, or an ``https://`` address.
        prefix (str, optional): Where the tower is; found if None.
        allow_missing (bool): Whether some tensors may be missing.
            Defaults to False.

    Example:
        >>> backbone = dict(
        ...     type='MC3',
        ...     init_cfg=dict(type='PretrainedTower', checkpoint='avts.pth'),
        ... )
    """

    def __init__(
        self,
        checkpoint: str,
        prefix: str | None = None,
        allow_missing: bool = False,
    ) -> None:
        self.checkpoint = checkpoint
        self.prefix = prefix
        self.allow_missing = allow_missing

    def __call__(self, module: nn.Module) -> None:
        load_tower(module, self.checkpoint, self.prefix, self.allow_missing)
        # mmengine initialises the children after this (it spares them for
        # its own Pretrained alone): tell it that they have been.
        for child in module.modules():
            if child is not module and hasattr(child, 'init_weights'):
                name = '_is_init' if hasattr(child, '_is_init') else 'is_init'
                setattr(child, name, True)
        if hasattr(module, '_params_init_info'):
            update_init_info(
                module, f'PretrainedTower: load from {self.checkpoint}'
            )
