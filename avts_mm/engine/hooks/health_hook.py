"""A training that goes wrong says so."""

import functools
from collections import Counter
from collections.abc import Sequence

import torch
from mmaction.registry import HOOKS
from mmengine.dist import all_gather, all_reduce, is_main_process
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper

KINDS = ('nan', 'collapse', 'dead_tower', 'starvation')


class SickTrainingError(RuntimeError):
    """Training was stopped since it made no sense; the message says why."""


@HOOKS.register_module()
class HealthHook(Hook):
    """Warn when training makes no sense any more, and say what may help.

    ``nan``
        A loss is NaN or infinite.
    ``collapse``
        In most steps all distances are within 1 % of each other: the plateau
        at half the margin, where nothing is told apart. Needs the
        ``distance_spread`` that the contrastive heads log.
    ``dead_tower``
        No gradient reaches a tower. One without trainable parameters is
        meant to be so.
    ``starvation``
        More than half of the time goes into waiting for data. Needs
        mmengine's ``IterTimerHook``.

    Each is warned of once: in the log, and on the board as the scalar
    ``warning/<kind>`` and, where it takes text, as text.

    The hook keeps values on the device and looks at them, on all ranks
    together, every ``interval`` iterations. All but ``nan`` must show at
    ``patience`` looks in a row.

    Args:
        interval (int): Iterations from look to look. Defaults to 50.
        patience (int): Looks in a row. Defaults to 4.
        stop (Sequence[str]): What also ends training, on all ranks together.
            ``nan`` does so when it lasts: every loss since the last look, or
            a parameter or statistic of the model, is not finite any more.
            Defaults to ``('nan',)``, since whatever is saved after that is
            lost.
        min_spread (float): Distances that lie closer, as a share of their
            mean, have collapsed. Defaults to 0.01.
        max_waiting (float): Share of the time. Defaults to 0.5.
        towers (Sequence[str]): Dotted names of towers; those that the model
            lacks are left out.
            Defaults to ``('video_backbone', 'audio_backbone', 'backbone')``.

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
        min_spread: float = 0.01,
        max_waiting: float = 0.5,
        towers: Sequence[str] = (
            'video_backbone',
            'audio_backbone',
            'backbone',
        ),
    ) -> None:
        if interval < 1 or patience < 1:
            raise ValueError(
                'interval and patience should be positive, got '
                f'{interval} and {patience}'
            )
        if isinstance(stop, str) or set(stop) - set(KINDS):
            raise ValueError(
                f'stop should be a list of some of {", ".join(KINDS)}, got '
                f'{stop!r}'
            )
        self.interval = interval
        self.patience = patience
        self.stop = frozenset(stop)
        self.min_spread = min_spread
        self.max_waiting = max_waiting
        self.towers = tuple(towers)

    def before_train(self, runner) -> None:
        """Find the towers, and forget an earlier training."""
        modules = dict(_bare(runner.model).named_modules())
        trained = {
            name: [p for p in modules[name].parameters() if p.requires_grad]
            for name in self.towers
            if name in modules
        }
        self._parameters = {n: found for n, found in trained.items() if found}
        self._told: set[str] = set()
        self._in_a_row: Counter[str] = Counter()
        self._losses: list[torch.Tensor] = []
        self._spreads: list[torch.Tensor] = []
        self._gradients: dict[str, list[torch.Tensor]] = {}
        self._handles: list = []
        self._timed = 0

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
        """Keep the step's figures, and look at them now and then."""
        outputs = outputs or {}
        for name, kept in (
            ('loss', self._losses),
            ('distance_spread', self._spreads),
        ):
            if name in outputs:
                kept.append(torch.as_tensor(outputs[name]).detach())
        self._timed += 1
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
        losses, self._losses = self._losses, []
        bad = 0
        if losses:
            bad = int((~torch.stack(losses).isfinite()).sum())
        both = torch.tensor([bad, len(losses)])
        all_reduce(both, 'sum')
        bad, seen = both.tolist()
        if not bad:
            return
        # Statistics differ between ranks.
        lost = torch.tensor(int(not _finite(_bare(runner.model))))
        all_reduce(lost, 'max')
        state = (
            'The weights or statistics of the model are not finite either: '
            'nothing will be learned from here on. '
            if lost.item()
            else ''
        )
        self._tell(
            runner,
            'nan',
            f'{bad} of the last {seen} losses are NaN or infinite. {state}'
            'Most often the learning rate is too high: lower it '
            '(optim_wrapper.optimizer.lr), begin with a warm-up (LinearLR), '
            'clip gradients (optim_wrapper.clip_grad=dict(max_norm=40)), use '
            'bfloat16 rather than float16; then go on with --resume from a '
            'checkpoint before this iteration',
            lasting=bool(lost.item()) or bad == seen,
        )

    def _look(self, runner) -> None:
        """Look for all that takes time to show; a collective call."""
        spread = float('inf')
        if self._spreads:
            spread = float(torch.stack(self._spreads).median())
        waited, passed = self._times(runner)
        alive = [
            float(bool(found) and bool(torch.stack(found).any()))
            for found in self._gradients.values()
        ]
        own = torch.tensor([spread, waited, passed, *alive]).double()
        every = torch.stack(all_gather(own))
        spread = every[:, 0].max().item()
        waited, passed = every[:, 1:3].sum(0).tolist()
        dead = [
            name
            for name, living in zip(self._gradients, every[:, 3:].amax(0))
            if not living
        ]
        self._spreads.clear()
        self._timed = 0
        share = waited / passed if passed else 0.0
        signs = dict(
            collapse=spread < self.min_spread,
            dead_tower=bool(dead),
            starvation=share > self.max_waiting,
        )
        for kind, sick in signs.items():
            self._in_a_row[kind] = self._in_a_row[kind] + 1 if sick else 0
            if self._in_a_row[kind] < self.patience:
                continue
            if kind == 'collapse':
                text = _collapse_text(spread)
            elif kind == 'dead_tower':
                text = _dead_text(dead)
            else:
                text = _starvation_text(share, runner.train_dataloader)
            number = self.interval * self.patience
            self._tell(runner, kind, f'For {number} iterations {text}')

    def _times(self, runner) -> tuple[float, float]:
        """Seconds waited for data, and passed, since the last look."""
        scalars = runner.message_hub.log_scalars
        if not {'train/data_time', 'train/time'} <= scalars.keys():
            return 0.0, 0.0
        waited, passed = (
            float(scalars[f'train/{name}'].data[0][-self._timed :].sum())
            for name in ('data_time', 'time')
        )
        return waited, passed

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
                _show(runner.visualizer, kind, text, step)
        if lasting and kind in self.stop:
            raise SickTrainingError(
                f'training stopped: {text} To go on all the same leave '
                f'{kind!r} out of default_hooks.health.stop'
            )


