"""What backbones share: stages and statistics that training leaves alone."""

from collections.abc import Iterable

import torch.nn as nn
from mmengine.model import BaseModule
from mmengine.utils.dl_utils.parrots_wrapper import _BatchNorm


def fix_statistics(module: nn.Module) -> None:
    """Let batch normalisation inside use its running statistics."""
    for part in module.modules():
        if isinstance(part, _BatchNorm):
            part.eval()


def checked_init(init_cfg: dict | list | None) -> dict | list | None:
    """An ``init_cfg`` whose ``Pretrained`` misses nothing, and comes last.

    mmengine's is content when nothing in the file fits, so it becomes
    ``PretrainedTower``.
    """
    if isinstance(init_cfg, list):
        # What is loaded comes last, whatever else is initialised.
        init_cfg = sorted(
            init_cfg, key=lambda cfg: 'Pretrained' in str(cfg['type'])
        )
        return [checked_init(cfg) for cfg in init_cfg]
    if init_cfg and init_cfg.get('type') == 'Pretrained':
        known = ('checkpoint', 'prefix')
        tower = {key: init_cfg[key] for key in known if key in init_cfg}
        return dict(tower, type='PretrainedTower')
    return init_cfg


class FreezableBackbone(BaseModule):
    """A backbone whose leading stages can be frozen.

    Args:
        frozen_stages (int): Leading stages without gradient and with fixed
            statistics; the backbone says how they are counted.
        norm_eval (bool): Keep all batch statistics fixed in training.
        init_cfg (dict, optional): Initialisation; see :func:`checked_init`.
    """

    def __init__(
        self,
        frozen_stages: int,
        norm_eval: bool,
        init_cfg: dict | list | None,
    ) -> None:
        super().__init__(init_cfg=checked_init(init_cfg))
        self.frozen_stages = frozen_stages
        self.norm_eval = norm_eval

    def frozen(self) -> Iterable[nn.Module]:
        """The stages that ``frozen_stages`` stands for."""
        raise NotImplementedError

    def freeze(self) -> None:
        """Freeze them; to be called when they have been made."""
        for stage in self.frozen():
            stage.eval()
            stage.requires_grad_(False)

    def train(self, mode: bool = True) -> 'FreezableBackbone':
        """Set the mode, keeping frozen statistics as they are."""
        super().train(mode)
        if mode:
            self.freeze()
            if self.norm_eval:
                fix_statistics(self)
        return self
