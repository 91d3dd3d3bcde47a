"""Checkpoints that survive a kill, a full disk and the middle of an epoch."""

import os
from collections import deque
from collections.abc import Callable
from pathlib import Path

import torch.nn as nn
from mmaction.registry import HOOKS
from mmengine.dist import (
    all_gather_object,
    get_dist_info,
    get_world_size,
    is_main_process,
)
from mmengine.hooks import CheckpointHook
from mmengine.model import is_model_wrapper
from mmengine.utils import apply_to

from ...weights import CheckpointError, find_state_dict, fit_model
from ..whole_files import PARTIAL, write_whole
from .deferred_info_hook import EPOCH_LOSS, fetch_losses

RESUME = 'resume.pth'


@HOOKS.register_module()
class SafeCheckpointHook(CheckpointHook):
    """mmengine's CheckpointHook, with six differences.

    - A checkpoint, the best one and the file ``last_checkpoint`` are replaced
      as a whole; older ones are deleted after that.
    - A save that fails (a full disk) is logged as an error and tried again
      when the next one is due; training goes on, and the older checkpoints
      stay. If the last save of a training fails, so does the training.
    - ``resume.pth``, always overwritten, is the state within an epoch: every
      ``mid_epoch_interval`` iterations, and when training is asked to stop
      (:mod:`avts_mm.engine.loops`). It goes when a later checkpoint is there.
    - State that differs between ranks (running statistics, sums of losses) is
      kept for each.
    - What a killed save has left is removed at the next start.
    - A checkpoint that lacks a tensor of the model (``load_from``, resuming,
      testing) is refused, where mmengine leaves it at random; names of
      wrappers and a prefix do not matter (:func:`avts_mm.weights.fit_model`).

    Args:
        interval (int): As in CheckpointHook, and all others, too.
        mid_epoch_interval (int): Iterations; 0 saves at the end of epochs
            only. Defaults to 0.
        strict (bool): With False training begins with what a checkpoint has
            of the model, if it has anything. Defaults to True.

    Attributes:
        saved_iter (int): The iteration of the last save.

    Raises:
        OSError: After training, if its last checkpoint could not be written.
    """

    def __init__(
        self,
        interval: int = -1,
        mid_epoch_interval: int = 0,
        strict: bool = True,
        **kwargs,
    ) -> None:
        if mid_epoch_interval < 0:
            raise ValueError(
                f'mid_epoch_interval is {mid_epoch_interval}; 0 saves at the '
                'end of epochs only'
            )
        kwargs.setdefault('backend_args', dict(backend='whole_files'))
        super().__init__(interval, **kwargs)
        self.mid_epoch_interval = mid_epoch_interval
        self.strict = strict
        self.saved_iter = -1
        self.last_ckpt: str | None = None
        self.keep_ckpt_ids: deque[int] = deque()
        self._failure: OSError | None = None
        self._ranks: list[dict] = []

    def before_train(self, runner) -> None:
        """Tidy up after a save that was killed."""
        super().before_train(runner)
        if is_main_process():
            for path in Path(self.out_dir).glob(f'*.pth{PARTIAL}'):
                path.unlink()
                runner.logger.warning(
                    f'{path}: left by a save that did not end; removed'
                )

    def after_train_iter(
        self, runner, batch_idx, data_batch=None, outputs=None
    ) -> None:
        """Save if it is time to."""
        super().after_train_iter(runner, batch_idx, data_batch, outputs)
        every = self.mid_epoch_interval
        if every and self.every_n_train_iters(runner, every):
            self.save_now(runner, runner.iter + 1)

    def after_train(self, runner) -> None:
        """Do not end well without the last checkpoint."""
        if self._failure is not None:
            raise self._failure
        super().after_train(runner)

    def save_now(self, runner, iteration: int) -> bool:
        """Save within an epoch, on all ranks; tell whether it worked."""
        meta = dict(epoch=runner.epoch, iter=iteration)
        return self._write(runner, RESUME, meta)

    def _save_checkpoint_with_step(self, runner, step, meta) -> None:
        """Save a checkpoint, and delete those that are too many."""
        steps, old, number = [], [RESUME], self.max_keep_ckpts
        if number > 0:
            steps = [s for s in self.keep_ckpt_ids if s != step] + [step]
            old += [self.filename_tmpl.format(s) for s in steps[:-number]]
            steps = steps[-number:]
        name = self.filename_tmpl.format(step)
        if self._write(runner, name, meta, keep_ckpt_ids=steps):
            for name in old:
                self._remove(self.file_backend.join_path(self.out_dir, name))
            self.keep_ckpt_ids = deque(steps)

    def _write(self, runner, name: str, meta: dict, **info) -> bool:
        """Save under a name, and note it as the last; a collective call."""
        path = self.file_backend.join_path(self.out_dir, name)
        if get_world_size() > 1:
            fetch_losses(runner)
            self._ranks = all_gather_object(_rank_state(runner))

        def save() -> None:
            runner.message_hub.update_info_dict(dict(last_ckpt=path, **info))
            runner.save_checkpoint(
                self.out_dir,
                name,
                save_optimizer=self.save_optimizer,
                save_param_scheduler=self.save_param_scheduler,
                meta=meta,
                by_epoch=self.by_epoch,
                backend_args=self.backend_args,
                **self.args,
            )
            if is_main_process():
                write_whole(
                    os.path.join(runner.work_dir, 'last_checkpoint'),
                    str(path).encode(),
                )

        self._failure = self._attempt(runner, path, save)
        self._ranks = []
        if self._failure is None:
            self.last_ckpt, self.saved_iter = path, meta['iter']
        return self._failure is None

    @staticmethod
    def _attempt(runner, path: str, save: Callable) -> OSError | None:
        """Save; if that fails, say so and forget what was noted of it."""
        info = runner.message_hub.runtime_info
        before = dict(info)
        try:
            save()
        except OSError as error:
            runner.logger.error(
                f'{path} could not be written: {error.strerror or error}. '
                'Older checkpoints stay; the next save is tried when it is '
                'due'
            )
            info.clear()
            info.update(before)
            return error
        return None

    def _save_best_checkpoint(self, runner, metrics) -> None:
        """Save the best checkpoint, then delete the one before."""
        if not self.save_best:
            return
        info = runner.message_hub.runtime_info
        before = {k: v for k, v in info.items() if k.startswith('best_ckpt')}
        # mmengine deletes the old one first, if it knows of one.
        self._know_best({})
        save = super()._save_best_checkpoint
        self._attempt(
            runner, 'The best checkpoint', lambda: save(runner, metrics)
        )
        for key, path in before.items():
            if path != info[key]:
                self._remove(path)
        self._know_best(info)

    def _know_best(self, info: dict) -> None:
        """Set the paths of the best checkpoints from the message hub."""
        if len(self.key_indicators) == 1:
            self.best_ckpt_path = info.get('best_ckpt')
        else:
            self.best_ckpt_path_dict = {
                key: info.get(f'best_ckpt_{key}')
                for key in self.key_indicators
            }

    def _remove(self, path: str) -> None:
        if is_main_process() and self.file_backend.isfile(path):
            self.file_backend.remove(path)

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Add what differs between ranks."""
        if self._ranks:
            checkpoint['ranks'] = self._ranks

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Refuse another model's; put this rank's part beside the rest."""
        source = str(runner._load_from or 'the checkpoint')
        try:
            checkpoint['state_dict'] = fit_model(
                bare(runner.model),
                find_state_dict(checkpoint, source),
                source,
                self.strict,
            )
        except CheckpointError as error:
            raise CheckpointError(
                f"{error}. In training, init_cfg=dict(type='PretrainedTower', "
                f'checkpoint={source!r}) of a backbone takes one tower out of '
                'a file, and default_hooks.checkpoint.strict=False takes what '
                'fits, all else begins at random'
            ) from None
        rank, world_size = get_dist_info()
        ranks = checkpoint.get('ranks', ())
        if runner._resume and len(ranks) == world_size:
            checkpoint['state_dict'].update(ranks[rank]['buffers'])
            checkpoint['message_hub']['runtime_info'].update(
                ranks[rank]['info']
            )


def bare(model: nn.Module) -> nn.Module:
    """A model without the wrapper of distributed training."""
    return model.get_submodule('module') if is_model_wrapper(model) else model


def _rank_state(runner) -> dict:
    state = dict(
        buffers=dict(bare(runner.model).named_buffers()),
        info={EPOCH_LOSS: runner.message_hub.get_info(EPOCH_LOSS)},
    )
    return apply_to(state, lambda x: hasattr(x, 'cpu'), lambda x: x.cpu())
