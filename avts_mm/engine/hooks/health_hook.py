"""A training that goes wrong says so."""

import functools
from collections import Counter
from collections.abc import Sequence

import torch
from mmaction.registry import HOOKS
from mmengine.dist import all_gather, all_reduce, is_main_process
from mmengine.hooks import Hook

from .deferred_info_hook import fetch_losses
from .safe_checkpoint_hook import bare

# What is told of each kind, with what may help.
TEXTS = dict(
    nan='{bad} of the last {seen} losses are NaN or infinite. {lost}Most '
    'often the learning rate is too high: lower it '
    '(optim_wrapper.optimizer.lr), begin with a warm-up (LinearLR), clip '
    'gradients (optim_wrapper.clip_grad=dict(max_norm=40)), use bfloat16 '
    'rather than float16; then go on with --resume from a checkpoint before '
    'this iteration',
    offset='For {steps} iterations the means of the two towers have been '
    '{ratio:.0f} times as far apart as their embeddings lie around them: '
    'whatever is compared has the same distance, and by first order no '
    'gradient can tell what belongs together (a loss that stays at 0.245, or '
    'at 0.69). Take the means off (center=True in both necks); comparing all '
    'pairs of a batch besides (head.all_pairs=True, '
    'train_dataloader.sampler.clips_per_video=2) learns faster; '
    'docs/plateau.md',
    collapse='For {steps} iterations all distances have mostly lain within '
    '{spread:.2%} of each other: the plateau where each is half the margin '
    'and the loss a quarter of its square, from which training rarely gets '
    'away. Lower the learning rate or begin with a warm-up; where embeddings '
    'are normalised, use a margin beyond 1.41 (head.loss.margin=2.0); '
    'docs/plateau.md tells what helped',
    dead_tower='For {steps} iterations no gradient has reached {towers}. '
    'After too large a step its activations can all be zero: go back to an '
    'earlier checkpoint with a lower learning rate or clipped gradients '
    '(optim_wrapper.clip_grad=dict(max_norm=40)). Otherwise the loss does not '
    'depend on it; freeze a tower with frozen_stages if that is meant',
    starvation='For {steps} iterations {share:.0%} of the time has gone into '
    'waiting for data. Raise train_dataloader.num_workers (now {workers}) up '
    'to the number of cores, with persistent_workers=True, and prepare the '
    'videos with tools/data/prepare_av.py, which makes them several times '
    'faster to read',
)
TOWERS = ('video_backbone', 'audio_backbone', 'backbone')
MIN_SPREAD = 0.01  # distances that lie closer, of their mean, have collapsed
MAX_OFFSET = 4  # of the towers' means, in spreads around them
MAX_WAITING = 0.5  # share of the time


class SickTrainingError(RuntimeError):
    """Training was stopped since it made no sense; the message says why."""


