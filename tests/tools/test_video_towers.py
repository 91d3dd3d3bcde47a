"""Video towers under other names, and those that only look like one."""

import pytest
import torch
from video_towers import find_video_tower

from avts_mm.models import MC3


def filled(seed=0):
    generator = torch.Generator().manual_seed(seed)
    return {
        k: torch.rand(v.shape, generator=generator) if v.ndim else v + 7
        for k, v in MC3(base_channels=4).state_dict().items()
    }


def classic(key):
    """Names of a classic ResNet."""
    key = key.replace('stem.0.', 'conv1.').replace('stem.1.', 'bn1.')
    for n in '12':
        key = key.replace(f'.conv{n}.0.', f'.conv{n}.')
        key = key.replace(f'.conv{n}.1.', f'.bn{n}.')
    return key


def stages(key):
    """Stages called conv2_x to conv5_x."""
    key = key.replace('stem.', 'conv1.').replace('downsample', 'shortcut')
    for n in '4321':
        key = key.replace(f'layer{n}.', f'conv{int(n) + 1}_x.')
    return key


def openmmlab(key):
    """Names of modules that hold a convolution and its normalisation."""
    key = key.replace('stem.', 'conv1.')
    for name in ('conv1', 'conv2', 'downsample'):
        key = key.replace(f'{name}.0.', f'{name}.conv.')
        key = key.replace(f'{name}.1.', f'{name}.bn.')
    return key


def blobs(key):
    """Blobs of Caffe2."""
    ends = dict(weight='s', bias='b', running_mean='rm', running_var='riv')
    if key.startswith('stem'):
        name = 'conv1_w' if '.0.' in key else 'conv1_spatbn_relu_'
    else:
        layer, block, part, which = key.split('.')[:4]
        comp = 2 * (int(layer[-1]) - 1) + int(block)
        if part == 'downsample':
            name = f'shortcut_projection_{comp}'
            name += '_w' if which == '0' else '_spatbn_'
        elif which == '0':
            name = f'comp_{comp}_conv_{part[-1]}_w'
        else:
            name = f'comp_{comp}_spatbn_{part[-1]}_'
    return name if name.endswith('_w') else name + ends[key.split('.')[-1]]


def same(tower, state):
    wanted = {k: v for k, v in state.items() if k in tower.state_dict}
    return len(wanted) >= 100 and all(
        torch.equal(tower.state_dict[k], v) for k, v in wanted.items()
    )


@pytest.mark.parametrize('rename', [str, classic, stages, openmmlab, blobs])
@pytest.mark.parametrize('prefix', ['', 'module.video_network.encoder.'])
def test_every_dialect_under_any_prefix(rename, prefix):
    state = filled()
    theirs = {
        prefix + rename(k): v
        for k, v in state.items()
        if rename is not blobs or 'num_batches' not in k
    }
    audio = {f'audio.conv{i}.weight': torch.ones(2) for i in (1, 2)}
    tower = find_video_tower({**theirs, **audio, 'fc.bias': torch.ones(3)})
    assert (tower.variant, tower.base_channels) == ('mc3', 4)
    assert same(tower, state)
    assert set(tower.leftover) == {*audio, 'fc.bias'}


def test_of_several_towers_the_video_one_is_taken():
    towers = {
        **{f'audio_net.{k}': v for k, v in filled(seed=1).items()},
        **{f'visual_net.{k}': v for k, v in filled(seed=2).items()},
    }
    tower = find_video_tower(towers)
    assert tower.prefix == 'visual_net.'
    assert same(tower, filled(seed=2))
    tower = find_video_tower(towers, prefix='audio_net')
    assert same(tower, filled(seed=1))


def test_a_damaged_one_gives_way_to_the_one_that_fits():
    bad = {f'video.{k}': v for k, v in filled().items()}
    bad['video.layer4.1.conv2.0.weight'] = torch.ones(1)
    good = {f'old.{k}': v for k, v in filled(seed=1).items()}
    assert find_video_tower({**bad, **good}).prefix == 'old.'


def test_towers_that_are_not_clear_or_not_whole():
    def stop(state, message, **options):
        with pytest.raises(ValueError, match=message):
            find_video_tower(state, name='x.pt', **options)

    state = filled()
    twins = {f'{p}.{k}': v for p in 'ab' for k, v in state.items()}
    stop(twins, r"x\.pt: several.*'a\.'.*'b\.'")
    stop({'fc.w': torch.ones(2)}, r"x\.pt: no video tower.*'fc\.w'")
    stop(state, "no video tower under 'a'", prefix='a')
    short = {k: v for k, v in state.items() if 'layer3.1' not in k}
    stop(short, r'10 of 100.*layer3\.1')
    state['layer2.0.conv1.0.weight'] = torch.ones(8, 4, 3, 3)
    shapes = r'layer2\.0\.conv1.*\(8, 4, 3, 3\).*\(8, 4, 1, 3, 3\)'
    stop(state, f'(?s)x\\.pt.*{shapes}')


@pytest.mark.parametrize(
    'more', ['layer1.2.conv1.0.weight', 'stem.0.bias', 'layer5.0.bn1.bias']
)
def test_a_deeper_network_or_biases_are_refused(more):
    state = filled()
    state[more] = torch.ones(4)
    with pytest.raises(ValueError, match='belong to no 18-layer network'):
        find_video_tower(state)
