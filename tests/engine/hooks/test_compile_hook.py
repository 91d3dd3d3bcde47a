"""Compiled towers give what they gave, under the same names."""

from types import SimpleNamespace

import torch
from mmaction.registry import HOOKS, MODELS

from avts_mm.engine import CompileHook

TOWERS = dict(
    type='AVTS',
    video_backbone=dict(type='MC3', base_channels=2, channels_last=True),
    audio_backbone=dict(type='AudioVGG', channels=(2, 2, 4, 4, 4)),
    video_neck=dict(type='ProjectionNeck', in_channels=16, out_channels=4),
    audio_neck=dict(
        type='ProjectionNeck', in_channels=4, out_channels=4, time_dim=3
    ),
    head=dict(type='AVContrastiveHead'),
)


def gradients(model):
    video = torch.randn(
        2, 3, 3, 16, 16, generator=torch.Generator().manual_seed(0)
    )
    audio = torch.randn(
        2, 1, 40, 21, generator=torch.Generator().manual_seed(1)
    )
    model.zero_grad()
    losses = model(
        dict(video=video, audio=audio),
        [SimpleNamespace(gt_label=torch.tensor([i])) for i in (0, 1)],
        mode='loss',
    )
    losses['loss'].backward()
    return losses['loss'].detach(), [p.grad for p in model.parameters()]


def test_loss_and_gradients_stay_and_nothing_breaks_the_graph():
    torch.manual_seed(0)
    model = MODELS.build(TOWERS)
    expected = gradients(model)
    keys = list(model.state_dict())
    hook = HOOKS.build(
        dict(type='CompileHook', backend='aot_eager', fullgraph=True)
    )
    assert isinstance(hook, CompileHook)
    hook.before_train(SimpleNamespace(model=model))
    assert list(model.state_dict()) == keys
    torch.testing.assert_close(gradients(model), expected)
