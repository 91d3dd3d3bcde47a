"""Counting of the files that training could not read."""

import csv
import io
import os
from collections import Counter
from pathlib import Path
from typing import Any

import torch
from mmaction.registry import HOOKS
from mmengine.dist import (
    all_gather_object,
    all_reduce,
    get_rank,
    get_world_size,
    is_main_process,
)
from mmengine.hooks import Hook

FIELDS = ('iteration', 'path', 'reason', 'message')
_NAME = 'unreadable_rank{}.csv'
# Names of files need not be text.
_TEXT: dict[str, Any] = dict(encoding='utf-8', errors='surrogateescape')


@HOOKS.register_module()
class UnreadableFilesHook(Hook):
    """Count what training could not read, and stop where it is too much.

    The data sets replace samples that cannot be read and list the files in
    the metainfo of the sample (``skipped``). Each rank writes these, one line
    each as they occur, to ``unreadable_rank<rank>.csv`` in the work directory
    with the columns ``iteration, path, reason, message``; the message is
    there once for each file and reason. A resumed training goes on with the
    lines up to its checkpoint, so that nothing is counted twice.

    The counts by reason over all ranks are logged after each epoch in which
    something was skipped, and at the end.

    Training stops, on all ranks together, when the share of samples that had
    to be replaced exceeds ``max_share``. The share is that of the current
    epoch; short epochs are put together until they have ``min_samples``.

    Args:
        max_share (float): Defaults to 0.05. With 1 it never stops.
        min_samples (int): Samples, of all ranks, before a share means
            something. Defaults to 1000.
        interval (int): Iterations from one look at the share to the next.
            Defaults to 50.

    Raises:
        RuntimeError: Too many samples had to be replaced.
    """

    # Its lines are to be written when CheckpointHook (VERY_LOW) saves.
    priority = 'LOW'

    def __init__(
        self,
        max_share: float = 0.05,
        min_samples: int = 1000,
        interval: int = 50,
    ) -> None:
        if not 0 <= max_share <= 1:
            raise ValueError(f'max_share must be in [0, 1], got {max_share}')
        if min_samples < 1 or interval < 1:
            raise ValueError(
                'min_samples and interval must be positive, got '
                f'{min_samples} and {interval}'
            )
        self.max_share = max_share
        self.min_samples = min_samples
        self.interval = interval
        self.counts: Counter[tuple[str, str]] = Counter()
        self._begin_window()

    def _begin_window(self) -> None:
        self._samples = self._replaced = 0
        self._reasons: Counter[str] = Counter()

    def before_train(self, runner) -> None:
        """Take over what was counted up to the checkpoint, if any."""
        self.path = Path(runner.work_dir, _NAME.format(get_rank()))
        self._begin_window()
        self.counts.clear()
        lines = self._take_over(Path(runner.work_dir), runner.iter)
        if lines:
            _write(self.path, lines)
            self.counts.update((path, why) for _, path, why, _ in lines)
        self._logged = self.counts.total()

    def _append(self, runner, lines: list) -> None:
        try:
            if not self.path.exists():
                _write(self.path, lines)
                return
            with open(self.path, 'a', newline='', **_TEXT) as file:
                csv.writer(file, lineterminator='\n').writerows(lines)
        except OSError as error:
            # No reason to lose a training.
            runner.logger.warning(f'{self.path} lacks lines: {error}')

    @staticmethod
    def _take_over(folder: Path, iteration: int) -> list[list[str]]:
        """Read and remove the files that are this rank's to continue: its
        own, and those of ranks that are no more."""
        lines = []
        for path in folder.glob(_NAME.format('*')):
            rank = path.stem.removeprefix(_NAME.partition('{')[0])
            if not rank.isdecimal():
                continue
            if int(rank) % get_world_size() == get_rank():
                lines += [x for x in _read(path) if int(x[0]) < iteration]
                path.unlink()
        return sorted(lines, key=lambda line: int(line[0]))

    def before_train_epoch(self, runner) -> None:
        """Begin a new share, if the last one has all it needs."""
        # The same on every rank: their batches are equally large.
        if self._samples * get_world_size() >= self.min_samples:
            self._begin_window()

    def after_train_iter(
        self, runner, batch_idx, data_batch=None, outputs=None
    ) -> None:
        """Count the batch."""
        lines = []
        for sample in _samples_of(data_batch):
            skipped = sample.metainfo.get('skipped', ())
            self._samples += 1
            self._replaced += bool(skipped)
            for path, reason, message in skipped:
                self._reasons[reason] += 1
                self.counts[path, reason] += 1
                first = self.counts[path, reason] == 1
                text = message if first else ''
                lines.append([runner.iter, path, reason, text])
        if lines:
            self._append(runner, lines)
        if self.every_n_train_iters(runner, self.interval):
            self._check_share()

    def after_train_epoch(self, runner) -> None:
        """Say what the epoch came to."""
        new = torch.tensor(self.counts.total() - self._logged)
        all_reduce(new, 'sum')
        if new.item():
            self._log(runner, f'up to epoch {runner.epoch + 1}')
        self._logged = self.counts.total()
        self._check_share()

    def after_train(self, runner) -> None:
        """Say what the training came to."""
        self._log(runner, 'in the whole training')

    def _check_share(self) -> None:
        """Stop if the share is too large; a collective call."""
        both = torch.tensor([self._samples, self._replaced])
        all_reduce(both, 'sum')
        samples, replaced = both.tolist()
        if samples < self.min_samples or replaced <= self.max_share * samples:
            return
        reasons: Counter[str] = sum(
            all_gather_object(self._reasons), Counter()
        )
        raise RuntimeError(
            f'{replaced} of the last {samples} samples had to be replaced '
            f'because of unreadable files ({_by_reason(reasons)}): more than '
            f'the share of {self.max_share:g} that is allowed. The files and '
            f'the causes are in {self.path.parent / _NAME.format("*")}; '
            'prepare the videos anew with tools/data/prepare_av.py, which '
            'leaves them out, or raise max_share of the UnreadableFilesHook '
            '(default_hooks.unreadable in the config)'
        )

    def _log(self, runner, when: str) -> None:
        """Log the counts of all ranks; a collective call."""
        every: Counter[tuple[str, str]] = sum(
            all_gather_object(self.counts), Counter()
        )
        if not is_main_process():
            return
        if not every:
            runner.logger.info(f'Unreadable files {when}: none')
            return
        reasons: Counter[str] = Counter()
        for (_, reason), number in every.items():
            reasons[reason] += number
        files = len({path for path, _ in every})
        runner.logger.warning(
            f'Unreadable files {when}: {files}, met {every.total()} times and '
            f'replaced ({_by_reason(reasons)}); listed in '
            f'{self.path.parent / _NAME.format("*")}'
        )


def _samples_of(batch) -> list:
    """The data samples of a batch that tell what was skipped."""
    samples = batch.get('data_samples') if isinstance(batch, dict) else None
    return [s for s in samples or () if hasattr(s, 'metainfo')]


def _by_reason(counts: Counter) -> str:
    return ', '.join(f'{n} {reason}' for reason, n in counts.most_common())


def _read(path: Path) -> list[list[str]]:
    """The whole lines of a file; a killed run may leave half of one."""
    with open(path, newline='', **_TEXT) as file:
        text = file.read()
    whole = io.StringIO(text[: text.rfind('\n') + 1], newline='')
    rows = list(csv.reader(whole))[1:]
    return [r for r in rows if len(r) == len(FIELDS) and r[0].isdecimal()]


def _write(path: Path, lines: list) -> None:
    """Write the file anew, complete or not at all."""
    part = path.with_suffix('.part')
    with open(part, 'w', newline='', **_TEXT) as file:
        csv.writer(file, lineterminator='\n').writerows([FIELDS, *lines])
    os.replace(part, path)
