"""Killed fifty times, mostly during a save: the newest checkpoint loads."""

import os
import random
import signal
import time

import torch
import toy_training
from mmengine import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner

from avts_mm.engine import newest_checkpoint
from avts_mm.engine.whole_files import PARTIAL

KILLS = 50


def test_fifty_kills(tmp_path):
    work_dir = tmp_path / 'run'
    cfg = toy_training.config(
        work_dir,
        **{
            'model.ballast': 2_000_000,
            'train_cfg.max_epochs': 1000,
            'default_hooks.checkpoint.mid_epoch_interval': 1,
            'default_hooks.checkpoint.max_keep_ckpts': 2,
            'train_dataloader.dataset.length': 12,
        },
    )
    # Children begin with all that is imported and built.
    runner = Runner.from_cfg(cfg)
    runner.cfg = Config()  # formatting it takes longer than saving
    started = tmp_path / 'started'

    class Start(Hook):
        def before_train_iter(self, runner, *args, **kwargs):
            started.touch()

    runner.register_hook(Start())
    chance = random.Random(0)
    reached = within_a_save = 0
    for kill in range(KILLS):
        started.unlink(missing_ok=True)
        child = os.fork()
        if not child:
            try:
                runner._load_from = newest_checkpoint(work_dir)
                runner._resume = True
                runner.train()
            finally:
                os._exit(1)
        toy_training.wait_for(started)
        time.sleep(chance.uniform(0, 0.2))
        if kill % 2:
            toy_training.wait_for(work_dir / f'*{PARTIAL}')
        os.kill(child, signal.SIGKILL)
        assert toy_training.wait([child]) == [-signal.SIGKILL]
        within_a_save += any(work_dir.glob(f'*{PARTIAL}'))
        newest = newest_checkpoint(work_dir)
        if newest is not None:
            state = torch.load(newest, weights_only=True)
            assert state['meta']['iter'] >= reached
            reached = state['meta']['iter']
    # It came forward, and was hit where it hurts.
    assert reached > KILLS / 5
    assert within_a_save > KILLS / 5
