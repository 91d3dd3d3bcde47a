"""The audio tower: shapes, names and freezing."""

import pytest
import torch

from avts_mm.models import AudioVGG

SMALL = dict(channels=(2, 4, 8, 16, 16))


@pytest.mark.parametrize('frames', [1, 7, 101, 500])
def test_any_clip_length_passes(frames):
    model = AudioVGG(**SMALL).eval()
    out = model(torch.randn(2, 1, 40, frames))
    assert out.shape[:3] == (2, 16, 3)
    assert out.shape[3] == -(-frames // 16)


def test_stages_by_name_equal_stages_by_index():
    torch.manual_seed(0)
    by_name = AudioVGG(**SMALL, out_indices=('conv_1', 'conv_5')).eval()
    by_index = AudioVGG(**SMALL, out_indices=(0, 4)).eval()
    by_index.load_state_dict(by_name.state_dict())
    x = torch.randn(1, 1, 40, 50)
    for a, b in zip(by_name(x), by_index(x)):
        assert torch.equal(a, b)
    assert by_name.out_channels == (2, 16)
    first, _ = by_name(x)
    assert first.shape == (1, 2, 40, 50)


def test_later_stages_are_not_run_for_an_early_one():
    model = AudioVGG(**SMALL, out_indices=('conv_2',)).eval()
    del model.conv_3, model.conv_4, model.conv_5
    assert model(torch.randn(1, 1, 40, 50)).shape == (1, 4, 20, 25)


def test_pooling_table_is_obeyed():
    model = AudioVGG(**SMALL, pools=((2, 1), (2, 1), (2, 1), (2, 1)))
    assert model(torch.randn(2, 1, 40, 33)).shape == (2, 16, 3, 33)


def test_frozen_stages_and_norm_eval():
    model = AudioVGG(**SMALL, frozen_stages=2, norm_eval=True)
    model.train()
    model(torch.randn(2, 1, 40, 50)).sum().backward()
    frozen = model.conv_2[1].conv.weight
    assert frozen.grad is None and not frozen.requires_grad
    assert model.conv_3[1].conv.weight.grad is not None
    assert not model.conv_5[1].bn.running_mean.any()


@pytest.mark.parametrize(
    'kwargs, words',
    [
        (dict(out_indices=('conv_6',)), 'conv_6'),
        (dict(channels=(1, 2)), 'five stages'),
        (dict(frozen_stages=6), 'frozen_stages'),
    ],
)
def test_bad_arguments_are_named(kwargs, words):
    with pytest.raises(ValueError, match=words):
        AudioVGG(**kwargs)