def _bare(model: torch.nn.Module) -> torch.nn.Module:
    return model.get_submodule('module') if is_model_wrapper(model) else model


def _finite(model: torch.nn.Module) -> bool:
    state = [*model.parameters(), *model.buffers()]
    return all(bool(value.isfinite().all()) for value in state)


def _show(visualizer, kind: str, text: str, step: int) -> None:
    """Put a warning on the board."""
    visualizer.add_scalar(f'warning/{kind}', 1, step)
    for backend in visualizer._vis_backends.values():
        if hasattr(backend.experiment, 'add_text'):
            backend.experiment.add_text(f'warning/{kind}', text, step)


def _collapse_text(spread: float) -> str:
    return (
        f'all distances have mostly lain within {spread:.2%} of each other: '
        'the plateau where each is half the margin and the loss a quarter of '
        'its square, from which training rarely gets away. Normalise the '
        'embeddings (norm_cfg=dict(type="BN1d", affine=False) in both necks, '
        'head.scale_by_dim=True), with a margin beyond 1.41 '
        '(head.loss.margin=2.0), or lower the learning rate; '
        'docs/training.md tells what helped'
    )


def _dead_text(towers: list[str]) -> str:
    return (
        f'no gradient has reached {" and ".join(towers)}. After too large a '
        'step its activations can all be zero: go back to an earlier '
        'checkpoint with a lower learning rate or clipped gradients '
        '(optim_wrapper.clip_grad=dict(max_norm=40)). Otherwise the loss does '
        'not depend on it; freeze a tower with frozen_stages if that is meant'
    )


def _starvation_text(share: float, loader) -> str:
    return (
        f'{share:.0%} of the time has gone into waiting for data. Raise '
        f'train_dataloader.num_workers (now {loader.num_workers}) up to the '
        'number of cores, with persistent_workers=True, and prepare the '
        'videos with tools/data/prepare_av.py, which makes them several times '
        'faster to read'
    )
