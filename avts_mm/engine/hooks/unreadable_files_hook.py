"""Counting of the files that training could not read."""

import csv
import io
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
)
from mmengine.hooks import Hook

from ..whole_files import write_whole

FIELDS = ('iteration', 'path', 'reason', 'message')
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
        self.max_share = max_share
        self.min_samples = min_samples
        self.interval = interval
        self.counts: Counter[tuple[str, str]] = Counter()
        self._samples = self._replaced = self._logged = 0

    def before_train(self, runner) -> None:
        """Take over what was counted up to the checkpoint, if any."""
        folder, rank = Path(runner.work_dir), get_rank()
        self.files = folder / 'unreadable_rank*.csv'
        self.path = folder / f'unreadable_rank{rank}.csv'
        self._samples = self._replaced = 0
        lines = []
        for path in folder.glob(self.files.name):
            number = path.stem.removeprefix('unreadable_rank')
            # Its own, and those of ranks that are no more.
            if number.isdecimal() and int(number) % get_world_size() == rank:
                lines += [x for x in _read(path) if int(x[0]) < runner.iter]
                path.unlink()
        lines.sort(key=lambda line: int(line[0]))
        if lines:
            write_whole(self.path, _format([FIELDS, *lines]))
        self.counts = Counter((path, why) for _, path, why, _ in lines)
        self._logged = sum(all_gather_object(self.counts.total()))

    def before_train_epoch(self, runner) -> None:
        """Begin a new share, if the last one has all it needs."""
        # The same on every rank: their batches are equally large.
        if self._samples * get_world_size() >= self.min_samples:
            self._samples = self._replaced = 0

    def after_train_iter(
        self, runner, batch_idx, data_batch=None, outputs=None
    ) -> None:
        """Count the batch."""
        lines = []
        batch = data_batch if isinstance(data_batch, dict) else {}
        for sample in batch.get('data_samples', ()):
            skipped = sample.metainfo.get('skipped', ())
            self._samples += 1
            self._replaced += bool(skipped)
            for path, reason, message in skipped:
                self.counts[path, reason] += 1
                first = self.counts[path, reason] == 1
                text = message if first else ''
                lines.append([runner.iter, path, reason, text])
        if lines:
            self._append(runner, lines)
        if self.every_n_train_iters(runner, self.interval):
            self._check_share()

    def _append(self, runner, lines: list) -> None:
        try:
            header = [] if self.path.exists() else [FIELDS]
            with open(self.path, 'ab') as file:
                file.write(_format([*header, *lines]))
        except OSError as error:
            # No reason to lose a training.
            runner.logger.warning(f'{self.path} lacks lines: {error}')

    def after_train_epoch(self, runner) -> None:
        """Say what the epoch came to."""
        every = self._gather()
        if every.total() > self._logged:
            self._log(runner, every, f'up to epoch {runner.epoch + 1}')
        self._logged = every.total()
        self._check_share()

    def after_train(self, runner) -> None:
        """Say what the training came to."""
        self._log(runner, self._gather(), 'in the whole training')

    def _gather(self) -> Counter[tuple[str, str]]:
        """The counts of all ranks."""
        return sum(all_gather_object(self.counts), Counter())

    def _check_share(self) -> None:
        """Stop if the share is too large; a collective call."""
        both = torch.tensor([self._samples, self._replaced])
        all_reduce(both, 'sum')
        samples, replaced = both.tolist()
        if samples < self.min_samples or replaced <= self.max_share * samples:
            return
        raise RuntimeError(
            f'{replaced} of the last {samples} samples had to be replaced '
            f'because of unreadable files (so far {_reasons(self._gather())}'
            f'): more than the share of {self.max_share:g} that is allowed. '
            f'The files and the causes are in {self.files}; '
            'prepare the videos anew with tools/data/prepare_av.py, which '
            'leaves them out, or raise max_share of the UnreadableFilesHook '
            '(default_hooks.unreadable in the config)'
        )

    def _log(self, runner, counts: Counter, when: str) -> None:
        if not counts:
            runner.logger.info(f'Unreadable files {when}: none')
            return
        files = len({path for path, _ in counts})
        runner.logger.warning(
            f'Unreadable files {when}: {files}, met {counts.total()} times '
            f'and replaced ({_reasons(counts)}); listed in {self.files}'
        )


def _reasons(counts: Counter[tuple[str, str]]) -> str:
    """How often each reason was met."""
    reasons: Counter[str] = Counter()
    for (_, reason), number in counts.items():
        reasons[reason] += number
    return ', '.join(f'{n} {reason}' for reason, n in reasons.most_common())


def _read(path: Path) -> list[list[str]]:
    """The whole lines of a file; a killed run may leave half of one."""
    with open(path, newline='', **_TEXT) as file:
        text = file.read()
    whole = io.StringIO(text[: text.rfind('\n') + 1], newline='')
    rows = list(csv.reader(whole))[1:]
    return [r for r in rows if len(r) == len(FIELDS) and r[0].isdecimal()]


def _format(lines: list) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator='\n').writerows(lines)
    return text.getvalue().encode(**_TEXT)
