"""The cross-entropy head of the ablation."""

import torch

from avts_mm.models import FusionHead


def test_loss_is_binary_cross_entropy_of_both_embeddings():
    torch.manual_seed(0)
    head = FusionHead(in_channels=4, hidden_channels=8)
    v, a = torch.randn(6, 4), torch.randn(6, 4)
    target = torch.tensor([1, 0, 1, 0, 1, 0])
    logits = head(v, a)
    p = torch.sigmoid(logits)
    expected = -(target * p.log() + (1 - target) * (1 - p).log()).mean()
    torch.testing.assert_close(head.loss(v, a, target)['loss'], expected)
    torch.testing.assert_close(head.predict(v, a), 1 - p)


def test_both_embeddings_reach_the_decision():
    head = FusionHead(in_channels=3, hidden_channels=8)
    v = torch.randn(2, 3, requires_grad=True)
    a = torch.randn(2, 3, requires_grad=True)
    head.loss(v, a, torch.tensor([0, 1]))['loss'].backward()
    assert v.grad.abs().sum() > 0 and a.grad.abs().sum() > 0
