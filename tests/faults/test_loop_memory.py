"""Many small steps through the Runner with every default hook.

12,000 steps are two hours of steps of 0.6 s.
"""

import gc
import os
import resource
from pathlib import Path

import pytest
import torch
from mmaction.structures import ActionDataSample
from mmengine import Config
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.runner import Runner

from avts_mm.datasets import AVPairDataset
from avts_mm.media.annotation import write_records

ROOT = Path(__file__).resolve().parents[2]
STEPS = int(os.environ.get('MEMORY_STEPS', 12000))
EPOCHS = 4

pytestmark = pytest.mark.skipif(
    not os.path.isdir('/proc/self'), reason='measures through /proc'
)


class SmallModel(BaseModel):
    """As little as a step can be."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(1))

    def forward(self, inputs, data_samples=None, mode='tensor'):
        loss = self.weight.square().sum()
        return dict(loss=loss, other=loss.detach() / 2)


class MemoryHook(Hook):
    """Notes the memory of the process every 500 steps, in MB."""

    def __init__(self):
        self.megabytes = []

    def after_train_iter(
        self, runner, batch_idx, data_batch=None, outputs=None
    ) -> None:
        if runner.iter % 500 == 499:
            gc.collect()
            pages = int(Path('/proc/self/statm').read_text().split()[1])
            self.megabytes.append(pages * resource.getpagesize() / 2**20)


def pack(results):
    return dict(inputs=torch.zeros(1), data_samples=ActionDataSample())


@pytest.mark.timeout(900)
def test_a_long_training(tmp_path, capsys):
    records = [
        dict(video=f'{i}.mp4', audio=f'{i}.wav', start=0, duration=6)
        for i in range(50)
    ]
    write_records(tmp_path / 'a.csv', records)
    runtime = Config.fromfile(ROOT / 'configs/_base_/default_runtime.py')
    hooks = dict(runtime.default_hooks)
    hooks['checkpoint'] = dict(type='CheckpointHook', max_keep_ckpts=1)
    memory = MemoryHook()
    runner = Runner(
        model=SmallModel(),
        work_dir=str(tmp_path / 'run'),
        train_dataloader=dict(
            batch_size=2,
            num_workers=0,
            dataset=AVPairDataset(str(tmp_path / 'a.csv'), [pack]),
            sampler=dict(
                type='AVPairSampler',
                pairs_per_video=STEPS * 2 // EPOCHS // 50,
                round_to=2,
            ),
        ),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=1e-6)),
        train_cfg=dict(by_epoch=True, max_epochs=EPOCHS),
        default_hooks=hooks,
        custom_hooks=[memory],
        default_scope='mmaction',
        experiment_name=tmp_path.name,
        log_level='ERROR',
    )
    runner.train()
    assert len(memory.megabytes) == STEPS // 500
    # What the first half allocates once is of no interest.
    late = memory.megabytes[len(memory.megabytes) // 2 :]
    growth = (late[-1] - late[0]) / (len(late) - 1) * 2
    with capsys.disabled():
        print(f' {growth:+.3f} MB per 1,000 steps, the second half')
    assert growth < 0.3
