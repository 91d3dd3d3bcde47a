"""Asked to stop by a signal, training saves, and goes on exactly later."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
import toy_training

from avts_mm.engine.loops.stop_signals import STOPPED

ROOT = Path(__file__).resolve().parents[2]


def ended(cfg, ranks=1):
    """Train to the end; the last checkpoint."""
    assert toy_training.wait(toy_training.fork(cfg, ranks)) == [0] * ranks
    return toy_training.load(cfg.work_dir, 'epoch_4.pth')


def resumed(cfg, ranks=1):
    checkpoint = Path(cfg.work_dir) / 'resume.pth'
    cfg.resume, cfg.load_from = True, str(checkpoint)
    last = ended(cfg, ranks)
    assert not checkpoint.exists()  # a later one is there
    return last


def assert_same_end(one, other):
    for key, value in one['state_dict'].items():
        assert torch.equal(value, other['state_dict'][key]), key
    assert one['optimizer']['state'].keys() == {0, 1, 2, 3, 4, 5}
    rates = [x['param_schedulers'][0]['_last_value'] for x in (one, other)]
    assert rates[0] == rates[1]


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGUSR1])
def test_finishes_the_step_and_saves(number, tmp_path):
    work_dir = tmp_path / 'run'
    children = toy_training.fork(
        toy_training.config(work_dir, **{'model.pause': 0.05})
    )
    toy_training.wait_for(work_dir / 'epoch_1.pth')
    os.kill(children[0], number)
    assert toy_training.wait(children) == [STOPPED]
    state = toy_training.load(work_dir, 'resume.pth')
    assert 12 <= state['meta']['iter'] < 48
    (log,) = work_dir.glob('*/*.log')
    told = log.read_text()
    assert f'{number.name}: stopped at iteration' in told
    assert 'resume.pth (exit code 75)' in told
    whole = ended(toy_training.config(tmp_path / 'whole'))
    assert_same_end(whole, resumed(toy_training.config(work_dir)))


def test_the_whole_job_is_signalled_while_a_worker_is_slow(tmp_path):
    """As Slurm does: workers get the signal, too, and one is stuck."""
    slow = tmp_path / 'slow'
    slow.touch()
    changes = {
        'train_dataloader.num_workers': 2,
        'train_dataloader.persistent_workers': True,
    }
    work_dir = tmp_path / 'run'
    cfg = toy_training.config(work_dir, **changes)
    cfg.train_dataloader.dataset.update(slow=5, slow_file=str(slow))
    config = tmp_path / 'config.py'
    cfg.dump(config)
    process = subprocess.Popen(
        [sys.executable, str(ROOT / 'tools' / 'train.py'), str(config)],
        env=dict(
            os.environ,
            PYTHONPATH=f'{ROOT}:{Path(__file__).parent}',
            OMP_NUM_THREADS='1',  # as here; with others sums are rounded
        ),
        start_new_session=True,
        stderr=subprocess.PIPE,
        text=True,
    )
    toy_training.wait_for(f'{slow}.here', 120)
    begin = time.monotonic()
    os.killpg(process.pid, signal.SIGTERM)
    _, told = process.communicate(timeout=60)
    assert process.returncode == STOPPED, told
    assert time.monotonic() - begin < 30
    with pytest.raises(ProcessLookupError):  # nobody is left
        os.killpg(process.pid, 0)
    slow.unlink()
    assert toy_training.load(work_dir, 'resume.pth')['meta']['iter'] < 12
    whole = ended(toy_training.config(tmp_path / 'whole'))
    assert_same_end(whole, resumed(toy_training.config(work_dir, **changes)))


def test_two_ranks_leave_together(tmp_path):
    """One is signalled; running statistics differ between the ranks."""
    work_dir = tmp_path / 'run'
    cfg = toy_training.config(work_dir, **{'model.pause': 0.05})
    children = toy_training.fork(cfg, 2)
    toy_training.wait_for(work_dir / 'epoch_1.pth')
    os.kill(children[1], signal.SIGTERM)
    assert toy_training.wait(children) == [STOPPED, STOPPED]
    state = toy_training.load(work_dir, 'resume.pth')
    assert 6 <= state['meta']['iter'] < 24
    if state['meta']['iter'] % 6:
        means = [
            rank['buffers']['net.1.running_mean'] for rank in state['ranks']
        ]
        assert not torch.equal(*means)
    whole = ended(toy_training.config(tmp_path / 'whole'), 2)
    assert_same_end(whole, resumed(toy_training.config(work_dir), 2))


def test_workers_do_not_change_what_is_drawn(tmp_path):
    """Of numbered samples, whose augmentation comes from every source."""
    states = []
    for workers, seed in ((0, 3), (1, 3), (2, 3), (4, 3), (0, 4)):
        cfg = toy_training.config(tmp_path / f'{workers}_{seed}')
        cfg.train_dataloader.num_workers = workers
        cfg.randomness = dict(seed=seed)
        states.append(ended(cfg)['state_dict'])
    for key, value in states[0].items():
        if value.is_floating_point() and value.numel():
            equal = [torch.equal(value, state[key]) for state in states]
            assert equal == [True, True, True, True, False], key
