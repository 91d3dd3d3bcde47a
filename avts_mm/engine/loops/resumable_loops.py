"""mmengine's training loops, made to go on exactly where they stopped.

mmengine begins an interrupted epoch anew under the wrong iteration numbers,
or reads everything again that was consumed; it saves no random state; and a
signal ends it on the spot. Here the place within the epoch is in every
checkpoint, chance depends on the place alone, and a signal to stop
(:mod:`.stop_signals`) is heard between two steps.
"""

import sys
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager, suppress

from mmaction.registry import LOOPS
from mmengine.dataset import InfiniteSampler
from mmengine.dist import get_world_size
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop
from mmengine.runner.base_loop import BaseLoop
from mmengine.runner.utils import calc_dynamic_intervals

from avts_mm.compat import leave_process_group

from ..hooks.health_hook import SickTrainingError
from ..hooks.safe_checkpoint_hook import SafeCheckpointHook
from .randomness import PlacedSampler, seed_items, seed_iteration
from .stop_signals import (
    STOPPED,
    BrokenOffError,
    StopSignals,
    end_workers,
    kill_workers,
    spare_workers,
)

# In the message hub, hence in checkpoints.
PLACE = 'train_place'
VALIDATED = 'train_validated'


class _ResumableLoop(BaseLoop):
    """What the two loops share."""

    def _prepare(self) -> None:
        """Put the sampler that can begin anywhere into the data loader."""
        _check_batches('train', self.dataloader)
        batch_sampler = self.dataloader.batch_sampler
        self._sampler = PlacedSampler(batch_sampler.sampler)
        batch_sampler.sampler = self._sampler
        seed_items(self.dataloader.dataset)
        self._step_samples = batch_sampler.batch_size * get_world_size()
        self.signals = StopSignals()

    @contextmanager
    def _training(self) -> Iterator[None]:
        """The time in which signals are heard and workers read."""
        dataloaders = [self.dataloader]
        if self.runner.val_loop is not None:
            dataloaders.append(self.runner.val_loop.dataloader)
            _check_batches('val', dataloaders[-1])
        seed = self._place().get('seed')
        if seed is not None:
            # Without a seed in the config each start draws a new one.
            self._sampler.sampler.seed = seed
        if done := self._batches_done():
            self.runner.logger.info(
                f'Going on in epoch {self._epoch + 1} after {done} batches; '
                'what they were made of is not read again'
            )
        with self.signals:
            for dataloader in dataloaders:
                spare_workers(dataloader)
            try:
                yield
            finally:
                for dataloader in dataloaders:
                    end_workers(dataloader)

    def _place(self) -> dict:
        return self.runner.message_hub.get_info(PLACE) or {}

    def _batches_done(self) -> int:
        """Batches of the present epoch that were trained on before.

        Counted in samples of all ranks, so that it is nearly right after a
        change of the batch size or of the number of ranks.
        """
        place = self._place()
        if place.get('epoch') != self._epoch:
            return 0
        return place['samples'] // self._step_samples

    def _batches(self) -> Generator:
        """Batches from where training is; each is a step to be taken now."""
        done = self._batches_done()
        self._sampler.first = done * self.dataloader.batch_sampler.batch_size
        # Gradients that wait for others are not saved.
        accumulated = getattr(
            self.runner.optim_wrapper, '_accumulative_counts', 1
        )
        batches = iter(self.dataloader)
        while True:
            if self._iter % accumulated:
                batch = next(batches, None)
            else:
                batch = None
                with suppress(BrokenOffError), self.signals.breakable():
                    batch = next(batches, None)
                # All ranks have their batch, and none has begun the step.
                if self.signals.agreed():
                    self._leave()
            if batch is None:
                return
            done += 1
            place = dict(
                epoch=self._epoch,
                samples=done * self._step_samples,
                seed=getattr(self._sampler.sampler, 'seed', None),
            )
            self.runner.message_hub.update_info(PLACE, place)
            seed_iteration(self.runner.seed, self._iter)
            yield batch

    def _validate(self, now: int, end: int) -> None:
        """Validate, unless this moment was before the run was resumed."""
        self._decide_current_val_interval()
        runner = self.runner
        if (
            runner.val_loop is None
            or now < max(self.val_begin, 1)
            or (now % self.val_interval and now != end)
            or runner.message_hub.get_info(VALIDATED) == now
        ):
            return
        runner.message_hub.update_info(VALIDATED, now)
        saver = self._saver()
        if saver is None or saver.saved_iter != self._iter:
            runner.val_loop.run()  # what can be lost is not broken off
            return
        try:
            with self.signals.breakable():
                runner.val_loop.run()
        except BrokenOffError:
            self._leave(save=False)

    def _saver(self) -> SafeCheckpointHook | None:
        hooks = self.runner.hooks
        return next(
            (h for h in hooks if isinstance(h, SafeCheckpointHook)), None
        )

    def _leave(self, save: bool = True) -> None:
        """Save, and end the process.

        Raises:
            SystemExit: Always.
        """
        saver, code = self._saver(), STOPPED
        told = (
            f'{getattr(self.signals.received, "name", "")}: stopped at '
            f'iteration {self._iter} of {self._max_iters}'
        )
        if saver is not None and save:
            if not saver.save_now(self.runner, self._iter):
                code = 1
            self.signals.wait_for_all()
        if saver is None or code == 1:
            self.runner.logger.error(f'{told}; nothing saved')
        else:
            self.runner.logger.warning(
                f'{told}; --resume goes on from {saver.last_ckpt} (exit code '
                f'{code})'
            )
        kill_workers()
        leave_process_group()
        sys.exit(code)


