"""Two processes train as one process does with both batches together.

A real model at a tiny width on the embedded corpus, started as on two
machines: by two runs of `dist_train.sh`, and by `slurm_train.sh`. The
statistics of batch normalisation are frozen: each process sees only its own
half of the batch, and the one that spans processes (`sync_bn='torch'`) needs
GPUs.
"""

import importlib
import json
import os
import socket
from pathlib import Path

import pytest
import torch
from mmaction.registry import MODELS
from mmengine import Config
from mmengine.model import convert_sync_batchnorm
from mmengine.runner import Runner
from torch.nn.modules.batchnorm import _BatchNorm

from avts_mm.weights import load_state_dict

ROOT = Path(__file__).resolve().parents[2]

RECORDER = """
import json

from mmaction.registry import HOOKS
from mmengine.dist import get_rank
from mmengine.hooks import Hook


@HOOKS.register_module(force=True)
class RecordLosses(Hook):
    def before_train(self, runner):
        self.losses = []

    def after_train_iter(self, runner, batch_idx, data_batch, outputs):
        kinds = [s.kind for s in data_batch['data_samples']]
        self.losses.append((float(outputs['loss']), kinds))

    def after_train(self, runner):
        path = f'{runner.work_dir}/losses_{get_rank()}.json'
        with open(path, 'w') as file:
            json.dump(self.losses, file)
"""

# As Slurm does: one task on each of two nodes, told who it is.
SRUN = """#!/bin/bash
while [[ $1 == --* ]]; do
    [[ $1 == --ntasks=* ]] && tasks=${1#*=}
    shift
done
export SLURM_NTASKS=$tasks SLURM_LOCALID=0 SLURM_NODELIST='node[1-2]'
for ((i = 0; i < tasks; i++)); do
    SLURM_PROCID=$i "$@" &
    pids+=($!)
done
for pid in "${pids[@]}"; do wait "$pid" || exit 1; done
"""
SCONTROL = """#!/bin/bash
[[ "$*" == 'show hostnames node[1-2]' ]] && printf '127.0.0.1\\nnode2\\n'
"""


def make_config(folder, corpus, name, batch_size, checkpoint=None):
    cfg = Config.fromfile(ROOT / 'configs' / 'avts_demo.py')
    cfg.work_dir = str(folder / name)
    cfg.experiment_name = cfg.work_dir
    cfg.custom_imports.imports = ['avts_mm', 'record_losses']
    cfg.randomness = dict(seed=3)
    # Statistics are those of a checkpoint, or are learned.
    cfg.load_from = checkpoint
    model, fixed = cfg.model, dict(norm_eval=checkpoint is not None)
    model.head.all_pairs = False
    model.video_backbone.update(base_channels=2, **fixed)
    model.audio_backbone.update(channels=(2, 2, 4, 4, 4), **fixed)
    model.video_neck.update(in_channels=16, **fixed)
    model.audio_neck.update(in_channels=4, **fixed)
    loader = cfg.train_dataloader
    loader.update(
        batch_size=batch_size, num_workers=0, persistent_workers=False
    )
    loader.dataset.data_root = str(corpus.root)
    loader.dataset.pipeline[0].num_frames = 5
    loader.sampler.clips_per_video = 1
    loader.sampler.pairs_per_video = 8  # 96 pairs: 6 steps of 16
    # Adam would divide rounding errors by themselves where a gradient is 0.
    cfg.optim_wrapper = dict(
        type='OptimWrapper', optimizer=dict(type='SGD', lr=0.005, momentum=0.9)
    )
    cfg.param_scheduler = None
    cfg.train_cfg.max_epochs = 2
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    cfg.default_hooks.curriculum.stages = [
        dict(begin=0, mix=dict(easy=1)),
        dict(begin=1, mix=dict(easy=3, hard=1)),
    ]
    cfg.default_hooks.progress = cfg.default_hooks.report = None
    cfg.custom_hooks = [dict(type='RecordLosses')]
    return cfg


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp('union')
    (folder / 'record_losses.py').write_text(RECORDER)
    for name, text in (('srun', SRUN), ('scontrol', SCONTROL)):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    return folder


