"""The two-tower model in its three modes."""

from contextlib import nullcontext

import pytest
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample

from avts_mm.models import AVTS


def config(**kwargs):
    cfg = dict(
        type='AVTS',
        video_backbone=dict(type='MC3', base_channels=4),
        audio_backbone=dict(type='AudioVGG', channels=(2, 4, 8, 8, 8)),
        video_neck=dict(type='ProjectionNeck', in_channels=32, out_channels=6),
        audio_neck=dict(
            type='ProjectionNeck', in_channels=8, out_channels=6, time_dim=3
        ),
        head=dict(type='AVContrastiveHead'),
    )
    cfg.update(kwargs)
    return cfg


def data(n=4):
    g = torch.Generator().manual_seed(0)
    return dict(
        inputs=dict(
            video=torch.randint(0, 256, (n, 3, 5, 32, 32), generator=g).byte(),
            audio=torch.randn(n, 16000, generator=g),
        ),
        data_samples=[
            ActionDataSample().set_gt_label(i % 2) for i in range(n)
        ],
    )


@pytest.fixture
def model():
    torch.manual_seed(0)
    model = MODELS.build(config())
    assert isinstance(model, AVTS)
    return model


def test_tensor_mode_gives_both_embeddings(model):
    batch = model.data_preprocessor(data())
    video, audio = model(**batch, mode='tensor')
    assert video.shape == audio.shape == (4, 6)


def test_loss_mode_is_the_head_on_the_embeddings(model):
    batch = model.data_preprocessor(data())
    losses = model(**batch, mode='loss')
    video, audio = model(**batch, mode='tensor')
    distance = (video - audio).square().sum(1).sqrt()
    target = torch.tensor([0.0, 1.0, 0.0, 1.0])
    hinge = (0.99 - distance).clamp(min=0)
    expected = (target * distance**2 + (1 - target) * hinge**2).mean()
    torch.testing.assert_close(losses['loss'], expected)


@pytest.mark.parametrize('mode', ['loss', 'predict'])
def test_modes_that_need_samples_say_so(model, mode):
    batch = model.data_preprocessor(data())
    with pytest.raises(ValueError, match=f'{mode!r} needs data_samples'):
        model(batch['inputs'], mode=mode)


def test_predict_mode_marks_every_sample(model):
    model.eval()
    with torch.no_grad():
        samples = model.test_step(data())
        batch = model.data_preprocessor(data())
        video, audio = model(**batch, mode='tensor')
    distances = torch.stack([s.pred_distance for s in samples])
    torch.testing.assert_close(
        distances, (video - audio).square().sum(1).sqrt()
    )


def test_training_step_moves_both_towers(model):
    from mmengine.optim import OptimWrapper

    before = {k: v.clone() for k, v in model.state_dict().items()}
    optim = OptimWrapper(torch.optim.SGD(model.parameters(), 0.1))
    log = model.train_step(data(), optim)
    assert 'loss' in log and 'distance_positive' in log
    after = model.state_dict()
    for key in ('video_backbone.stem.0.weight', 'audio_neck.fc.0.weight'):
        assert not torch.equal(before[key], after[key])


def test_unknown_mode(model):
    with pytest.raises(ValueError, match='mode'):
        model(**model.data_preprocessor(data()), mode='train')


@pytest.mark.parametrize(
    'head',
    [
        dict(type='AVContrastiveHead'),
        dict(type='FusionHead', in_channels=6),
        dict(type='StepContrastiveHead', max_shift=2, trim=0),
    ],
    ids=lambda head: head['type'],
)
def test_a_step_asks_nothing_of_the_device(head, monkeypatch):
    # Meta tensors have no values, so whatever waits for one fails here, as
    # it would stop the queue of a GPU. Autocast does not know their device.
    monkeypatch.setattr(torch, 'autocast', lambda *_, **__: nullcontext())
    cfg = config(head=head)
    if head['type'] == 'StepContrastiveHead':
        neck = dict(type='StepProjectionNeck', out_channels=6)
        cfg['video_neck'] = dict(neck, in_channels=32)
        # Five steps, like the video's.
        cfg['audio_backbone']['pools'] = ((2, 2), (2, 2), (2, 2), (2, 3))
        cfg['audio_neck'] = dict(neck, in_channels=8, time_dim=3)
    model = MODELS.build(cfg).to('meta')
    batch = model.data_preprocessor(data())
    assert batch['data_samples'][0].gt_label.device.type == 'cpu'
    losses = model(**batch, mode='loss')
    assert 'distance_positive' in losses or head['type'] == 'FusionHead'
    total, log = model.parse_losses(losses)
    total.backward()
    assert log['loss'].device.type == 'meta'
