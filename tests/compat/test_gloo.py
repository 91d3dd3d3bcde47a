"""Distributed runs on a machine without a GPU."""

import os
import socket
import sys
import threading

import pytest
import torch
import torch.distributed as dist
from mmengine.config import Config
from mmengine.model import MMDistributedDataParallel
from mmengine.registry import MODEL_WRAPPERS

from avts_mm import compat
from avts_mm.compat import distributed

RANKS = dict(RANK='0', WORLD_SIZE='1', LOCAL_RANK='0')


@pytest.fixture
def cpu(monkeypatch):
    """A process without a GPU and with a free port to meet at."""
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    monkeypatch.setattr('mmengine.device.get_device', lambda: 'cpu')
    monkeypatch.setenv('MASTER_ADDR', '127.0.0.1')
    monkeypatch.setenv('MASTER_PORT', str(port))
    for name in RANKS:
        monkeypatch.delenv(name, raising=False)
    yield monkeypatch
    compat.leave_process_group()


def test_gloo_and_ddp_without_device(cpu):
    for name, value in RANKS.items():
        cpu.setenv(name, value)
    cfg = Config(
        dict(
            env_cfg=dict(dist_cfg=dict(backend='nccl', timeout=60)),
            find_unused_parameters=True,
        )
    )
    assert compat.use_gloo_without_gpu(cfg, 'pytorch')
    assert dist.get_backend() == 'gloo'
    assert cfg.model_wrapper_cfg == dict(
        type='MMDistributedDataParallel',
        broadcast_buffers=False,
        find_unused_parameters=True,
        device_ids=None,
    )
    # As Runner.wrap_model builds it.
    model = MODEL_WRAPPERS.build(
        cfg.model_wrapper_cfg,
        default_args=dict(device_ids=[0], module=torch.nn.Linear(2, 1)),
    )
    assert isinstance(model, MMDistributedDataParallel)
    assert not compat.use_gloo_without_gpu(cfg, 'pytorch')
    compat.leave_process_group()
    assert not dist.is_initialized()
    compat.leave_process_group()


def test_threads_of_gloo_get_the_interpreter_once_more(cpu, monkeypatch):
    for name, value in RANKS.items():
        cpu.setenv(name, value)
    assert compat.use_gloo_without_gpu(Config(), 'pytorch')
    left, ran = threading.Event(), []

    def let_go():
        left.wait()
        ran.append(True)

    thread = threading.Thread(target=let_go)
    thread.start()
    destroy = dist.destroy_process_group
    monkeypatch.setattr(
        dist, 'destroy_process_group', lambda: (destroy(), left.set())
    )
    interval = sys.getswitchinterval()
    sys.setswitchinterval(100)  # who wants it must be given it
    try:
        compat.leave_process_group()
        assert ran
    finally:
        sys.setswitchinterval(interval)
        thread.join()


def test_own_wrapper_is_kept(cpu):
    for name, value in RANKS.items():
        cpu.setenv(name, value)
    wrapper = dict(type='MMDistributedDataParallel', static_graph=True)
    cfg = Config(dict(model_wrapper_cfg=wrapper))
    assert compat.use_gloo_without_gpu(cfg, 'pytorch')
    assert cfg.model_wrapper_cfg == dict(wrapper, device_ids=None)


@pytest.mark.parametrize('launcher', ['slurm', 'mpi'])
def test_ranks_of_other_launchers(cpu, launcher):
    sources = distributed._RANK_VARIABLES[launcher]
    for name, value in RANKS.items():
        cpu.setenv(sources[name], value)
    assert compat.use_gloo_without_gpu(Config(), launcher)
    assert (dist.get_rank(), dist.get_world_size()) == (0, 1)
    assert os.environ['LOCAL_RANK'] == '0'


def test_wrong_launcher_is_one_sentence(cpu):
    cpu.delenv('SLURM_PROCID', raising=False)
    with pytest.raises(RuntimeError, match=r'SLURM_PROCID.*through srun'):
        compat.use_gloo_without_gpu(Config(), 'slurm')


@pytest.mark.parametrize(
    'device, launcher', [('cuda', 'pytorch'), ('cpu', 'none')]
)
def test_nothing_happens_with_a_gpu_or_one_process(cpu, device, launcher):
    cpu.setattr('mmengine.device.get_device', lambda: device)
    cfg = Config(dict(work_dir='here'))
    assert not compat.use_gloo_without_gpu(cfg, launcher)
    assert not dist.is_initialized()
    assert cfg.to_dict() == dict(work_dir='here')