def _check_batches(name: str, dataloader) -> None:
    """Nothing would be trained on, without a word."""
    if not len(dataloader):
        sampler = dataloader.batch_sampler
        raise SickTrainingError(
            f'{name}_dataloader: {len(sampler.sampler)} samples make no batch '
            f'of batch_size={sampler.batch_size} with drop_last=True; lower '
            'the one, or leave the other out'
        )


@LOOPS.register_module()
class ResumableEpochLoop(_ResumableLoop, EpochBasedTrainLoop):
    """mmengine's EpochBasedTrainLoop, resumable at any iteration.

    Takes the same arguments. Its checkpoints should be those of
    :class:`SafeCheckpointHook`, which also saves on a signal to stop.

    Raises:
        SickTrainingError: There is not one batch.
    """

    def __init__(self, runner, dataloader, **kwargs) -> None:
        super().__init__(runner, dataloader, **kwargs)
        self._prepare()

    def run(self):
        """Train, from the beginning or from where a checkpoint was."""
        with self._training():
            self.runner.call_hook('before_train')
            # The one that a run was killed in, or before.
            self._validate(self._epoch, self._max_epochs)
            while self._epoch < self._max_epochs and not self.stop_training:
                self.run_epoch()
                self._validate(self._epoch, self._max_epochs)
            self.runner.call_hook('after_train')
        return self.runner.model

    def run_epoch(self) -> None:
        """Train for an epoch, or for the rest of one."""
        self.runner.call_hook('before_train_epoch')
        self.runner.model.train()
        done = self._batches_done()
        with closing(self._batches()) as batches:
            for number, batch in enumerate(batches, done):
                self.run_iter(number, batch)
        self.runner.call_hook('after_train_epoch')
        self._epoch += 1


@LOOPS.register_module()
class ResumableIterLoop(_ResumableLoop, IterBasedTrainLoop):
    """mmengine's IterBasedTrainLoop, resumed without reading anything again.

    Takes the same arguments; the sampler must be an InfiniteSampler.

    Raises:
        TypeError: The sampler is another.
        SickTrainingError: There is not one batch.
    """

    def __init__(
        self,
        runner,
        dataloader,
        max_iters: int,
        val_begin: int = 1,
        val_interval: int = 1000,
        dynamic_intervals=None,
    ) -> None:
        # Not that of IterBasedTrainLoop, which starts to read at once.
        BaseLoop.__init__(self, runner, dataloader)
        sampler = self.dataloader.batch_sampler.sampler
        if not isinstance(sampler, InfiniteSampler):
            raise TypeError(
                'ResumableIterLoop needs train_dataloader=dict(sampler=dict('
                "type='InfiniteSampler'), …), got "
                f'{type(sampler).__name__}'
            )
        self._max_iters = int(max_iters)
        self._max_epochs = 1
        self._epoch = self._iter = 0
        self.val_begin = val_begin
        self.val_interval = val_interval
        self.stop_training = False
        self.dynamic_milestones, self.dynamic_intervals = (
            calc_dynamic_intervals(val_interval, dynamic_intervals)
        )
        runner.visualizer.dataset_meta = getattr(
            self.dataloader.dataset, 'metainfo', None
        )
        self._prepare()

    def run(self):
        """Train, from the beginning or from where a checkpoint was."""
        with self._training():
            self.runner.call_hook('before_train')
            self.runner.call_hook('before_train_epoch')
            self._validate(self._iter, self._max_iters)
            with closing(self._batches()) as batches:
                while self._iter < self._max_iters and not self.stop_training:
                    self.runner.model.train()
                    self.run_iter(next(batches))
                    self._validate(self._iter, self._max_iters)
            self.runner.call_hook('after_train_epoch')
            self.runner.call_hook('after_train')
        return self.runner.model
