"""``init_cfg=dict(type='PretrainedTower')`` ends with the file's values."""

import pytest
import torch
import torch.nn as nn
from mmaction.registry import MODELS
from mmcv.cnn import ConvModule
from mmengine.model import BaseModule
from mmengine.registry import DefaultScope

from avts_mm.models import MC3


def filled(module):
    generator = torch.Generator().manual_seed(0)
    return {
        k: torch.rand(v.shape, generator=generator) if v.ndim else v + 7
        for k, v in module.state_dict().items()
    }


@pytest.fixture
def checkpoint(tmp_path):
    state = filled(MC3(base_channels=4))
    path = tmp_path / 'avts.pth'
    weights = {f'video_backbone.{k}': v for k, v in state.items()}
    torch.save(dict(state_dict=weights, meta={}), path)
    return str(path), state


def recognizer(init_cfg):
    config = dict(
        type='Recognizer3D',
        backbone=dict(type='MC3', base_channels=4, init_cfg=init_cfg),
        cls_head=dict(type='I3DHead', num_classes=5, in_channels=32),
    )
    with DefaultScope.overwrite_default_scope('mmaction'):
        return MODELS.build(config)


def test_every_tensor_ends_as_in_the_file(checkpoint):
    path, state = checkpoint
    model = recognizer(dict(type='PretrainedTower', checkpoint=path))
    model.init_weights()
    loaded = model.backbone.state_dict()
    assert all(torch.equal(loaded[k], state[k]) for k in loaded)
    # The classifier is drawn as ever.
    assert 0.005 < model.cls_head.fc_cls.weight.std() < 0.02


def test_the_order_of_the_list_does_not_matter(checkpoint):
    path, state = checkpoint
    pretrained = dict(type='PretrainedTower', checkpoint=path)
    kaiming = dict(type='Kaiming', layer='Conv3d')
    for init_cfg in ([kaiming, pretrained], [pretrained, kaiming]):
        model = recognizer(init_cfg)
        model.init_weights()
        loaded = model.backbone.state_dict()
        assert all(torch.equal(loaded[k], state[k]) for k in loaded)


class Net(BaseModule):
    """Children that initialise themselves, as in many networks."""

    def __init__(self, init_cfg=None):
        super().__init__(init_cfg)
        self.conv = ConvModule(1, 2, 3, norm_cfg=dict(type='BN'))
        self.more = nn.ModuleList([Inner()])
        self.inner = Inner()


class Inner(BaseModule):
    def __init__(self):
        super().__init__(dict(type='Constant', layer='Linear', val=3))
        self.fc = nn.Linear(2, 2)


def test_children_do_not_initialise_themselves_afterwards():
    state = filled(Net())
    net = Net(dict(type='PretrainedTower', checkpoint=state))
    net.init_weights()
    assert all(torch.equal(v, state[k]) for k, v in net.state_dict().items())


def test_loading_nothing_is_an_error(tmp_path):
    path = tmp_path / 'other.pth'
    torch.save({'fc.weight': torch.ones(3, 3)}, path)
    model = recognizer(dict(type='PretrainedTower', checkpoint=str(path)))
    with pytest.raises(ValueError, match=r'other\.pth: nothing'):
        model.init_weights()
    model = recognizer(dict(type='PretrainedTower', checkpoint='none.pth'))
    with pytest.raises(FileNotFoundError, match=r'none\.pth'):
        model.init_weights()


def test_a_prefix_can_be_given(checkpoint):
    path, _ = checkpoint
    init_cfg = dict(
        type='PretrainedTower', checkpoint=path, prefix='backbone.'
    )
    with pytest.raises(ValueError, match=r"under 'backbone\.'"):
        recognizer(init_cfg).init_weights()
