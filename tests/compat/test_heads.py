"""mmaction2's heads with scores in bfloat16."""

import numpy as np
import pytest
import torch
from mmaction.models import I3DHead
from mmaction.structures import ActionDataSample

from avts_mm.compat import widen_class_scores


@pytest.fixture
def head():
    torch.manual_seed(0)
    head = I3DHead(num_classes=3, in_channels=4, dropout_ratio=0)
    head.average_clips = 'prob'
    return head


@pytest.fixture
def samples():
    return [ActionDataSample().set_gt_label(k) for k in (2, 0)]


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
def test_loss_and_prediction(head, samples, dtype):
    feats = torch.rand(2, 4, 1, 2, 2)
    plain = head.loss(feats, samples)
    with torch.autocast('cpu', torch.bfloat16, dtype == torch.bfloat16):
        losses = head.loss(feats, samples)
        predicted = head.predict(feats, samples)
    assert losses['loss_cls'].dtype == torch.float32
    assert float(losses['loss_cls']) == pytest.approx(
        float(plain['loss_cls']), abs=1e-2
    )
    assert losses['top1_acc'] == plain['top1_acc']
    scores = np.stack([s.pred_score.detach().numpy() for s in predicted])
    np.testing.assert_allclose(scores.sum(1), 1, atol=1e-5)


def test_applies_once(head):
    before = type(head).loss_by_feat
    widen_class_scores()
    assert type(head).loss_by_feat is before
