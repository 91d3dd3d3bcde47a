"""The contrastive head: options, loss and decision."""

import pytest
import torch

from avts_mm.models import AVContrastiveHead


def test_loss_is_the_papers_formula():
    head = AVContrastiveHead()
    v = torch.tensor([[0.3, 0.4], [0.0, 0.6]])
    a = torch.zeros(2, 2)
    losses = head.loss(v, a, torch.tensor([1, 0]))
    assert losses['loss'].item() == pytest.approx(
        (0.5**2 + (0.99 - 0.6) ** 2) / 2
    )
    assert losses['distance_positive'].item() == pytest.approx(0.5)
    assert losses['distance_negative'].item() == pytest.approx(0.6)


def test_margin_and_scale_are_arguments():
    head = AVContrastiveHead(
        loss=dict(type='ContrastiveLoss', margin=2.0), scale_by_dim=True
    )
    v, a = torch.ones(1, 4), torch.zeros(1, 4)
    assert head.predict(v, a).tolist() == [1.0]
    assert head.loss(v, a, torch.tensor([0]))['loss'].item() == 1.0


def test_a_batch_of_one_kind_reports_only_that_kind():
    losses = AVContrastiveHead().loss(
        torch.ones(2, 3), torch.zeros(2, 3), torch.tensor([1, 1])
    )
    assert 'distance_negative' not in losses


def test_spread_is_a_share_of_the_mean_distance():
    video = torch.tensor([[3.0], [5.0], [4.0]], requires_grad=True)
    losses = AVContrastiveHead().loss(
        video, torch.zeros(3, 1), torch.tensor([1, 0, 0])
    )
    assert losses['distance_spread'].item() == pytest.approx(0.5)
    assert not losses['distance_spread'].requires_grad
    nothing = AVContrastiveHead().loss(
        torch.ones(2, 1), torch.ones(2, 1), torch.tensor([1, 0])
    )
    assert nothing['distance_spread'] == 0


def test_a_loss_of_tables_needs_all_pairs():
    with pytest.raises(ValueError, match='all_pairs=True'):
        AVContrastiveHead(dict(type='InfoNCELoss'))