@HOOKS.register_module()
class HealthHook(Hook):
    """Warn when training makes no sense any more, and say what may help.

    ``nan``
        A loss is NaN or infinite.
    ``offset``
        In most steps the means of the towers are more than four times as far
        apart as the embeddings around them: the plateau at half the margin,
        where nothing is told apart. Needs the ``tower_offset`` and
        ``tower_spread`` that the contrastive heads log.
    ``collapse``
        All distances are within 1 % of each other though the means are not
        apart. Needs the ``distance_spread`` of the contrastive heads.
    ``dead_tower``
        No gradient reaches a tower. One without trainable parameters is
        meant to be so.
    ``starvation``
        More than half of the time goes into waiting for data. Needs
        mmengine's ``IterTimerHook``.

    Each is warned of once: in the log, and on the board as the scalar
    ``warning/<kind>`` and, where it takes text, as text. The hook looks, on
    all ranks together, every ``interval`` iterations at what was logged
    since. All but ``nan`` must show at ``patience`` looks in a row.

    Args:
        interval (int): Iterations from look to look. Defaults to 50.
        patience (int): Looks in a row. Defaults to 4.
        stop (Sequence[str]): What also ends training, on all ranks together.
            ``nan`` does so when it lasts: every loss since the last look, or
            a parameter or statistic of the model, is not finite any more.
            Defaults to ``('nan',)``, since whatever is saved after that is
            lost.

    Raises:
        SickTrainingError: When told to stop.
    """

    # After IterTimerHook, before a checkpoint is saved.
    priority = 'BELOW_NORMAL'

    def __init__(
        self,
        interval: int = 50,
        patience: int = 4,
        stop: Sequence[str] = ('nan',),
    ) -> None:
        if isinstance(stop, str) or set(stop) - TEXTS.keys():
            raise ValueError(
                f'stop should be a list of some of {", ".join(TEXTS)}, got '
                f'{stop!r}'
            )
        self.interval = interval
        self.patience = patience
        self.stop = frozenset(stop)

    def before_train(self, runner) -> None:
        """Find the towers, and forget an earlier training."""
        modules = dict(bare(runner.model).named_modules())
        trained = {
            name: [p for p in modules[name].parameters() if p.requires_grad]
            for name in TOWERS
            if name in modules
        }
        self._parameters = {n: found for n, found in trained.items() if found}
        self._told: set[str] = set()
        self._in_a_row: Counter[str] = Counter()
        self._gradients: dict[str, list[torch.Tensor]] = {}
        self._handles: list = []
        # Steps that have not been looked at.
        self._steps = self._losses = 0

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        """Watch the gradients of the step before a look."""
        if not self.every_n_train_iters(runner, self.interval):
            return
        self._gradients = {name: [] for name in self._parameters}
        for name, parameters in self._parameters.items():
            note = functools.partial(self._note_gradient, name)
            self._handles += [
                p.register_post_accumulate_grad_hook(note) for p in parameters
            ]

    def _note_gradient(self, name: str, parameter: torch.Tensor) -> None:
        if parameter.grad is not None:
            self._gradients[name].append((parameter.grad != 0).any())

    def after_train_iter(
        self, runner, batch_idx, data_batch=None, outputs=None
    ) -> None:
        """Look now and then."""
        self._steps += 1
        self._losses += 1
        if not self.every_n_train_iters(runner, self.interval):
            return
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        self._check_losses(runner)
        self._look(runner)

    def after_train_epoch(self, runner) -> None:
        """See to it that no checkpoint is saved of weights that are NaN."""
        self._check_losses(runner)

    def _check_losses(self, runner) -> None:
        """Look for losses that are not finite; a collective call."""
        fetch_losses(runner)
        losses = _latest(runner, 'loss', self._losses)
        self._losses = 0
        both = torch.tensor([(~losses.isfinite()).sum(), len(losses)])
        all_reduce(both, 'sum')
        bad, seen = both.tolist()
        if not bad:
            return
        # Statistics differ between ranks.
        lost = torch.tensor(int(not _finite(bare(runner.model))))
        all_reduce(lost, 'max')
        text = TEXTS['nan'].format(
            bad=bad,
            seen=seen,
            lost='The weights or statistics of the model are not finite '
            'either: nothing will be learned from here on. '
            if lost.item()
            else '',
        )
        lasting = bool(lost.item()) or bad == seen
        self._tell(runner, 'nan', text, lasting)

    def _look(self, runner) -> None:
        """Look for all that takes time to show; a collective call."""
        spreads, offsets, around, waited, passed = (
            _latest(runner, name, self._steps)
            for name in (
                'distance_spread',
                'tower_offset',
                'tower_spread',
                'data_time',
                'time',
            )
        )
        self._steps = 0
        spread = spreads.median() if len(spreads) else torch.tensor(torch.inf)
        ratio = (
            (offsets / around).median() if len(offsets) else torch.tensor(0)
        )
        alive = [
            float(bool(found) and bool(torch.stack(found).any()))
            for found in self._gradients.values()
        ]
        own = torch.tensor([spread, ratio, waited.sum(), passed.sum(), *alive])
        every = torch.stack(all_gather(own))
        closest = every[:, 0].max().item()
        apart = every[:, 1].min().item()
        waiting, total = every[:, 2:4].sum(0).tolist()
        share = waiting / total if total else 0.0
        dead = [
            name
            for name, living in zip(self._gradients, every[:, 4:].amax(0))
            if not living
        ]
        signs = dict(
            offset=apart > MAX_OFFSET,
            collapse=closest < MIN_SPREAD and apart <= MAX_OFFSET,
            dead_tower=bool(dead),
            starvation=share > MAX_WAITING,
        )
        for kind, sick in signs.items():
            self._in_a_row[kind] = self._in_a_row[kind] + 1 if sick else 0
            if self._in_a_row[kind] < self.patience:
                continue
            text = TEXTS[kind].format(
                steps=self.interval * self.patience,
                spread=closest,
                ratio=apart,
                towers=' and '.join(dead),
                share=share,
                workers=runner.train_dataloader.num_workers,
            )
            self._tell(runner, kind, text)

    def _tell(
        self, runner, kind: str, text: str, lasting: bool = True
    ) -> None:
        """Warn once, and stop if that is wanted."""
        step = runner.iter + 1
        text = f'{text}. (iteration {step}, {kind})'
        if kind not in self._told:
            self._told.add(kind)
            runner.logger.warning(text)
            if is_main_process():
                board = runner.visualizer
                board.add_scalar(f'warning/{kind}', 1, step)
                for backend in board._vis_backends.values():
                    if hasattr(backend.experiment, 'add_text'):
                        backend.experiment.add_text(
                            f'warning/{kind}', text, step
                        )
        if lasting and kind in self.stop:
            raise SickTrainingError(
                f'training stopped: {text} To go on all the same leave '
                f'{kind!r} out of default_hooks.health.stop'
            )


def _latest(runner, name: str, number: int) -> torch.Tensor:
    """The latest values of what was logged."""
    buffer = runner.message_hub.log_scalars.get(f'train/{name}')
    values = buffer.data[0][-number:] if buffer and number else ()
    return torch.tensor(values, dtype=torch.float64)


def _finite(model: torch.nn.Module) -> bool:
    state = [*model.parameters(), *model.buffers()]
    return all(bool(value.isfinite().all()) for value in state)
