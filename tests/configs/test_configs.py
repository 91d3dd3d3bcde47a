"""Every config is built, run and held against its timetable."""

import ast
from pathlib import Path

import pytest
import torch
from mmaction.registry import MODELS
from mmengine.registry import init_default_scope
from mmengine.runner import Runner

from avts_mm.compat import read_config

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
NAMES = sorted(
    str(p.relative_to(CONFIGS))
    for p in CONFIGS.rglob('*.py')
    if not {'_base_', 'finetune'} & set(p.parts)
)
EASY, MIXED = dict(easy=1), dict(easy=3, hard=1)
PAPER = {0: EASY, 49: EASY, 50: MIXED, 89: MIXED}
# What each variant of the paper's schedule trains on, by 0-based epoch.
TIMETABLES = {
    'avts_kinetics.py': PAPER,
    'avts_kinetics_all_pairs.py': PAPER,
    'ablation/avts_kinetics_literal.py': PAPER,
    'avts_audioset.py': PAPER,
    'ablation/avts_easy.py': {0: EASY, 89: EASY},
    'ablation/avts_mix.py': {0: MIXED, 89: MIXED},
    'ablation/avts_hard.py': {0: dict(hard=1), 89: dict(hard=1)},
    'ablation/avts_easy_then_hard.py': {49: EASY, 50: dict(hard=1)},
    'ablation/avts_super_hard.py': {
        49: EASY,
        50: dict(easy=2, hard=1, super_hard=1),
    },
    'ablation/avts_cross_entropy.py': PAPER,
    'ablation/avts_mc2.py': PAPER,
    'ablation/avts_r3d.py': PAPER,
    'l3net_kinetics.py': {0: EASY, 89: EASY},
}


def load(name):
    return read_config(str(CONFIGS / name))


def shrink(cfg, corpus, work_dir):
    """The same config at a size that two iterations can be run at."""
    model = cfg.model
    if model.video_backbone.type == 'L3VGG':
        model.video_backbone.channels = (2, 2, 4, 4)
        model.audio_backbone.channels = (2, 2, 4, 4)
        model.head.in_channels = 4
    else:
        model.video_backbone.base_channels = 2
        model.audio_backbone.channels = (2, 2, 4, 4, 4)
        model.video_neck.in_channels = 16
        model.audio_neck.in_channels = 4
    # A network that compares step by step needs as many as the sound has.
    frames = 20 if model.head.type == 'StepContrastiveHead' else 4
    for loader in (cfg.train_dataloader, cfg.val_dataloader):
        loader.batch_size = 4
        loader.num_workers = 0
        loader.persistent_workers = False
        loader.dataset.data_root = str(corpus.root)
        # The test corpus has videos of 3 s.
        loader.dataset.clip_seconds = 0.8
        loader.dataset.hard_gap = 0.3
        loader.dataset.super_hard_overlap = (0.2, 0.6)
        for step in loader.dataset.pipeline:
            if step.type == 'LoadAVFrames':
                step.num_frames = min(step.num_frames, frames)
            elif step.type == 'RandomCrop':
                step.size = 32
            elif step.type == 'Resize':
                step.scale = (-1, 36) if -1 in step.scale else (32, 32)
            elif step.type == 'RandomAffine':
                step.size = (32, 32)
            elif step.type == 'MultiScaleCrop':
                step.input_size = 32
            elif step.type == 'CenterCrop':
                step.crop_size = 32
    cfg.train_dataloader.dataset.ann_file = str(corpus.train)
    cfg.val_dataloader.dataset.ann_file = str(corpus.val)
    cfg.test_dataloader = cfg.val_dataloader
    cfg.train_cfg = dict(type='IterBasedTrainLoop', max_iters=2)
    cfg.val_cfg = cfg.val_evaluator = cfg.val_dataloader = None
    cfg.test_cfg = cfg.test_evaluator = cfg.test_dataloader = None
    cfg.param_scheduler = None
    cfg.default_hooks.checkpoint = None
    if 'compile' in cfg.default_hooks:
        cfg.default_hooks.compile.backend = 'eager'  # takes no time
    for name in ('curriculum', 'plateau', 'progress', 'report'):
        cfg.default_hooks[name] = None
    cfg.work_dir = str(work_dir)
    cfg.env_cfg.dist_cfg.backend = 'gloo'
    cfg.log_level = 'WARNING'
    return cfg


def test_no_config_is_forgotten():
    assert set(TIMETABLES) <= set(NAMES)


