"""A small training that can be killed: components, a config, processes.

Its config imports this file by name.
Trainings run in forked children, which have everything imported.
"""

import os
import random
import socket
import time
import traceback
from pathlib import Path

import numpy as np
import torch
import torch._dynamo  # the first optimiser would, in each child
from mmaction.registry import DATASETS, MODELS
from mmengine import Config
from mmengine.dataset import BaseDataset
from mmengine.model import BaseModel
from mmengine.runner import Runner

from avts_mm.compat import leave_process_group, use_gloo_without_gpu

FOLDER = Path(__file__).parent


@DATASETS.register_module(force=True)
class ToyNumbers(BaseDataset):
    """Numbers with noise; one of them may take its time.

    Args:
        slow (int): This item sleeps for a minute as long as there is a file
            named ``slow_file``, and says that it does by ``slow_file.here``.
    """

    METAINFO = dict(toy=True)

    def __init__(self, length=48, slow=-1, slow_file=''):
        self.length, self.slow, self.slow_file = length, slow, slow_file
        super().__init__(serialize_data=False)

    def full_init(self):
        self._fully_initialized = True

    def __len__(self):
        return self.length

    def prepare_data(self, idx):
        if idx == self.slow and os.path.exists(self.slow_file):
            Path(f'{self.slow_file}.here').touch()
            end = time.monotonic() + 60
            while time.monotonic() < end:
                time.sleep(1)
        noise = np.random.uniform() + random.random() + torch.rand(()).item()
        return dict(inputs=torch.tensor([idx / 16, noise]))


@MODELS.register_module(force=True)
class ToyNet(BaseModel):
    """Normalisation, dropout, and as much ballast as wanted.

    Args:
        ballast (int): Floats in a buffer, which make saving take its time.
        pause (float): Seconds of each step.
    """

    def __init__(self, ballast=0, pause=0.0):
        super().__init__()
        self.net = torch.nn.Sequential(
            torch.nn.Linear(2, 8),
            torch.nn.BatchNorm1d(8),
            torch.nn.Dropout(0.5),
            torch.nn.Linear(8, 1),
        )
        self.pause = pause
        self.register_buffer('ballast', torch.zeros(ballast))

    def forward(self, inputs, data_samples=None, mode='tensor'):
        time.sleep(self.pause)
        y = self.net(torch.stack(list(inputs)))
        return dict(loss=(y - 2).square().mean())


def config(work_dir, **changes) -> Config:
    """Four epochs of twelve iterations of four samples."""
    cfg = Config.fromfile(
        FOLDER.parents[1] / 'configs' / '_base_' / 'default_runtime.py'
    )
    cfg.merge_from_dict(
        dict(
            custom_imports=dict(imports=['avts_mm', 'toy_training']),
            model=dict(type='ToyNet'),
            train_dataloader=dict(
                batch_size=4,
                num_workers=0,
                sampler=dict(type='DefaultSampler', shuffle=True),
                dataset=dict(type='ToyNumbers'),
            ),
            train_cfg=dict(type='ResumableEpochLoop', max_epochs=4),
            optim_wrapper=dict(
                optimizer=dict(type='SGD', lr=0.01, momentum=0.9)
            ),
            param_scheduler=[dict(type='TrainLossPlateauLR', patience=0)],
            default_hooks=dict(
                plateau=dict(type='TrainLossPlateauHook'),
                checkpoint=dict(save_best=None, rule=None, max_keep_ckpts=1),
                logger=dict(interval=1000),
            ),
            env_cfg=dict(dist_cfg=dict(backend='gloo')),
            randomness=dict(seed=3),
            log_level='WARNING',
            work_dir=str(work_dir),
            experiment_name=f'{Path(work_dir).parent.name}_'
            f'{Path(work_dir).name}_{os.getpid()}',
        )
    )
    cfg.merge_from_dict(changes)
    return cfg


def train(cfg: Config) -> None:
    """What tools/train.py does."""
    use_gloo_without_gpu(cfg, cfg.get('launcher', 'none'))
    Runner.from_cfg(cfg).train()
    leave_process_group()


def fork(cfg: Config, ranks: int = 1) -> list[int]:
    """Begin a training in child processes; their numbers."""
    if ranks > 1:
        cfg = Config(dict(cfg._cfg_dict, launcher='pytorch'))
        with socket.socket() as probe:
            probe.bind(('127.0.0.1', 0))
            port = str(probe.getsockname()[1])
    children = []
    for rank in range(ranks):
        child = os.fork()
        if child:
            children.append(child)
            continue
        code = 1
        try:
            os.setsid()
            if ranks > 1:
                os.environ.update(
                    RANK=str(rank),
                    LOCAL_RANK=str(rank),
                    WORLD_SIZE=str(ranks),
                    MASTER_ADDR='127.0.0.1',
                    MASTER_PORT=port,
                )
            train(cfg)
            code = 0
        except SystemExit as stop:
            code = stop.code
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    return children


def wait(children: list[int], seconds: float = 100) -> list[int]:
    """The exit codes; a child that takes longer is killed (-9)."""
    end = time.monotonic() + seconds
    codes = []
    for child in children:
        while True:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                break
            if time.monotonic() > end:
                os.kill(child, 9)
            time.sleep(0.02)
        codes.append(os.waitstatus_to_exitcode(status))
    return codes


def wait_for(path, seconds: float = 60) -> None:
    """Return when there is such a file; its name may be a pattern."""
    path, end = Path(path), time.monotonic() + seconds
    while not any(path.parent.glob(path.name)):
        assert time.monotonic() < end, f'{path} does not appear'
        time.sleep(0.005)


def load(work_dir, name: str) -> dict:
    """A checkpoint."""
    return torch.load(Path(work_dir) / name, weights_only=True)
