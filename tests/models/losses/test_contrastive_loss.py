"""Value and gradient of the loss against NumPy."""

import numpy as np
import pytest
import torch

from avts_mm.models import ContrastiveLoss, embedding_distance


def numpy_loss(video, audio, target, margin):
    """Loss and its gradient for the video embedding, term by term."""
    total, grad = 0.0, np.zeros_like(video)
    for n, (v, a, y) in enumerate(zip(video, audio, target)):
        difference = v - a
        distance = np.sqrt((difference**2).sum())
        if y:
            total += distance**2
            grad[n] = 2 * difference
        elif distance < margin:
            total += (margin - distance) ** 2
            grad[n] = -2 * (margin - distance) * difference / distance
    return total / len(video), grad / len(video)


@pytest.mark.parametrize('margin', [0.99, 2.0])
def test_value_and_gradient_equal_numpy(margin):
    rng = np.random.default_rng(0)
    video = rng.normal(size=(12, 5)) * 0.4
    audio = rng.normal(size=(12, 5)) * 0.4
    target = np.arange(12) % 2
    v = torch.tensor(video, requires_grad=True)
    loss = ContrastiveLoss(margin)(
        embedding_distance(v, torch.tensor(audio)), torch.tensor(target)
    )
    loss.backward()
    value, grad = numpy_loss(video, audio, target, margin)
    assert loss.item() == pytest.approx(value, abs=1e-12)
    np.testing.assert_allclose(v.grad.numpy(), grad, atol=1e-12)


def test_gradcheck():
    torch.manual_seed(0)
    v = torch.randn(6, 4, dtype=torch.double, requires_grad=True)
    a = torch.randn(6, 4, dtype=torch.double, requires_grad=True)
    target = torch.tensor([1, 0, 1, 0, 0, 1])
    loss = ContrastiveLoss(margin=3.0)
    for scale in (False, True):
        assert torch.autograd.gradcheck(
            lambda v, a, scale=scale: loss(
                embedding_distance(v, a, scale), target
            ),
            (v, a),
        )


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
def test_finite_at_distance_zero(dtype):
    v = torch.ones(2, 3, dtype=dtype, requires_grad=True)
    distance = embedding_distance(v, torch.ones(2, 3, dtype=dtype))
    loss = ContrastiveLoss()(distance, torch.tensor([1, 0]))
    loss.backward()
    assert loss.item() == pytest.approx(0.99**2 / 2, rel=1e-2)
    assert torch.equal(v.grad, torch.zeros_like(v))


def test_distance_tiny_but_not_zero_has_a_unit_gradient():
    v = torch.tensor([[1e-12, 0.0]], requires_grad=True)
    embedding_distance(v, torch.zeros(1, 2)).sum().backward()
    assert v.grad.tolist() == [[1.0, 0.0]]


def test_scaling_by_dimension():
    v, a = torch.ones(1, 16), torch.zeros(1, 16)
    assert embedding_distance(v, a).item() == 4
    assert embedding_distance(v, a, scale_by_dim=True).item() == 1


def test_far_negatives_cost_nothing():
    distance, target = torch.tensor([5.0, 2.0]), torch.tensor([0, 1])
    assert ContrastiveLoss()(distance, target).item() == 2.0


def test_bad_margin():
    with pytest.raises(ValueError, match='margin'):
        ContrastiveLoss(margin=0)


def test_embeddings_that_are_nan_do_not_look_equal():
    video = torch.tensor([[float('nan'), 0.0], [1.0, 0.0]])
    distance = embedding_distance(video, torch.zeros(2, 2))
    assert distance[0].isnan() and distance[1] == 1
    assert ContrastiveLoss()(distance, torch.tensor([1, 0])).isnan()
