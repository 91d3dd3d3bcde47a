"""The measurement of the training step."""

import json
import sys
import types
from pathlib import Path

import benchmark_train
import pytest
import torch
from mmaction.registry import MODELS
from mmengine import Config
from mmengine.registry import init_default_scope
from train_benchmark.trainer import Switches, noise_batch

CONFIGS = Path(__file__).parents[2] / 'configs'
SMALL = [
    'model.video_backbone.base_channels=2',
    'model.audio_backbone.channels=(2,2,4,4,4)',
    'model.video_neck.in_channels=16',
    'model.audio_neck.in_channels=4',
    'train_dataloader.batch_size=4',
    'train_dataloader.dataset.pipeline.0.num_frames=4',
]


@pytest.fixture
def torchvision(monkeypatch):
    """A small stand-in: one that goes with a CPU build of torch is rare."""
    contents = {'': dict(__version__='0.0'), '.models': {}}
    contents['.models.video'] = dict(
        mc3_18=lambda num_classes: torch.nn.Sequential(
            torch.nn.Conv3d(3, num_classes, 3, 4),
            torch.nn.AdaptiveAvgPool3d(1),
            torch.nn.Flatten(),
        )
    )
    for name, content in contents.items():
        module = types.ModuleType('torchvision' + name)
        vars(module).update(content)
        monkeypatch.setitem(sys.modules, module.__name__, module)


def test_figures_of_a_config(torchvision, tmp_path, capsys):
    file = tmp_path / 'new' / 'step.json'
    benchmark_train.main(
        [str(CONFIGS / 'avts_demo.py'), '--json', str(file)]
        + ['--variants', 'fp32', 'bf16+channels_last', '--torchvision']
        + ['--repeats', '2', '--steps', '1', '--warmup', '1']
        + ['--cfg-options', *SMALL]
    )
    found = json.loads(file.read_text())
    assert found['pairs_per_step'] == 8  # two moments each
    assert found['inputs'] == dict(
        video=[8, 3, 4, 32, 32], audio=[8, 1, 40, 101]
    )
    assert found['flops_per_step'] > 7e6  # conv1 of the video tower alone
    for figures in found['variants'].values():
        step = figures['step_seconds']
        assert 0 < step['min'] <= step['median'] <= step['max']
        assert figures['pairs_per_second'] == pytest.approx(8 / step['median'])
        assert figures['flops_per_second'] == pytest.approx(
            found['flops_per_step'] / step['median']
        )
        assert figures['speedup']['over'] == 'fp32'
    assert found['variants']['fp32']['speedup']['median'] == 1
    for part in ('preprocessing_seconds', 'log_mel_seconds'):
        assert found[part]['min'] > 0
    compared = found['torchvision']
    assert compared['clips'] == [8, 3, 4, 32, 32]
    for name in found['variants']:
        # Of a single convolution.
        assert compared[name]['ours_over_torchvision']['min'] > 1
    assert 'bf16+channels_last' in capsys.readouterr().out


@pytest.mark.parametrize(
    'name, shapes',
    [
        ('avts_kinetics.py', [(3, 25, 224, 224), (1, 40, 101)]),
        ('avts_kinetics_112.py', [(3, 25, 112, 112), (1, 40, 101)]),
        ('avts_grid.py', [(3, 20, 48, 64), (1, 40, 81)]),
        ('avts_grid_all_pairs.py', [(3, 20, 48, 64), (1, 40, 81)]),
        ('l3net_demo.py', [(3, 1, 32, 32), (1, 40, 101)]),
        ('finetune/ucf101_scratch.py', [(1, 3, 25, 224, 224)]),
    ],
)
def test_noise_has_the_shapes_of_the_config(name, shapes):
    cfg = Config.fromfile(CONFIGS / name)
    init_default_scope('mmaction')
    cfg.train_dataloader.batch_size = 2
    batch = noise_batch(cfg)
    inputs = batch['inputs']
    parts = list(inputs.values()) if isinstance(inputs, dict) else [inputs]
    assert parts[0][0].dtype == torch.uint8
    labels = [s.gt_label.tolist() for s in batch['data_samples']]
    clips = 2 if 'all_pairs' in name else 1
    assert labels == ([[0], [1]] if clips == 1 else [[1, 1]] * 2)
    inputs = MODELS.build(cfg.model.data_preprocessor)(batch, True)['inputs']
    parts = list(inputs.values()) if isinstance(inputs, dict) else [inputs]
    assert [tuple(part.shape[1:]) for part in parts] == shapes
    assert all(len(part) == 2 * clips for part in parts)


def test_switches_change_the_config_alone():
    cfg = Config.fromfile(CONFIGS / 'avts_kinetics_all_pairs.py')
    init_default_scope('mmaction')
    off = Switches().apply(cfg)
    assert off.model.video_backbone.channels_last is False
    assert off.optim_wrapper.type == 'OptimWrapper'
    assert 'compile' not in off.default_hooks
    every = Switches(True, True, True)
    assert every.name == 'bf16+channels_last+compile'
    on = every.apply(off)
    assert on.model == cfg.model and on.optim_wrapper == cfg.optim_wrapper
    assert on.default_hooks.compile.type == 'CompileHook'
    on = every.apply(Config.fromfile(CONFIGS / 'finetune/ucf101_scratch.py'))
    assert on.model.backbone.channels_last
    with pytest.raises(ValueError, match='L3VGG'):
        every.apply(Config.fromfile(CONFIGS / 'l3net_demo.py'))