@pytest.mark.parametrize('name', NAMES)
def test_runs_two_iterations(name, corpus, tmp_path):
    cfg = shrink(load(name), corpus, tmp_path)
    cfg.experiment_name = f'{tmp_path.name}_{name}'
    runner = Runner.from_cfg(cfg)
    before = [p.detach().clone() for p in runner.model.parameters()]
    runner.train()
    assert runner.iter == 2
    after = list(runner.model.parameters())
    assert all(p.isfinite().all() for p in after)
    moved = [not torch.equal(a, b) for a, b in zip(before, after)]
    assert sum(moved) > len(moved) * 0.8


@pytest.mark.parametrize('name', NAMES)
def test_full_size_model_is_built(name):
    init_default_scope('mmaction')
    model = MODELS.build(load(name).model)
    millions = sum(p.numel() for p in model.video_backbone.parameters()) / 1e6
    backbone = load(name).model.video_backbone
    expected = dict(avts_mc2=11.2, avts_r3d=33.2).get(Path(name).stem, 11.5)
    width = backbone.get('base_channels', 64)
    if backbone.type == 'L3VGG':
        expected, width = 4.7, backbone.get('channels', [64])[0]
    if width == 64:
        assert millions == pytest.approx(expected, abs=0.06)
    else:
        assert millions < 1


@pytest.mark.parametrize('name', TIMETABLES)
def test_curriculum_timetable(name):
    from avts_mm.engine import mix_at

    cfg = load(name)
    hook = cfg.default_hooks.curriculum
    for epoch, mix in TIMETABLES[name].items():
        assert dict(mix_at(hook.stages, epoch)) == mix
    assert cfg.train_cfg.max_epochs == 90


@pytest.mark.parametrize(
    'name', ['avts_kinetics.py', 'ablation/avts_kinetics_literal.py']
)
def test_the_papers_figures(name):
    cfg = load(name)
    assert cfg.train_dataloader.batch_size == 16
    frames = cfg.train_dataloader.dataset.pipeline[0]
    assert (frames.type, frames.num_frames) == ('LoadAVFrames', 25)
    assert cfg.model.head.loss.margin == 0.99
    assert cfg.optim_wrapper.optimizer.type == 'SGD'
    (scheduler,) = cfg.param_scheduler
    assert (scheduler.factor, scheduler.patience) == (0.1, 5)


@pytest.mark.parametrize(
    'name',
    [
        'avts_kinetics_all_pairs.py',
        'avts_grid.py',
        'avts_faces.py',
        'avts_demo.py',
    ],
)
def test_learning_rate_warms_up_and_falls(name):
    from mmaction.registry import PARAM_SCHEDULERS
    from mmengine.optim import OptimWrapper

    cfg = load(name)
    epochs, per_epoch = cfg.train_cfg.max_epochs, 4
    init_default_scope('mmaction')
    lr = cfg.optim_wrapper.optimizer.lr
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr)
    schedulers = []
    for entry in cfg.param_scheduler:
        entry = dict(entry)
        kind = PARAM_SCHEDULERS.get(entry.pop('type'))
        entry.pop('convert_to_iter_based')
        entry.setdefault('begin', 0)
        schedulers.append(
            kind.build_iter_from_epoch(
                OptimWrapper(optimizer), epoch_length=per_epoch, **entry
            )
        )
    seen = []
    for _ in range(epochs * per_epoch):
        seen.append(optimizer.param_groups[0]['lr'])
        for scheduler in schedulers:
            scheduler.step()
    assert seen[0] < 0.1 * lr
    assert max(seen) == pytest.approx(lr)
    top = seen.index(max(seen))
    assert seen[:top] == sorted(seen[:top])
    assert seen[top:] == sorted(seen[top:], reverse=True)
    assert seen[-1] < 0.1 * lr


def bases(path):
    """The files that a config reads, and how deep they inherit."""
    tree = ast.parse(path.read_text())
    named = [
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and node.targets[0].id == '_base_'
    ]
    names = named[0] if named else []
    below = [
        bases((path.parent / name).resolve())
        for name in ([names] if isinstance(names, str) else names)
    ]
    files = {path}.union(*(files for files, _ in below))
    return files, 1 + max((depth for _, depth in below), default=0)


def test_configs_are_read_in_one_sitting():
    read = [bases(p) for p in CONFIGS.rglob('*.py') if '_base_' not in p.parts]
    assert max(depth for _, depth in read) <= 4
    assert sum(len(files) for files, _ in read) / len(read) <= 5
