"""A run that was stopped and gone on with ends as one that was not.

Nothing may differ, not by one bit: weights, their running mean, the state of
the optimiser and of the schedules, over the switch of the curriculum and a
fall of the learning rate, with dropout and random augmentation.
"""

import random
from pathlib import Path

import numpy as np
import pytest
import torch
from mmaction.registry import HOOKS, TRANSFORMS
from mmcv.transforms import BaseTransform
from mmengine import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner

from avts_mm.engine import newest_checkpoint
from avts_mm.media.annotation import read_records, write_records

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
EXACT = ('state_dict', 'ema_state_dict', 'optimizer', 'param_schedulers')


@TRANSFORMS.register_module(force=True)
class NoiseFromEverywhere(BaseTransform):
    """Draws from every source of chance that augmentation may use."""

    def transform(self, results):
        shift = np.random.uniform() + random.random() + torch.rand(()).item()
        results['imgs'] = [
            np.uint8(np.clip(image + 40 * (shift - 1.5), 0, 255))
            for image in results['imgs']
        ]
        return results


class Killed(BaseException):
    """What ends a run on the spot."""


@HOOKS.register_module(force=True)
class KillHook(Hook):
    """Ends a run when so many iterations are done and saved, or not."""

    priority = 'LOWEST'

    def __init__(self, iteration):
        self.iteration = iteration

    def after_train_iter(self, runner, *args, **kwargs):
        if runner.iter + 1 == self.iteration:
            raise Killed

    def before_train_epoch(self, runner):
        if runner.iter == self.iteration:
            raise Killed


def small(name, work_dir, workers, pipeline_at):
    cfg = Config.fromfile(CONFIGS / name)
    cfg.work_dir = str(work_dir)
    cfg.experiment_name = f'{work_dir.parent.name}_{work_dir.name}'
    cfg.log_level = 'WARNING'
    loader = cfg.train_dataloader
    loader.num_workers = workers
    loader.persistent_workers = workers > 0
    loader.dataset.pipeline.insert(
        pipeline_at, dict(type='NoiseFromEverywhere')
    )
    if 'num_frames' in loader.dataset.pipeline[0]:
        loader.dataset.pipeline[0].num_frames = 5
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    cfg.default_hooks.update(progress=None, report=None)
    cfg.custom_hooks = [dict(type='EMAHook', momentum=0.1)]
    cfg.default_hooks.checkpoint = dict(
        type='SafeCheckpointHook', interval=1, max_keep_ckpts=1
    )
    cfg.randomness = dict(seed=3)
    return cfg


@pytest.fixture
def pretraining(corpus, tmp_path):
    """Makes a config of three epochs of six iterations."""

    def make(name, workers=0):
        cfg = small('avts_demo.py', tmp_path / name, workers, 2)
        cfg.model.video_backbone.base_channels = 2
        cfg.model.audio_backbone.channels = (2, 2, 4, 4, 4)
        cfg.model.video_neck.in_channels = 16
        cfg.model.audio_neck.in_channels = 4
        cfg.train_dataloader.batch_size = 8
        cfg.train_dataloader.dataset.data_root = str(corpus.root)
        cfg.train_dataloader.sampler.pairs_per_video = 4
        cfg.train_cfg.max_epochs = 3
        cfg.default_hooks.checkpoint.mid_epoch_interval = 4
        # No loss is good enough: the rate falls after the second epoch.
        cfg.param_scheduler = [
            dict(type='TrainLossPlateauLR', patience=0, threshold=0.99),
            dict(type='LinearLR', start_factor=0.5, end=15, by_epoch=False),
        ]
        cfg.default_hooks.curriculum.stages = [
            dict(begin=0, mix=dict(easy=1)),
            dict(begin=1, mix=dict(easy=3, hard=1)),
        ]
        cfg.default_hooks.plateau = dict(type='TrainLossPlateauHook')
        return cfg

    return make


@pytest.fixture
def by_iterations(corpus, tmp_path):
    """Makes a config of twelve iterations of finetuning."""
    records = read_records(corpus.train)
    for number, record in enumerate(records):
        record.update(label=number % 4)
    write_records(tmp_path / 'labelled.csv', records)

    def make(name, workers=0):
        cfg = small('finetune/grid_scratch.py', tmp_path / name, workers, 3)
        cfg.model.backbone.base_channels = 2
        cfg.model.cls_head.in_channels = 16
        cfg.train_dataloader.batch_size = 4
        cfg.train_dataloader.dataset.update(
            data_root=str(corpus.root), ann_file=str(tmp_path / 'labelled.csv')
        )
        cfg.train_cfg.max_iters = 12
        cfg.default_hooks.checkpoint.update(by_epoch=False, interval=3)
        return cfg

    return make


