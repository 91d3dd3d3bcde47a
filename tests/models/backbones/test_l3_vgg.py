"""The towers of L3-Net."""

import pytest
import torch
import torch.nn as nn

from avts_mm.models import L3VGG

SMALL = dict(channels=(2, 4, 8, 16))


def test_the_papers_table():
    model = L3VGG()
    assert model(torch.rand(1, 3, 1, 224, 224)).shape == (1, 512, 28, 28)
    convs = [m for m in model.modules() if isinstance(m, nn.Conv2d)]
    assert [(c.out_channels, c.kernel_size, c.stride) for c in convs] == [
        (channels, (3, 3), (1, 1))
        for channels in (64, 64, 128, 128, 256, 256, 512, 512)
    ]
    norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
    assert [n.num_features for n in norms] == [c.out_channels for c in convs]


def test_spectrograms_of_any_length():
    model = L3VGG(in_channels=1, **SMALL).eval()
    assert model(torch.rand(2, 1, 257, 201)).shape == (2, 16, 32, 25)
    assert model(torch.rand(2, 1, 40, 500)).shape == (2, 16, 5, 62)


def test_a_clip_of_one_picture_is_that_picture():
    model = L3VGG(**SMALL).eval()
    picture = torch.rand(2, 3, 16, 24)
    assert torch.equal(model(picture.unsqueeze(2)), model(picture))


def test_more_pictures_are_refused():
    with pytest.raises(ValueError, match='num_frames=1'):
        L3VGG(**SMALL)(torch.rand(1, 3, 2, 16, 16))


def test_blocks_by_name_and_by_index():
    torch.manual_seed(0)
    by_name = L3VGG(**SMALL, out_indices=('conv_1', 'conv_4')).eval()
    by_index = L3VGG(**SMALL, out_indices=(0, 3)).eval()
    by_index.load_state_dict(by_name.state_dict())
    x = torch.rand(1, 3, 16, 16)
    first, last = by_name(x)
    assert (first.shape, last.shape) == ((1, 2, 16, 16), (1, 16, 2, 2))
    for a, b in zip(by_name(x), by_index(x)):
        assert torch.equal(a, b)
    assert by_name.out_channels == (2, 16)


def test_frozen_stages_and_norm_eval():
    model = L3VGG(**SMALL, frozen_stages=2, norm_eval=True)
    model.train()
    model(torch.rand(2, 3, 16, 16)).sum().backward()
    assert model.conv_2[1].conv.weight.grad is None
    assert model.conv_3[1].conv.weight.grad is not None
    assert not model.conv_4[1].bn.running_mean.any()


@pytest.mark.parametrize(
    'kwargs, words',
    [
        (dict(out_indices=('conv_5',)), 'conv_5'),
        (dict(channels=(1, 2)), 'four blocks'),
        (dict(frozen_stages=5), 'frozen_stages'),
    ],
)
def test_bad_arguments_are_named(kwargs, words):
    with pytest.raises(ValueError, match=words):
        L3VGG(**kwargs)