def read(work_dir, ranks):
    """Losses of each step, their pairs, and the weights at the end."""
    work_dir = Path(work_dir)
    logs = [
        json.loads((work_dir / f'losses_{rank}.json').read_text())
        for rank in range(ranks)
    ]
    losses = [sum(loss for loss, _ in step) / ranks for step in zip(*logs)]
    kinds = [sorted(k for _, ks in step for k in ks) for step in zip(*logs)]
    return losses, kinds, load_state_dict(work_dir / 'epoch_2.pth')


@pytest.fixture(scope='module')
def checkpoint(folder, corpus):
    """What gives the statistics: a training that learns them."""
    cfg = make_config(folder, corpus, 'first', 16)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        importlib.import_module('record_losses')
    Runner.from_cfg(cfg).train()
    return f'{cfg.work_dir}/epoch_2.pth'


@pytest.fixture(scope='module')
def alone(folder, corpus, checkpoint):
    cfg = make_config(folder, corpus, 'alone', 16, checkpoint)
    Runner.from_cfg(cfg).train()
    return read(cfg.work_dir, 1)


def compare_all_pairs(cfg):
    """Centred embeddings, all pairs of the batch of all ranks."""
    for neck in (cfg.model.video_neck, cfg.model.audio_neck):
        neck.center = True
    cfg.default_hooks.checkpoint.strict = False  # it has no means yet
    cfg.model.head.all_pairs = True
    cfg.train_dataloader.sampler.clips_per_video = 2
    return cfg


@pytest.fixture(scope='module')
def all_alone(folder, corpus, checkpoint):
    cfg = make_config(folder, corpus, 'all_alone', 16, checkpoint)
    Runner.from_cfg(compare_all_pairs(cfg)).train()
    return read(cfg.work_dir, 1)


@pytest.mark.timeout(600)
@pytest.mark.parametrize('way', ['torchrun', 'slurm', 'all_pairs'])
def test_losses_and_weights(
    way, folder, corpus, checkpoint, request, start_script
):
    cfg = make_config(folder, corpus, way, 8, checkpoint)
    fixture = 'alone'
    if way == 'all_pairs':
        compare_all_pairs(cfg)
        fixture = 'all_alone'
    alone = request.getfixturevalue(fixture)
    config = folder / f'{way}.py'
    cfg.dump(config)
    common = dict(modules=[folder], PATH=f'{folder}:{os.environ["PATH"]}')
    if way != 'slurm':
        with socket.socket() as probe:
            probe.bind(('127.0.0.1', 0))
            common.update(PORT=str(probe.getsockname()[1]), NNODES='2')
        started = [
            start_script(
                'dist_train.sh',
                config,
                1,
                NODE_RANK=rank,
                MASTER_ADDR='127.0.0.1',
                **common,
            )
            for rank in '01'
        ]
    else:
        started = [
            start_script(
                'slurm_train.sh',
                'cpu',
                'avts',
                config,
                GPUS='2',
                GPUS_PER_NODE='0',
                **common,
            )
        ]
    for process in started:
        out, _ = process.communicate(timeout=500)
        assert process.returncode == 0, out[-3000:]

    losses, kinds, weights = read(folder / way, 2)
    expected_losses, expected_kinds, expected_weights = alone
    assert len(set(losses)) == 12
    assert kinds == expected_kinds
    if way != 'all_pairs':
        assert kinds[0] != kinds[-1]  # the curriculum has gone on
    # Rounding grows from step to step; of one step it is below 1e-5.
    bound = 1e-4 if way == 'all_pairs' else 1e-5
    assert losses == pytest.approx(expected_losses, abs=bound)
    assert weights.keys() == expected_weights.keys()
    for key, value in expected_weights.items():
        torch.testing.assert_close(weights[key], value, atol=bound, rtol=bound)


def test_sync_bn_takes_the_place_of_every_layer(folder, corpus):
    cfg = make_config(folder, corpus, 'unused', 8)
    model = convert_sync_batchnorm(MODELS.build(cfg.model), 'torch')
    norms = [m for m in model.modules() if isinstance(m, _BatchNorm)]
    assert len(norms) > 20
    assert all(isinstance(m, torch.nn.SyncBatchNorm) for m in norms)
