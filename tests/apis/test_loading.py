"""Models of configs with weights that are all there."""

import pytest
import torch
from mmengine import Config

from avts_mm.apis import load_model
from avts_mm.apis.loading import load_audio_model

LAYER = 'audio_backbone.conv_5'


def config(channels=4, **kwargs):
    backbone = dict(type='MC3', base_channels=channels, **kwargs)
    head = dict(type='I3DHead', num_classes=3, in_channels=8 * channels)
    return Config(
        dict(model=dict(type='Recognizer3D', backbone=backbone, cls_head=head))
    )


def avts(channels=2):
    backbone = dict(type='AudioVGG', channels=(channels,) * 4 + (3,))
    neck = dict(type='ProjectionNeck', out_channels=4, hidden_channels=None)
    model = dict(
        type='AVTS',
        video_backbone=dict(type='MC3', base_channels=2),
        audio_backbone=backbone,
        video_neck=dict(neck, in_channels=16),
        audio_neck=dict(neck, in_channels=3, time_dim=3),
        head=dict(type='AVContrastiveHead'),
    )
    return Config(dict(model=model))


def test_every_tensor_is_loaded(tmp_path):
    path = str(tmp_path / 'a.pth')
    trained = load_model(config(), None, seed=1)
    torch.save(dict(state_dict=trained.state_dict(), meta={}), path)
    model = load_model(config(), path)
    assert not model.training
    for key, tensor in trained.state_dict().items():
        assert torch.equal(model.state_dict()[key], tensor)


def test_what_does_not_fit_is_named(tmp_path):
    path = str(tmp_path / 'a.pth')
    state = load_model(config(), None).state_dict()
    del state['backbone.stem.0.weight']
    torch.save(state, path)
    with pytest.raises(ValueError, match=r'a\.pth: 1 .*stem\.0\.weight'):
        load_model(config(), path)
    torch.save(load_model(config(6), None).state_dict(), path)
    with pytest.raises(ValueError, match=r'a\.pth: .*backbone.*\(4, '):
        load_model(config(), path)
    with pytest.raises(FileNotFoundError, match=r'gone\.pth'):
        load_model(config(), 'gone.pth')


def test_random_weights_are_of_the_seed_alone():
    pretrained = dict(type='Pretrained', checkpoint='gone.pth')
    before = torch.random.get_rng_state()
    models = [
        load_model(config(init_cfg=pretrained), None, seed=seed)
        for seed in (0, 0, 1)
    ]
    assert torch.equal(torch.random.get_rng_state(), before)
    weights = [model.backbone.stem[0].weight for model in models]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_sound_of_a_model_or_of_a_bare_tower(tmp_path):
    trained = load_model(avts(), None, seed=9)
    whole, bare = tmp_path / 'whole.pth', tmp_path / 'bare.pth'
    torch.save(dict(state_dict=trained.state_dict()), whole)
    torch.save(trained.audio_backbone.state_dict(), bare)
    wrapped = tmp_path / 'wrapped.pth'
    state = {f'model.{k}': v for k, v in trained.state_dict().items()}
    torch.save(state, wrapped)
    for path in (whole, bare, wrapped):
        model = load_audio_model(avts(), str(path), LAYER)
        for key, tensor in trained.audio_backbone.state_dict().items():
            assert torch.equal(model.audio_backbone.state_dict()[key], tensor)
    weight = trained.audio_neck.state_dict()['fc.0.weight']
    for path in (whole, wrapped):
        neck = load_audio_model(avts(), str(path), 'audio_neck').audio_neck
        assert torch.equal(neck.state_dict()['fc.0.weight'], weight)


def test_sound_that_does_not_fit(tmp_path):
    path = str(tmp_path / 'a.pth')
    model = load_model(avts(), None)
    torch.save(model.video_backbone.state_dict(), path)
    with pytest.raises(ValueError, match=r'a\.pth: nothing in it'):
        load_audio_model(avts(), path, LAYER)
    torch.save(model.audio_backbone.state_dict(), path)
    with pytest.raises(ValueError, match=r'a\.pth: nothing in it'):
        load_audio_model(avts(), path, 'audio_neck')
    state = model.state_dict()
    del state['audio_neck.fc.0.bias']
    torch.save(state, path)
    with pytest.raises(ValueError, match=r'a\.pth: 1 .*missing'):
        load_audio_model(avts(), path, 'audio_neck')
    torch.save(model.audio_backbone.state_dict(), path)
    with pytest.raises(ValueError, match=r'a\.pth: .* another shape'):
        load_audio_model(avts(3), path, LAYER)
    with pytest.raises(ValueError, match=r'not from .video_backbone'):
        load_audio_model(avts(), None, 'video_backbone')
