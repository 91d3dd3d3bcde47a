"""Binary cross-entropy on the cosine, against NumPy."""

import numpy as np
import pytest
import torch

from avts_mm.models import AVContrastiveHead, CosineBCELoss


def test_against_numpy():
    rng = np.random.default_rng(0)
    video, audio = rng.normal(size=(2, 5, 4))
    target = np.array([1, 0, 0, 1, 0])
    lengths = np.linalg.norm(video, axis=1) * np.linalg.norm(audio, axis=1)
    chance = (1 + (video * audio).sum(1) / lengths) / 2
    each = -np.where(target, np.log(chance), np.log(1 - chance))
    head = AVContrastiveHead(dict(type='CosineBCELoss'), normalize=True)
    losses = head.loss(
        torch.tensor(video), torch.tensor(audio), torch.tensor(target)
    )
    assert losses['loss'].item() == pytest.approx(each.mean(), rel=1e-5)


def test_weights_and_negatives_alone():
    loss = CosineBCELoss()
    distance = torch.tensor([[0.5, 1.0]])
    weight = torch.tensor([[0.0, 2.0]])
    negative = loss(distance[0, 1:], torch.zeros(1))
    assert loss(distance, torch.zeros(1, 2), weight) == negative
    assert loss.apart(distance[:, 1:], distance[:, 0]) == negative


def test_gradients():
    distance = torch.tensor([0.3, 1.2, 1.9], dtype=torch.float64)
    target = torch.tensor([1, 0, 1])
    distance.requires_grad_()
    assert torch.autograd.gradcheck(
        lambda d: CosineBCELoss()(d, target), distance
    )
    ends = torch.tensor([0.0, 2.0], requires_grad=True)
    loss = CosineBCELoss()(ends, torch.tensor([0, 1]))
    loss.backward()
    assert torch.isfinite(loss) and torch.isfinite(ends.grad).all()
