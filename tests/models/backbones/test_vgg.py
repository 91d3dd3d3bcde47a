"""The audio tower and the towers of L3-Net: shapes, names and freezing."""

import pytest
import torch
import torch.nn as nn

from avts_mm.models import L3VGG, AudioVGG

AUDIO = dict(channels=(2, 4, 8, 16, 16))
L3 = dict(channels=(2, 4, 8, 16))


@pytest.mark.parametrize('frames', [1, 7, 101, 500])
def test_any_clip_length_passes(frames):
    out = AudioVGG(**AUDIO).eval()(torch.randn(2, 1, 40, frames))
    assert out.shape == (2, 16, 3, -(-frames // 16))


def test_pooling_table_is_obeyed():
    model = AudioVGG(**AUDIO, pools=((2, 1), (2, 1), (2, 1), (2, 1)))
    assert model(torch.randn(2, 1, 40, 33)).shape == (2, 16, 3, 33)


def test_names_of_the_weights():
    """Those of published checkpoints, which begin with a layer or a pool."""
    audio = AudioVGG(num_convs=(1, 1, 2, 2, 2)).state_dict()
    assert 'conv_1.1.conv.weight' in audio and 'conv_5.2.bn.bias' in audio
    assert audio['conv_4.2.conv.weight'].shape == (512, 512, 3, 3)
    l3 = L3VGG().state_dict()
    assert 'conv_1.0.conv.weight' in l3 and 'conv_4.2.bn.bias' in l3


def test_the_papers_table_of_l3net():
    model = L3VGG()
    assert model(torch.rand(1, 3, 1, 224, 224)).shape == (1, 512, 28, 28)
    convs = [m for m in model.modules() if isinstance(m, nn.Conv2d)]
    assert [(c.out_channels, c.kernel_size, c.stride) for c in convs] == [
        (channels, (3, 3), (1, 1))
        for channels in (64, 64, 128, 128, 256, 256, 512, 512)
    ]
    norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
    assert [n.num_features for n in norms] == [c.out_channels for c in convs]


def test_l3net_sees_spectrograms_of_any_length():
    model = L3VGG(in_channels=1, **L3).eval()
    assert model(torch.rand(2, 1, 257, 201)).shape == (2, 16, 32, 25)
    assert model(torch.rand(2, 1, 40, 500)).shape == (2, 16, 5, 62)


def test_l3net_sees_one_picture():
    model = L3VGG(**L3).eval()
    picture = torch.rand(2, 3, 16, 24)
    assert torch.equal(model(picture.unsqueeze(2)), model(picture))
    with pytest.raises(ValueError, match='num_frames=1'):
        model(torch.rand(1, 3, 2, 16, 16))


@pytest.mark.parametrize(
    'kind, small, x',
    [
        (AudioVGG, AUDIO, torch.randn(2, 1, 40, 50)),
        (L3VGG, L3, torch.rand(2, 3, 16, 16)),
    ],
)
def test_frozen_stages_and_norm_eval(kind, small, x):
    model = kind(**small, frozen_stages=2, norm_eval=True)
    model.train()
    model(x).sum().backward()
    frozen = model.conv_2[1].conv.weight
    assert frozen.grad is None and not frozen.requires_grad
    assert model.conv_3[1].conv.weight.grad is not None
    assert not model.conv_4[1].bn.running_mean.any()


@pytest.mark.parametrize(
    'kind, wrong, words',
    [
        (AudioVGG, dict(channels=(1, 2)), 'AudioVGG has 5 stages'),
        (AudioVGG, dict(frozen_stages=6), 'frozen_stages'),
        (L3VGG, dict(channels=(1, 2)), 'L3VGG has 4 stages'),
    ],
)
def test_bad_arguments_are_named(kind, wrong, words):
    with pytest.raises(ValueError, match=words):
        kind(**wrong)
