"""The projections: pooling, time bins, steps and normalisation."""

import numpy as np
import pytest
import torch

from avts_mm.models import MaxPoolNeck, ProjectionNeck, StepProjectionNeck


def test_one_bin_is_global_average_pooling():
    neck = ProjectionNeck(4, out_channels=3, hidden_channels=None)
    x = torch.randn(2, 4, 5, 6, 7)
    torch.testing.assert_close(neck(x), neck.fc(x.mean((2, 3, 4))))


def test_one_bin_forgets_the_order_and_more_bins_keep_it():
    x = torch.randn(2, 4, 10, 3, 3)
    backwards = x.flip(2)
    forgetful = ProjectionNeck(4, time_bins=1)
    torch.testing.assert_close(forgetful(x), forgetful(backwards))
    keeping = ProjectionNeck(4, time_bins=5)
    assert (keeping(x) - keeping(backwards)).abs().max() > 1e-3


def test_bins_are_averages_of_equal_parts():
    neck = ProjectionNeck(1, 2, hidden_channels=None, time_bins=2)
    with torch.no_grad():
        neck.fc[0].weight.copy_(torch.eye(2))
        neck.fc[0].bias.zero_()
    x = torch.arange(4.0).view(1, 1, 4, 1, 1)
    assert neck(x).tolist() == [[0.5, 2.5]]


def test_time_of_a_spectrogram_is_its_last_axis():
    video = ProjectionNeck(3, time_bins=4, hidden_channels=None)
    audio = ProjectionNeck(3, time_bins=4, hidden_channels=None, time_dim=3)
    audio.load_state_dict(video.state_dict())
    x = torch.randn(2, 3, 7, 8)  # (N, C, bands, T)
    torch.testing.assert_close(audio(x), video(x.transpose(2, 3)))


def test_steps_are_kept_and_do_not_mix():
    torch.manual_seed(0)
    neck = StepProjectionNeck(6, 4, hidden_channels=8).eval()
    x = torch.rand(2, 6, 5, 3, 3)
    out = neck(x)
    assert out.shape == (2, 4, 5)
    changed = x.clone()
    changed[:, :, 2] += 1
    same = (neck(changed) == out).all(1)
    assert same[:, [0, 1, 3, 4]].all() and not same[:, 2].any()


def test_value_of_a_step_is_that_of_the_layers():
    torch.manual_seed(0)
    neck = StepProjectionNeck(
        6, 4, hidden_channels=None, time_dim=3, norm_cfg=None
    )
    x = torch.rand(2, 6, 7, 5)  # (N, C, bands, T)
    weight, bias = neck.fc[0].weight[:, :, 0], neck.fc[0].bias
    expected = torch.einsum('dc,nct->ndt', weight, x.mean(2)) + bias[:, None]
    torch.testing.assert_close(neck(x), expected)


KINDS = pytest.mark.parametrize(
    'kind, over', [(ProjectionNeck, 0), (StepProjectionNeck, (0, 2))]
)
CENTER = dict(norm_cfg=None, center=True)
NORM = dict(norm_cfg=dict(type='BN1d', affine=False))


@KINDS
def test_normalised_embeddings_have_unit_variance(kind, over):
    torch.manual_seed(0)
    neck = kind(4, out_channels=6, **NORM)
    # Large, so that the variance is far above what BN adds to it.
    out = neck.train()(20 * torch.randn(64, 4, 3, 2, 2))
    mean, variance = out.mean(over), out.var(over, unbiased=False)
    torch.testing.assert_close(mean, torch.zeros(6), atol=1e-5, rtol=0)
    torch.testing.assert_close(variance, torch.ones(6), atol=0.01, rtol=0)
    assert not list(neck.fc[-1].parameters())


@KINDS
@pytest.mark.parametrize('statistics', [NORM, CENTER])
def test_statistics_can_stay_fixed(kind, over, statistics):
    neck = kind(4, out_channels=6, norm_eval=True, **statistics)
    neck.fc[-1].running_mean.fill_(0.5)
    x = torch.randn(8, 4, 3, 2, 2)
    trained, tested = neck.train()(x), neck.eval()(x)
    assert neck.train().training
    assert torch.equal(trained, tested)
    assert neck.fc[-1].running_mean.eq(0.5).all()


@pytest.mark.parametrize(
    'neck', [ProjectionNeck(4), StepProjectionNeck(4), MaxPoolNeck()]
)
def test_single_precision_under_autocast(neck):
    with torch.autocast('cpu', torch.bfloat16):
        out = neck(torch.randn(2, 4, 3, 2, 2).bfloat16())
    assert out.dtype == torch.float32


def test_bad_bins():
    with pytest.raises(ValueError, match='time_bins'):
        ProjectionNeck(4, time_bins=0)


@pytest.mark.parametrize('trailing', [(4, 5), (2, 4, 5), (7,)])
def test_maximum_over_all_but_channels(trailing):
    x = torch.zeros(2, 3, *trailing)
    x[0, 1].view(-1)[-1] = 5
    x -= 1
    assert MaxPoolNeck()(x).tolist() == [[-1, 4, -1], [-1, -1, -1]]


def test_centred_on_the_batch_and_then_on_the_running_mean():
    neck = ProjectionNeck(4, 3, hidden_channels=None, center=True)
    x = torch.randn(5, 4, 6, 2, 2, generator=torch.Generator().manual_seed(0))
    pooled = x.mean((2, 3, 4)).numpy()
    weight = neck.fc[0].weight.detach().numpy()
    plain = pooled @ weight.T + neck.fc[0].bias.detach().numpy()
    centred = neck(x).detach().numpy()
    np.testing.assert_allclose(centred, plain - plain.mean(0), atol=1e-6)
    running = 0.1 * plain.mean(0)
    np.testing.assert_allclose(neck.fc[1].running_mean, running, rtol=1e-5)
    tested = neck.eval()(x).detach().numpy()
    np.testing.assert_allclose(tested, plain - running, atol=1e-6)
    assert 'fc.1.running_mean' in neck.state_dict()
    # Moving all embeddings changes nothing, so the bias has no gradient.
    neck.train()(x).square().sum().backward()
    assert neck.fc[0].bias.grad.abs().max() < 1e-5


def test_steps_are_centred_over_batch_and_steps():
    neck = StepProjectionNeck(
        4, 3, hidden_channels=None, norm_cfg=None, center=True
    )
    x = torch.randn(5, 4, 6, 2, 2, generator=torch.Generator().manual_seed(0))
    assert neck(x).mean((0, 2)).abs().max() < 1e-6
