"""The cross-entropy head of the ablation."""

import torch
import torch.nn.functional as F

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


def test_it_can_learn_an_exclusive_or_of_both():
    torch.manual_seed(0)
    head = FusionHead(in_channels=1, hidden_channels=16)
    v = torch.tensor([[0.0], [0.0], [1.0], [1.0]])
    a = torch.tensor([[0.0], [1.0], [0.0], [1.0]])
    target = torch.tensor([1, 0, 0, 1])
    optimizer = torch.optim.Adam(head.parameters(), 0.05)
    for _ in range(300):
        loss = head.loss(v, a, target)['loss']
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert F.relu(head.predict(v, a) - 0.5).bool().tolist() == [
        False,
        True,
        True,
        False,
    ]
