"""The projection: pooling, time bins and normalisation."""

import pytest
import torch

from avts_mm.models import ProjectionNeck, StepProjectionNeck


def test_one_bin_is_global_average_pooling():
    neck = ProjectionNeck(4, out_channels=3, hidden_channels=None)
    x = torch.randn(2, 4, 5, 6, 7)
    expected = neck.fc(x.mean((2, 3, 4)))
    torch.testing.assert_close(neck(x), expected)


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


def test_normalised_embeddings_have_unit_variance():
    neck = ProjectionNeck(
        4, out_channels=6, norm_cfg=dict(type='BN1d', affine=False)
    )
    # Large, so that the variance is far above what BN adds to it.
    out = neck.train()(20 * torch.randn(64, 4, 3, 2, 2))
    torch.testing.assert_close(out.mean(0), torch.zeros(6), atol=1e-5, rtol=0)
    variance = out.var(0, unbiased=False)
    torch.testing.assert_close(variance, torch.ones(6), atol=0.01, rtol=0)
    assert not list(neck.fc[-1].parameters())


@pytest.mark.parametrize('kind', [ProjectionNeck, StepProjectionNeck])
def test_statistics_can_stay_fixed(kind):
    neck = kind(
        4,
        out_channels=6,
        norm_cfg=dict(type='BN1d', affine=False),
        norm_eval=True,
    )
    neck.fc[-1].running_mean.fill_(0.5)
    x = torch.randn(8, 4, 3, 2, 2)
    trained, tested = neck.train()(x), neck.eval()(x)
    assert neck.train().training
    assert torch.equal(trained, tested)
    assert neck.fc[-1].running_mean.eq(0.5).all()


def test_single_precision_under_autocast():
    neck = ProjectionNeck(4)
    with torch.autocast('cpu', torch.bfloat16):
        assert neck(torch.randn(2, 4, 3, 2, 2).bfloat16()).dtype == (
            torch.float32
        )


def test_bad_bins():
    with pytest.raises(ValueError, match='time_bins'):
        ProjectionNeck(4, time_bins=0)
