"""One embedding for each step of time."""

import torch

from avts_mm.models import StepProjectionNeck


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


def test_value_is_that_of_the_layers():
    torch.manual_seed(0)
    neck = StepProjectionNeck(
        6, 4, hidden_channels=None, time_dim=3, norm_cfg=None
    )
    x = torch.rand(2, 6, 7, 5)  # (N, C, bands, T)
    weight, bias = neck.fc[0].weight[:, :, 0], neck.fc[0].bias
    expected = torch.einsum('dc,nct->ndt', weight, x.mean(2)) + bias[:, None]
    torch.testing.assert_close(neck(x), expected)


def test_embeddings_have_unit_variance_over_batch_and_steps():
    torch.manual_seed(0)
    out = StepProjectionNeck(6, 4)(torch.rand(8, 6, 25, 2, 2))
    torch.testing.assert_close(
        out.mean((0, 2)), torch.zeros(4), atol=1e-5, rtol=0
    )
    torch.testing.assert_close(
        out.std((0, 2)), torch.ones(4), atol=2e-2, rtol=0
    )


def test_single_precision_under_autocast():
    neck = StepProjectionNeck(6, 4)
    with torch.autocast('cpu', torch.bfloat16):
        out = neck(torch.rand(2, 6, 5, 3, 3).bfloat16())
    assert out.dtype == torch.float32
