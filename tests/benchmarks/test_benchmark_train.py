"""The measurement of the training step."""

import importlib.util
import json
import sys
import types
from pathlib import Path

import pytest
import torch
from mmengine import Config
from mmengine.registry import init_default_scope

ROOT = Path(__file__).parents[2]
TOOLS = ROOT / 'benchmarks'
SMALL = [
    'model.video_backbone.base_channels=2',
    'model.audio_backbone.channels=(2,2,4,4,4)',
    'model.video_neck.in_channels=16',
    'model.audio_neck.in_channels=4',
    'train_dataloader.batch_size=4',
    'train_dataloader.num_workers=0',
    'train_dataloader.persistent_workers=False',
    'train_dataloader.dataset.pipeline.0.num_frames=4',
]


@pytest.fixture(scope='module')
def tool():
    sys.path.insert(0, str(TOOLS))
    spec = importlib.util.spec_from_file_location(
        'benchmark_train', TOOLS / 'benchmark_train.py'
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    sys.path.remove(str(TOOLS))


@pytest.fixture
def torchvision(monkeypatch):
    """A small stand-in: one that goes with a CPU build of torch is rare."""

    def mc3_18(num_classes):
        return torch.nn.Sequential(
            torch.nn.Conv3d(3, num_classes, 3, 4),
            torch.nn.AdaptiveAvgPool3d(1),
            torch.nn.Flatten(),
        )

    package = types.ModuleType('torchvision')
    package.__version__ = '0.0'
    video = types.ModuleType('torchvision.models.video')
    video.mc3_18 = mc3_18
    for module in (package, types.ModuleType('torchvision.models'), video):
        monkeypatch.setitem(sys.modules, module.__name__, module)


def test_figures_of_a_config(tool, torchvision, corpus, tmp_path, capsys):
    file = tmp_path / 'step.json'
    tool.main(
        [str(ROOT / 'configs' / 'avts_demo.py'), '--json', str(file)]
        + ['--variants', 'fp32', 'bf16+channels_last', '--loader']
        + ['--repeats', '2', '--steps', '1', '--warmup', '1', '--torchvision']
        + ['--cfg-options', *SMALL]
        + [f'train_dataloader.dataset.data_root={corpus.root}']
        + [f'train_dataloader.dataset.ann_file={corpus.train}']
        + ['train_dataloader.dataset.clip_seconds=0.8']
    )
    found = json.loads(file.read_text())
    assert found['pairs_per_step'] == 4
    assert found['sample'] == dict(video=[3, 4, 32, 32], audio=[12800])
    # At least conv1 of the video tower, forward and for its weights.
    conv1 = 4 * 4 * 16 * 16 * 2 * 3 * (3 * 7 * 7)
    assert found['flops_per_step'] > 2 * 2 * conv1
    assert list(found['variants']) == ['fp32', 'bf16+channels_last']
    for figures in found['variants'].values():
        step = figures['step_seconds']
        assert 0 < step['min'] <= step['median'] <= step['max']
        assert figures['pairs_per_second'] == pytest.approx(4 / step['median'])
        bare = figures['bare_step_seconds']['median']
        assert figures['flops_per_second'] == pytest.approx(
            found['flops_per_step'] / bare
        )
        assert figures['log_mel_share'] > 0
        assert figures['preprocessing_share'] > 0
        assert figures['speedup']['over'] == 'fp32'
    assert found['variants']['fp32']['speedup']['median'] == 1
    last = found['variants']['bf16+channels_last']
    assert last['speedup_over']['fp32']['max'] == last['speedup']['max']
    assert found['variants']['fp32']['dtype'] == 'float32'
    assert found['loader']['fp32']['batches'] >= 1
    assert 0 < found['loader']['fp32']['waiting_share'] < 1
    compared = found['torchvision']
    assert compared['clips'] == [4, 3, 4, 32, 32]
    for name in found['variants']:
        # Of a single convolution.
        assert compared[name]['ours_over_torchvision']['min'] > 1
    assert '| bf16+channels_last |' in capsys.readouterr().out


def test_pairs_cost_less_with_several_sounds(tool, tmp_path):
    base = ROOT / 'configs' / 'avts_demo.py'
    several = tmp_path / 'several.py'
    several.write_text(
        f'_base_ = {str(base)!r}\n'
        'train_dataloader = dict(sampler=dict(sounds_per_clip=3))\n'
    )
    file = tmp_path / 'step.json'
    tool.main(
        [str(several), '--against', str(base), '--json', str(file)]
        + ['--repeats', '3', '--steps', '1', '--warmup', '1']
        + ['--cfg-options', *SMALL]
    )
    found = json.loads(file.read_text())
    against = found['against']
    assert (found['pairs_per_step'], against['pairs_per_step']) == (12, 4)
    step, cheaper = against['step_ratio'], against['times_cheaper_per_pair']
    assert cheaper['median'] == pytest.approx(3 / step['median'])
    assert cheaper['max'] == pytest.approx(3 / step['min'])


@pytest.mark.parametrize(
    'name, shapes',
    [
        ('avts_kinetics.py', [(3, 25, 224, 224), (16000,)]),
        ('avts_kinetics_112.py', [(3, 25, 112, 112), (16000,)]),
        ('avts_grid.py', [(3, 20, 48, 64), (12800,)]),
        ('avts_kinetics_sounds.py', [(3, 25, 224, 224), (3, 16000)]),
        ('l3net_demo.py', [(3, 1, 32, 32), (16000,)]),
        ('finetune/ucf101_scratch.py', [(1, 3, 25, 224, 224)]),
    ],
)
def test_noise_has_the_shapes_of_the_config(tool, name, shapes):
    from train_benchmark.batches import noise_batch, sample_shapes

    cfg = Config.fromfile(ROOT / 'configs' / name)
    init_default_scope('mmaction')
    cfg.train_dataloader.batch_size = 2
    batch = noise_batch(cfg)
    inputs = batch['inputs']
    parts = list(inputs.values()) if isinstance(inputs, dict) else [inputs]
    assert [tuple(s) for s in sample_shapes(batch).values()] == shapes
    assert parts[0][0].dtype == torch.uint8
    labels = [s.gt_label.tolist() for s in batch['data_samples']]
    several = name == 'avts_kinetics_sounds.py'
    assert labels == ([[1, 0, 0]] * 2 if several else [[0], [1]])


def test_switches_change_the_config_alone(tool):
    from train_benchmark.steps import Switches

    cfg = Config.fromfile(ROOT / 'configs' / 'avts_kinetics_fast.py')
    init_default_scope('mmaction')
    off = Switches().apply(cfg)
    assert off.model.video_backbone.channels_last is False
    assert off.optim_wrapper.type == 'OptimWrapper'
    assert 'compile' not in off.default_hooks
    every = Switches(True, True, True)
    assert every.name == 'bf16+channels_last+compile'
    on = every.apply(off)
    assert on.model == cfg.model and on.optim_wrapper == cfg.optim_wrapper
    assert on.default_hooks.compile.modules == [
        'video_backbone',
        'audio_backbone',
    ]
    finetuning = Config.fromfile(ROOT / 'configs/finetune/ucf101_scratch.py')
    on = every.apply(finetuning)
    assert on.model.backbone.channels_last
    assert on.default_hooks.compile.modules == ['backbone']
    with pytest.raises(ValueError, match='L3VGG'):
        every.apply(Config.fromfile(ROOT / 'configs' / 'l3net_demo.py'))


def test_unknown_variant_is_named(tool):
    with pytest.raises(SystemExit, match='fast: a variant is one of fp32'):
        tool.main(['configs/avts_demo.py', '--variants', 'fast'])
