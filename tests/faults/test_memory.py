"""Reading for days and training for hours take no more memory, and reading
leaves no file open.

``MEMORY_READS=20000`` reads that often, which takes some minutes a reader;
12,000 steps are two hours of steps of 0.6 s.
"""

import gc
import os
import resource
from pathlib import Path

import pytest
import torch
from media_files import render
from mmaction.structures import ActionDataSample
from mmengine import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner
from toy_training import ToyNet

from avts_mm.datasets import AVPairDataset
from avts_mm.datasets.transforms import LoadAVAudio, LoadAVFrames
from avts_mm.media.annotation import write_records

ROOT = Path(__file__).resolve().parents[2]
READS = int(os.environ.get('MEMORY_READS', 1500))
WARM_UP = 300
FILES = dict(seconds=1.6, fps=10, gop=5, rate=16000, events=(3, 8))
STEPS = int(os.environ.get('MEMORY_STEPS', 12000))
EPOCHS = 4

pytestmark = pytest.mark.skipif(
    not os.path.isdir('/proc/self/fd'), reason='measures through /proc'
)


def memory() -> float:
    """MB that this process holds."""
    gc.collect()
    pages = int(Path('/proc/self/statm').read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


@pytest.mark.timeout(3000)
@pytest.mark.parametrize(
    'load, name, audio, prepared',
    [
        (LoadAVFrames(3), 'a.mp4', 'aac', False),
        (LoadAVFrames(3, 'decord'), 'a.mp4', 'aac', True),
        (LoadAVAudio(), 'a.mp4', 'aac', False),
        (LoadAVAudio(), 'a.wav', 'pcm_s16le', False),
    ],
    ids=['pyav', 'decord', 'sound', 'wav'],
)
def test_samples(tmp_path, capsys, load, name, audio, prepared):
    paths = []
    for number in range(4):
        path = tmp_path / f'{number}_{name}'
        video = None if name.endswith('wav') else 'libx264'
        paths.append(render(path, video, audio, **FILES).path)

    def read(number):
        path = paths[number % len(paths)]
        start = number % 7 / 12
        size = os.path.getsize(path) if prepared else 0
        load(
            dict(
                video_path=path,
                audio_path=path,
                video_start=start,
                audio_start=start,
                clip_seconds=1.0,
                prepared_bytes=size,
            )
        )

    for number in range(WARM_UP):
        read(number)
    before, files = memory(), len(os.listdir('/proc/self/fd'))
    for number in range(READS):
        read(number)
    growth = (memory() - before) / READS * 1000
    with capsys.disabled():
        print(f' {growth:+.3f} MB per 1,000 of {READS} reads')
    assert growth < 1
    assert len(os.listdir('/proc/self/fd')) == files


class MemoryHook(Hook):
    """Notes the memory of the process every 500 steps."""

    def __init__(self):
        self.megabytes = []

    def after_train_iter(
        self, runner, batch_idx, data_batch=None, outputs=None
    ) -> None:
        if runner.iter % 500 == 499:
            self.megabytes.append(memory())


def pack(results):
    return dict(inputs=torch.zeros(2), data_samples=ActionDataSample())


@pytest.mark.nightly
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
    hook = MemoryHook()
    runner = Runner(
        model=ToyNet(),
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
        custom_hooks=[hook],
        default_scope='mmaction',
        experiment_name=tmp_path.name,
        log_level='ERROR',
    )
    runner.train()
    assert len(hook.megabytes) == STEPS // 500
    # What the first half allocates once is of no interest.
    late = hook.megabytes[len(hook.megabytes) // 2 :]
    growth = (late[-1] - late[0]) / (len(late) - 1) * 2
    with capsys.disabled():
        print(f' {growth:+.3f} MB per 1,000 steps, the second half')
    assert growth < 0.3
