"""A Runner around a toy model, real enough for hooks."""

import itertools

import pytest
import torch
from mmaction.structures import ActionDataSample
from mmengine.model import BaseModel
from mmengine.runner import BaseLoop, Runner

from avts_mm.datasets import AVPairDataset
from avts_mm.engine.loops.stop_signals import end_workers
from avts_mm.media.annotation import write_records

numbers = itertools.count()


class ToyModel(BaseModel):
    """Its loss is what a table says for the epoch; it notes its batches."""

    def __init__(self, losses=(1.0,)):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.losses = list(losses)
        self.batches = []
        self.runner = None

    def forward(self, inputs, data_samples=None, mode='tensor'):
        if mode == 'predict':
            for sample in data_samples:
                noise = torch.rand(
                    (), generator=torch.manual_seed(sample.pair[3] % 9999)
                )
                sample.set_field(
                    0.6 * noise + 0.5 * (sample.kind > 0), 'pred_distance'
                )
            return data_samples
        epoch = self.runner.epoch if self.runner else 0
        self.batches.append((epoch, [s.kind for s in data_samples]))
        loss = self.losses[min(epoch, len(self.losses) - 1)]
        return dict(loss=self.weight.sum() * 0 + loss)


def pack(results):
    """Pack a plan without reading anything."""
    sample = ActionDataSample()
    keys = ('kind', 'pair', 'video_path', 'audio_path')
    sample.set_metainfo({key: results[key] for key in keys})
    return dict(inputs=torch.zeros(1), data_samples=sample)


@pytest.fixture
def toy_dataset(tmp_path):
    """Pairs of 32 videos of 6 s that do not exist."""
    records = [
        dict(video=f'v{i}.mp4', audio=f'v{i}.wav', duration=6.0, start=0.0)
        for i in range(32)
    ]
    write_records(tmp_path / 'toy.csv', records)
    return AVPairDataset(str(tmp_path / 'toy.csv'), [pack])


@pytest.fixture
def toy_runner(tmp_path, toy_dataset):
    """Makes a Runner; keyword arguments are the Runner's and the model's."""
    runners = []

    def make(losses=(1.0,), max_epochs=3, workers=0, sampler=None, **kwargs):
        loader = dict(
            batch_size=8,
            num_workers=workers,
            persistent_workers=workers > 0,
            dataset=toy_dataset,
            sampler=sampler or dict(type='AVPairSampler', seed=3),
        )
        model = ToyModel(losses)
        hooks = dict(
            runtime_info=dict(type='DeferredInfoHook'),
            checkpoint=dict(type='CheckpointHook', interval=1),
            logger=dict(type='LoggerHook', interval=2),
        )
        arguments = dict(
            model=model,
            work_dir=str(tmp_path / 'work'),
            train_dataloader=loader,
            optim_wrapper=dict(optimizer=dict(type='SGD', lr=1.0)),
            train_cfg=dict(by_epoch=True, max_epochs=max_epochs),
            default_hooks=hooks,
            default_scope='mmaction',
            experiment_name=f'toy_{next(numbers)}',
            randomness=dict(seed=3),
            log_level='WARNING',
        )
        runner = Runner(**{**arguments, **kwargs})
        model.runner = runner
        runners.append(runner)
        return runner

    yield make
    # mmengine's own loops leave them to the garbage collector.
    for runner in runners:
        for loop in (runner._train_loop, runner._val_loop):
            if isinstance(loop, BaseLoop):
                end_workers(loop.dataloader)


@pytest.fixture
def toy_val(toy_dataset):
    """Runner arguments for a validation by SyncMetric."""
    return dict(
        val_dataloader=dict(
            batch_size=12,
            num_workers=0,
            dataset=toy_dataset,
            sampler=dict(type='AVPairTestSampler', seed=0),
        ),
        val_cfg=dict(),
        val_evaluator=dict(type='SyncMetric'),
    )
