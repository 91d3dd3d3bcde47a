"""A progress bar for the terminal, and a row per epoch for any screen."""

import atexit
import contextlib
import datetime
import logging
import re
import sys
import time

from mmaction.registry import HOOKS
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import IterBasedTrainLoop
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from .deferred_info_hook import mean_loss

_ACCURACY = re.compile(r'(?:^|/)(easy|hard|super_hard)/(accuracy|auc)$')
_SHORT = dict(accuracy=('acc', '8.1%'), auc=('AUC', '8.3f'))


@HOOKS.register_module()
class ProgressBarHook(Hook):
    """Show how far training is, and what each epoch brought.

    On a terminal there is a bar for the epoch with the loss and the time
    that the *whole* training will still take, validations included. After
    each epoch, here and where there is no terminal, a row tells its loss, the
    negatives it drew, and accuracy and AUC of the validation.

    The log's messages below WARNING are kept off the screen as long as
    training runs; the log file has them all the same.
    """

    # Stops at the end of training before SyncReportHook (LOW) prints.
    priority = 'NORMAL'

    def __init__(self) -> None:
        self.console = Console(soft_wrap=True)
        self._undo = contextlib.ExitStack()
        self._row: dict[str, str] = {}
        self._header = ''

    def before_run(self, runner) -> None:
        """Make the bar; only training shows it."""
        self.progress = Progress(
            TextColumn('{task.description:<18}'),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn('{task.fields[note]}'),
            console=self.console,
            transient=True,
            disable=not (self.console.is_terminal and is_main_process()),
        )
        self._task = self.progress.add_task('', note='', visible=False)

    def before_train(self, runner) -> None:
        """Begin the bar, and make the log get along with it."""
        self._begin, self._first = time.monotonic(), runner.iter
        self._undo = contextlib.ExitStack()
        # An error in training must not leave the terminal without a cursor.
        atexit.register(self._undo.close)
        self._undo.callback(atexit.unregister, self._undo.close)
        self.progress.start()
        self._undo.callback(self.progress.stop)
        for handler in runner.logger.handlers:
            if type(handler) is not logging.StreamHandler:
                continue
            self._undo.callback(handler.setLevel, handler.level)
            handler.setLevel(max(handler.level, logging.WARNING))
            if not self.progress.disable:
                # rich has put its own in place, which prints above the bar.
                self._undo.callback(handler.setStream, handler.stream)
                handler.setStream(sys.stdout)

    def before_train_epoch(self, runner) -> None:
        """Begin an epoch's bar."""
        self._flush()
        self._epoch_begin = self._shown = time.monotonic()
        endless = isinstance(runner.train_loop, IterBasedTrainLoop)
        self.progress.reset(
            self._task,
            total=runner.max_iters
            if endless
            else len(runner.train_dataloader),
            description=f'epoch {runner.epoch + 1}/{runner.max_epochs}',
            note=self._time_left(runner),
            visible=True,
        )

    def _time_left(self, runner) -> str:
        """Time left for all epochs, from the time of those of this run."""
        done = runner.iter - self._first
        if done <= 0 or runner.iter >= runner.max_iters:
            return ''
        passed = time.monotonic() - self._begin
        seconds = passed / done * (runner.max_iters - runner.iter)
        return f'{datetime.timedelta(seconds=round(seconds))} left'

    def after_train_iter(
        self, runner, batch_idx, data_batch=None, outputs=None
    ) -> None:
        """Move the bar, and show the loss now and then."""
        self.progress.update(self._task, completed=batch_idx + 1)
        # Asking for the loss waits for the device, so not at every step.
        if not self.progress.disable and time.monotonic() - self._shown > 0.5:
            self._shown = time.monotonic()
            loss = float((outputs or {}).get('loss', 'nan'))
            note = f'loss {loss:.4f}  {self._time_left(runner)}'
            self.progress.update(self._task, note=note)

    def after_train_epoch(self, runner) -> None:
        """Prepare the epoch's row; its validation may add to it."""
        epoch = f'{runner.epoch + 1}/{runner.max_epochs}'
        self._row = dict(epoch=f'{epoch:>6}', loss=f'{mean_loss(runner):7.4f}')
        place = 'train/negatives_'
        shares = {
            name.removeprefix(place).replace('_', '-'): buffer.current()
            for name, buffer in runner.message_hub.log_scalars.items()
            if name.startswith(place)
        }
        if shares:
            drawn = [f'{x:.0%} {kind}' for kind, x in shares.items() if x]
            width = 18 if len(shares) < 3 else 30
            name = f' {"negatives":<{width}}'  # to the left, like its cell
            self._row[name] = f' {", ".join(drawn):<{width}}'

    def before_val_epoch(self, runner) -> None:
        """Begin the bar of a validation."""
        self.progress.reset(
            self._task,
            total=len(runner.val_dataloader),
            description='validation',
        )

    def after_val_iter(
        self, runner, batch_idx, data_batch=None, outputs=None
    ) -> None:
        """Move the bar."""
        self.progress.update(self._task, completed=batch_idx + 1)

    def after_val_epoch(self, runner, metrics=None) -> None:
        """Complete the epoch's row and show it."""
        if not self._row:  # a validation without training
            return
        for name, value in (metrics or {}).items():
            if match := _ACCURACY.search(name):
                kind = match[1].replace('_', '-')
                short, form = _SHORT[match[2]]
                self._row[f'{kind} {short}'] = f'{value:{form}}'
        self._flush(runner)

    def after_train(self, runner) -> None:
        """End the bar, and give the log its screen back."""
        self._flush()
        self._undo.close()

    def _flush(self, runner=None) -> None:
        """Show the row of an epoch that has ended."""
        if not self._row or not is_main_process():
            return
        row, self._row = self._row, {}
        row['time'] = f'{time.monotonic() - self._epoch_begin:4.0f} s'
        if runner is not None and self.progress.disable:
            left = self._time_left(runner).removesuffix(' left')
            row['left'] = f'{left:>8}'
        header = ' '.join(f'{n:>{len(cell)}}' for n, cell in row.items())
        if header != self._header:
            self._header = header
            self.console.print(header, style='dim', highlight=False)
        self.console.print(' '.join(row.values()), highlight=False)
