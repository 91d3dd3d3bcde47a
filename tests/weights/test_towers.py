"""Finding one network among the weights of another."""

import pytest
import torch
import torch.nn as nn
from mmaction.registry import MODELS
from mmcv.cnn import ConvModule
from mmengine.model import BaseModule
from mmengine.registry import DefaultScope

from avts_mm.models import MC3, AudioVGG
from avts_mm.weights import (
    CheckpointError,
    find_tower,
    fit_model,
    load_state_dict,
    load_tower,
)

TENSORS = 100  # 20 convolutions, 20 x 4 of batch normalisation


def prefixed(state, prefix):
    return {prefix + key: value for key, value in state.items()}


def filled(module, seed=0):
    """A state dict of a module with values of its own."""
    generator = torch.Generator().manual_seed(seed)
    return {
        k: torch.rand(v.shape, generator=generator) if v.ndim else v + 7
        for k, v in module.state_dict().items()
    }


@pytest.fixture
def video():
    return MC3(base_channels=4)


def equal(module, state):
    own = module.state_dict()
    return all(torch.equal(own[k], state[k]) for k in own)


@pytest.mark.parametrize(
    'prefix', ['', 'backbone.', 'video_backbone.', 'model.encoder.video.']
)
def test_a_tower_is_found_under_any_prefix(video, prefix):
    state = filled(video)
    content = prefixed(state, prefix)
    content['other.weight'] = torch.ones(2)
    match = load_tower(video, content)
    assert match.prefix == prefix
    assert len(match.matched) == match.total == TENSORS
    assert equal(video, state)


def test_each_tower_finds_its_own(video):
    audio = AudioVGG(channels=(4, 4, 4, 4, 4))
    of_video, of_audio = filled(video), filled(audio, 1)
    state = {
        **prefixed(of_video, 'module.video_backbone.'),
        **prefixed(of_audio, 'module.audio_backbone.'),
    }
    assert load_tower(video, state).prefix == 'video_backbone.'
    assert load_tower(audio, state).prefix == 'audio_backbone.'
    assert equal(video, of_video) and equal(audio, of_audio)


def test_the_one_that_fits_is_taken(video):
    wide = prefixed(filled(MC3(base_channels=8)), 'a.')
    other = prefixed(filled(MC3('r3d', base_channels=4)), 'b.')
    mine = prefixed(filled(video), 'c.')
    assert find_tower({**wide, **other, **mine}, video).prefix == 'c.'


def test_equally_good_places(video):
    state = filled(video)
    both = {**prefixed(state, 'student.'), **prefixed(state, 'teacher.')}
    with pytest.raises(ValueError, match=r"'student\.', 'teacher\.'.*prefix="):
        load_tower(video, both)
    assert load_tower(video, both, prefix='teacher').prefix == 'teacher.'
    usual = {**both, **prefixed(state, 'video_backbone.')}
    assert find_tower(usual, video).prefix == 'video_backbone.'


def test_official_weights_with_a_classifier_load(video):
    state = filled(video)
    state['fc.weight'], state['fc.bias'] = torch.ones(400, 32), torch.ones(400)
    assert find_tower(state, video).complete


def test_counters_of_batches_do_not_count(video):
    state = {k: v for k, v in filled(video).items() if 'num_' not in k}
    assert load_tower(video, state).total == TENSORS


def test_a_recognizer_may_lack_its_classifier_alone(video):
    model = recognizer()
    state = prefixed(filled(video), 'backbone.')
    with pytest.raises(CheckpointError, match=r'missing.*cls_head'):
        load_tower(model, state, heads=True)
    match = load_tower(model, state)
    assert (len(match.matched), match.total) == (TENSORS, TENSORS + 2)
    assert equal(model.backbone, filled(video))


def test_what_was_loaded_is_said(video, tmp_path, monkeypatch):
    from avts_mm.weights import towers

    lines = []
    monkeypatch.setattr(towers, 'print_log', lambda m, **kw: lines.append(m))
    path = tmp_path / 'x.pth'
    torch.save(dict(state_dict=prefixed(filled(video), 'backbone.')), path)
    load_tower(video, path)
    assert lines == [f'100 of 100 tensors of MC3 from {path} (backbone.)']


def test_nothing_found_is_an_error(video, tmp_path):
    path = tmp_path / 'resnet.pth'
    torch.save({'conv1.weight': torch.ones(64, 3, 7, 7)}, path)
    with pytest.raises(ValueError, match=r'resnet\.pth: nothing.*MC3.*conv1'):
        load_tower(video, path)


def test_a_wrong_prefix_is_an_error(video):
    with pytest.raises(ValueError, match=r"nothing in it.*under 'backbone\.'"):
        load_tower(video, prefixed(filled(video), 'b.'), prefix='backbone')


def test_another_shape_is_an_error_and_changes_nothing(video):
    before = {k: v.clone() for k, v in video.state_dict().items()}
    state = filled(video)
    state['layer4.1.conv2.0.weight'] = torch.ones(32, 32, 3, 3, 3)
    with pytest.raises(ValueError) as info:
        load_tower(video, prefixed(state, 'backbone.'))
    for words in (
        '1 tensors of MC3',
        'backbone.layer4.1.conv2.0.weight',
        '(32, 32, 3, 3, 3)',
        '(32, 32, 1, 3, 3)',
    ):
        assert words in str(info.value)
    assert equal(video, before)