@pytest.fixture
def by_both(corpus, tmp_path):
    """Makes a config of nine iterations of picture and sound, with dropout of
    modalities."""

    def make(name, workers=0):
        cfg = small('finetune/av_grid.py', tmp_path / name, workers, 3)
        cfg.model.init_cfg = None
        cfg.model.video_backbone.base_channels = 2
        cfg.model.audio_backbone.channels = (2, 2, 4, 4, 4)
        cfg.model.cls_head.in_channels = (16, 4)
        cfg.train_dataloader.batch_size = 4
        lists = dict(data_root=str(corpus.root), ann_file=str(corpus.train))
        cfg.train_dataloader.dataset.update(lists)
        cfg.train_dataloader.dataset.pipeline[2].update(lists)
        cfg.train_cfg.max_iters = 9
        cfg.default_hooks.checkpoint.update(by_epoch=False, interval=3)
        return cfg

    return make


@pytest.fixture
def by_epochs(corpus, tmp_path):
    """Makes a config of three epochs of finetuning of three iterations."""
    lines = [
        f'{record["video"]} {number % 101}\n'
        for number, record in enumerate(read_records(corpus.train))
    ]
    (tmp_path / 'list.txt').write_text(''.join(lines))

    def make(name, workers=0):
        cfg = small('finetune/ucf101_scratch.py', tmp_path / name, workers, 4)
        cfg.model.backbone.base_channels = 2
        cfg.model.cls_head.in_channels = 16
        cfg.train_dataloader.batch_size = 4
        cfg.train_dataloader.dataset.update(
            data_root='',
            data_prefix=dict(video=str(corpus.root)),
            ann_file=str(tmp_path / 'list.txt'),
        )
        pipeline = cfg.train_dataloader.dataset.pipeline
        pipeline[1].clip_len = 5
        pipeline[3].scale = (-1, 36)
        pipeline[5].input_size = 32
        pipeline[6].scale = (32, 32)
        cfg.train_cfg.max_epochs = 3
        cfg.default_hooks.checkpoint.mid_epoch_interval = 2
        return cfg

    return make


def ended(cfg):
    """Train to the end; what its last checkpoint holds."""
    Runner.from_cfg(cfg).train()
    path = newest_checkpoint(cfg.work_dir)
    return torch.load(path, weights_only=True)


def killed_and_resumed(cfg, iteration):
    doomed = cfg.copy()
    kill = dict(type='KillHook', iteration=iteration)
    doomed.custom_hooks = [*cfg.custom_hooks, kill]
    with pytest.raises(Killed):
        Runner.from_cfg(doomed).train()
    cfg.experiment_name += '_resumed'
    # As when nobody asks for a seed: every start has another.
    cfg.randomness = dict(seed=None)
    cfg.resume = True
    return ended(cfg)


def assert_equal(a, b, where=''):
    if isinstance(a, dict):
        assert a.keys() == b.keys(), where
        a, b = [[x[key] for key in a] for x in (a, b)]
    if isinstance(a, (list, tuple)):
        assert len(a) == len(b), where
        for number, pair in enumerate(zip(a, b)):
            assert_equal(*pair, f'{where}.{number}')
    elif isinstance(a, torch.Tensor):
        assert torch.equal(a, b), where
    else:
        assert a == b, where


def assert_same_end(whole, resumed):
    for part in EXACT:
        assert_equal(whole[part], resumed[part], part)
    assert whole['meta']['iter'] == resumed['meta']['iter']
    losses = [
        x['message_hub']['log_scalars']['train/loss'].data[0].tolist()
        for x in (whole, resumed)
    ]
    assert losses[0] == losses[1]


def test_pretraining(pretraining):
    whole = ended(pretraining('whole'))
    rates = whole['message_hub']['log_scalars']['train/lr'].data[0]
    assert rates[12] == pytest.approx(rates[11] / 10, rel=0.2)
    # The end of an epoch; within the mixed epoch; after the rate has fallen.
    for workers, iteration in ((0, 12), (2, 12), (0, 10), (2, 17)):
        name = f'workers{workers}_at{iteration}'
        cfg = pretraining(name, workers)
        assert_same_end(whole, killed_and_resumed(cfg, iteration))


@pytest.mark.parametrize('way', ['by_iterations', 'by_both', 'by_epochs'])
def test_finetuning(way, request):
    make = request.getfixturevalue(way)
    whole = ended(make('whole'))
    assert_same_end(whole, killed_and_resumed(make('stopped', 2), 8))
