"""Distributed training on machines without a GPU."""

import os
import subprocess
import time
from datetime import timedelta

_RANK_VARIABLES = {
    'slurm': {
        'RANK': 'SLURM_PROCID',
        'WORLD_SIZE': 'SLURM_NTASKS',
        'LOCAL_RANK': 'SLURM_LOCALID',
    },
    'mpi': {
        'RANK': 'OMPI_COMM_WORLD_RANK',
        'WORLD_SIZE': 'OMPI_COMM_WORLD_SIZE',
        'LOCAL_RANK': 'OMPI_COMM_WORLD_LOCAL_RANK',
    },
}


def _export_ranks(launcher):
    """Give the process group its rank under torchrun's variable names."""
    for name, source in _RANK_VARIABLES.get(launcher, {}).items():
        if source not in os.environ:
            raise RuntimeError(
                f'--launcher {launcher} needs the environment variable '
                f'{source}: start this command through '
                f'{"srun" if launcher == "slurm" else "mpirun"}.'
            )
        os.environ[name] = os.environ[source]
    if launcher == 'slurm' and 'MASTER_ADDR' not in os.environ:
        nodes = subprocess.run(
            ['scontrol', 'show', 'hostnames', os.environ['SLURM_NODELIST']],
            check=True,
            capture_output=True,
            text=True,
        ).stdout.split()
        os.environ['MASTER_ADDR'] = nodes[0]
    os.environ.setdefault('MASTER_ADDR', '127.0.0.1')
    os.environ.setdefault('MASTER_PORT', '29500')


def use_gloo_without_gpu(cfg, launcher):
    """Let mmengine train in several processes on a machine without a GPU.

    mmengine (#973) calls ``torch.cuda.set_device`` for every launcher and
    hands the local rank to DDP as ``device_ids``. A process group that is
    there before the Runner makes it skip the former, and the model wrapper
    of the config overrules the latter. Where there is a GPU, or one process
    only, nothing is changed.

    Args:
        cfg (mmengine.Config): Config of the run; ``model_wrapper_cfg`` is
            set in place.
        launcher (str): ``none``, ``pytorch``, ``slurm`` or ``mpi``.

    Returns:
        bool: Whether a gloo process group was started.
    """
    import torch.distributed as dist
    from mmengine.device import get_device

    if launcher == 'none' or get_device() != 'cpu' or dist.is_initialized():
        return False
    _export_ranks(launcher)
    dist_cfg = cfg.get('env_cfg', {}).get('dist_cfg', {})
    seconds = dist_cfg.get('timeout')
    timeout = None if seconds is None else timedelta(seconds=seconds)
    dist.init_process_group('gloo', timeout=timeout)

    wrapper = cfg.get('model_wrapper_cfg')
    if wrapper is None:
        # What mmengine passes to DDP when the config names no wrapper.
        wrapper = dict(
            type='MMDistributedDataParallel',
            broadcast_buffers=False,
            find_unused_parameters=cfg.get('find_unused_parameters', False),
        )
    cfg.model_wrapper_cfg = dict(wrapper, device_ids=None)
    return True


def leave_process_group():
    """Take down the process group, if there is one.

    Call it at the end of a run that went well: gloo's threads otherwise
    abort some processes when the interpreter exits. After an error leave it
    to the launcher, since the other ranks may wait in a collective.

    The thread that has done the last collective also needs the interpreter,
    to let go of the tensors. Were that on its way out by then, the process
    would abort: of 40 short trainings in two processes 7 did.
    """
    import torch.distributed as dist

    if dist.is_available() and dist.is_initialized():
        dist.destroy_process_group()
        time.sleep(0.1)