def test_another_width_is_an_error(video):
    with pytest.raises(ValueError, match=r'another shape.*base_channels'):
        load_tower(video, filled(MC3(base_channels=8)))


def test_missing_tensors_are_an_error(video):
    state = {k: v for k, v in filled(video).items() if 'layer4.1' not in k}
    with pytest.raises(ValueError, match=r'10 of 100.*layer4\.1\.conv1'):
        load_tower(video, state)


def test_a_file_without_right_place_names_itself(video, tmp_path):
    state = filled(video)
    path = tmp_path / 'two.pth'
    torch.save({**prefixed(state, 'a.'), **prefixed(state, 'b.')}, path)
    with pytest.raises(ValueError, match=r'two\.pth: MC3 is found equally'):
        load_tower(video, path)


@pytest.mark.parametrize('strict', [True, False])
def test_nothing_fits_is_an_error(video, strict):
    """mmengine would train from random weights."""
    wide = filled(MC3(base_channels=8))
    for state in (wide, {'other': torch.ones(1)}):
        with pytest.raises(CheckpointError, match=r'^x\.pth: '):
            fit_model(video, state, 'x.pth', strict)


@pytest.mark.parametrize(
    'wrap',
    [
        lambda key: key,
        lambda key: f'model.{key}',
        lambda key: f'module._orig_mod.{key}',
        lambda key: key.replace('backbone.', 'backbone._orig_mod.'),
        lambda key: key.replace('layer1.', 'layer1.module._orig_mod.'),
    ],
)
def test_a_model_is_found_whatever_wrapped_it(wrap, tmp_path):
    model = recognizer()
    state = filled(model)
    torch.save({wrap(key): v for key, v in state.items()}, tmp_path / 'x.pth')
    found = fit_model(model, load_state_dict(tmp_path / 'x.pth'), 'x.pth')
    assert found.keys() == state.keys()
    assert all(torch.equal(found[key], state[key]) for key in state)


def test_a_part_called_like_a_wrapper_is_found(video):
    holder = nn.Module()
    holder.module = video
    state = filled(holder)
    assert fit_model(holder, state, 'x.pth').keys() == state.keys()
    load_tower(holder, prefixed(state, 'backbone.'))
    assert equal(holder, state)


@pytest.mark.parametrize('key', ['backbone.stem.0.weight', 'cls_head.fc_cls.'])
def test_a_model_that_lacks_something_is_refused(key):
    model = recognizer()
    state = filled(model)
    less = {k: v for k, v in state.items() if not k.startswith(key)}
    with pytest.raises(CheckpointError, match=rf'x\.pth: .*missing.*{key}'):
        fit_model(model, less, 'x.pth')
    assert fit_model(model, less, 'x.pth', strict=False).keys() == less.keys()
    other = {**less, **{k: torch.ones(1) for k in state.keys() - less.keys()}}
    with pytest.raises(CheckpointError, match=r'another shape'):
        fit_model(model, other, 'x.pth')
    assert fit_model(model, other, 'x.pth', strict=False).keys() == less.keys()


@pytest.fixture
def checkpoint(tmp_path):
    state = filled(MC3(base_channels=4))
    path = tmp_path / 'avts.pth'
    weights = {f'video_backbone.{k}': v for k, v in state.items()}
    torch.save(dict(state_dict=weights, meta={}), path)
    return str(path), state


def recognizer(init_cfg=None):
    config = dict(
        type='Recognizer3D',
        backbone=dict(type='MC3', base_channels=4, init_cfg=init_cfg),
        cls_head=dict(type='I3DHead', num_classes=5, in_channels=32),
    )
    with DefaultScope.overwrite_default_scope('mmaction'):
        return MODELS.build(config)


def test_every_tensor_ends_as_in_the_file(checkpoint):
    path, state = checkpoint
    model = recognizer(dict(type='PretrainedTower', checkpoint=path))
    model.init_weights()
    loaded = model.backbone.state_dict()
    assert all(torch.equal(loaded[k], state[k]) for k in loaded)
    # The classifier is drawn as ever.
    assert 0.005 < model.cls_head.fc_cls.weight.std() < 0.02


class Net(BaseModule):
    """Children that initialise themselves, as in many networks."""

    def __init__(self, init_cfg=None):
        super().__init__(init_cfg)
        self.conv = ConvModule(1, 2, 3, norm_cfg=dict(type='BN'))
        self.more = nn.ModuleList([Inner()])
        self.inner = Inner()


class Inner(BaseModule):
    def __init__(self):
        super().__init__(dict(type='Constant', layer='Linear', val=3))
        self.fc = nn.Linear(2, 2)


def test_children_do_not_initialise_themselves_afterwards():
    state = filled(Net())
    net = Net(dict(type='PretrainedTower', checkpoint=state))
    net.init_weights()
    assert all(torch.equal(v, state[k]) for k, v in net.state_dict().items())
