"""Hooks that a config leaves out by their name."""

import torch
from mmengine.runner import Runner
from torch import nn
from torch.utils.data import DataLoader

from avts_mm.compat import allow_absent_hooks


def test_none_leaves_a_hook_out(tmp_path):
    register = Runner.register_default_hooks
    allow_absent_hooks()  # once is enough
    assert Runner.register_default_hooks is register
    runner = Runner(
        nn.Linear(1, 1),
        str(tmp_path),
        DataLoader([torch.zeros(1)]),
        train_cfg=dict(by_epoch=True, max_epochs=1),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=1)),
        default_hooks=dict(
            logger=None, curriculum=None, empty=dict(type='EmptyCacheHook')
        ),
        default_scope='mmaction',
        experiment_name=tmp_path.name,
    )
    names = [type(hook).__name__ for hook in runner.hooks]
    assert 'LoggerHook' not in names and 'EmptyCacheHook' in names
