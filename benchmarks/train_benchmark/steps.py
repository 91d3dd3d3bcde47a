"""One training step, by mmengine's loop and by a bare one."""

import inspect
import itertools
from dataclasses import dataclass
from pathlib import Path

import torch
from mmaction.registry import HOOKS, LOOPS, MODELS
from mmengine import Config
from mmengine.device import get_device
from mmengine.hooks import Hook
from mmengine.runner import IterBasedTrainLoop, Runner
from torch.utils.flop_counter import FlopCounterMode

from .batches import RepeatedBatch

_numbers = itertools.count()


@dataclass(frozen=True)
class Switches:
    """What makes a step faster, each switched in the config."""

    bf16: bool = False
    channels_last: bool = False
    compile: bool = False

    @property
    def name(self) -> str:
        """E.g. ``bf16+channels_last``."""
        parts = ['bf16' if self.bf16 else 'fp32']
        parts += ['channels_last'] * self.channels_last
        return '+'.join(parts + ['compile'] * self.compile)

    def apply(self, cfg: Config) -> Config:
        """A copy of a config with these switches.

        Raises:
            ValueError: The video tower has no ``channels_last``.
        """
        cfg = cfg.copy()
        wrapper = cfg.optim_wrapper
        wrapper.type = 'BFloat16OptimWrapper' if self.bf16 else 'OptimWrapper'
        for name in ('dtype', 'loss_scale'):
            wrapper.pop(name, None)
        towers = [n for n in cfg.model if n.endswith('backbone')]
        video = cfg.model[min(towers, key=lambda n: n == 'audio_backbone')]
        kind = MODELS.get(video.type)
        if 'channels_last' in inspect.signature(kind).parameters:
            video.channels_last = self.channels_last
        elif self.channels_last:
            raise ValueError(f'{video.type} has no channels_last')
        cfg.default_hooks.pop('compile', None)
        if self.compile:
            cfg.default_hooks.compile = dict(
                type='CompileHook', modules=towers
            )
        return cfg


class Trainer:
    """A model in training, ready to take steps.

    Args:
        cfg (Config): Config of the training; not changed. Only those of its
            ``custom_hooks`` are kept that act at every step.
        batch (dict): What it trains on, on any device.
        work_dir (Path): Where mmengine may write.
    """

    def __init__(self, cfg: Config, batch: dict, work_dir: Path) -> None:
        cfg = cfg.copy()
        for part in ('val', 'test'):
            for name in ('dataloader', 'cfg', 'evaluator'):
                cfg[f'{part}_{name}'] = None
        cfg.work_dir = str(work_dir)
        cfg.experiment_name = f'benchmark_{next(_numbers)}'
        cfg.log_level = 'ERROR'
        cfg.load_from, cfg.resume = None, False
        cfg.custom_hooks = [
            hook
            for hook in cfg.get('custom_hooks') or []
            if _acts_at_steps(hook['type'])
        ]
        loop = dict(cfg.train_cfg)
        by_epoch = loop.pop('by_epoch', True)
        name = loop.pop('type', None) or (
            'EpochBasedTrainLoop' if by_epoch else 'IterBasedTrainLoop'
        )
        self.batch = batch
        cfg.train_cfg = dict(loop, type=_paused(name, RepeatedBatch(batch)))
        self.runner = Runner.from_cfg(cfg)
        self.runner.train()
        self.model = self.runner.model
        preprocessor = self.model.data_preprocessor
        batch['inputs'] = preprocessor.cast_data(batch['inputs'])
        self._number = 0

    def loop_step(self, batch: dict | None = None) -> None:
        """A step of mmengine's loop, with its hooks."""
        loop = self.runner.train_loop
        batch = self.batch if batch is None else batch
        if isinstance(loop, IterBasedTrainLoop):
            loop.run_iter(batch)
        else:
            loop.run_iter(self._number, batch)
        self._number += 1

    def bare_step(self) -> None:
        """The same forward and backward pass and update, and no more."""
        wrapper = self.runner.optim_wrapper
        with wrapper.optim_context(self.model):
            data = self.model.data_preprocessor(self.batch, True)
            losses = self.model(**data, mode='loss')
        sum(v.mean() for k, v in losses.items() if 'loss' in k).backward()
        if wrapper.clip_grad_kwargs:
            parameters = [
                p for p in self.model.parameters() if p.grad is not None
            ]
            wrapper.clip_func(parameters, **wrapper.clip_grad_kwargs)
        wrapper.optimizer.step()
        wrapper.optimizer.zero_grad()

    def model_memory(self) -> float:
        """MiB of weights, as many gradients, and the optimiser's state."""
        state = self.runner.optim_wrapper.optimizer.state.values()
        tensors = [v for entry in state for v in entry.values()]
        tensors += [*self.model.parameters(), *self.model.parameters()]
        tensors += self.model.buffers()
        sizes = [
            t.numel() * t.element_size()
            for t in tensors
            if isinstance(t, torch.Tensor)
        ]
        return sum(sizes) / 2**20


def count_flops(cfg: Config, batch: dict) -> int:
    """Multiplications and additions of a step's convolutions and products."""
    cfg = Switches(bf16=True).apply(cfg)
    model = MODELS.build(cfg.model).to(get_device())
    batch['inputs'] = model.data_preprocessor.cast_data(batch['inputs'])
    counter = FlopCounterMode(display=False)
    with counter:
        with torch.autocast(get_device(), torch.bfloat16):
            data = model.data_preprocessor(batch, True)
            losses = model(**data, mode='loss')
        model.parse_losses(losses)[0].backward()
    return counter.get_total_flops()


def _acts_at_steps(name: str) -> bool:
    """Whether a hook does something before or after each iteration."""
    kind = HOOKS.get(name)
    return any(
        getattr(kind, method) is not getattr(Hook, method)
        for method in (
            'before_train_iter',
            'after_train_iter',
            '_before_iter',
            '_after_iter',
        )
    )


def _paused(name: str, loader: RepeatedBatch) -> str:
    """Register a training loop that stops before its first step."""

    class BenchmarkLoop(LOOPS.get(name)):
        def __init__(self, runner, dataloader, **kwargs) -> None:
            super().__init__(runner, loader, **kwargs)

        def run(self):
            self.runner.call_hook('before_train')
            self.runner.call_hook('before_train_epoch')
            self.runner.model.train()
            return self.runner.model

    LOOPS.register_module(module=BenchmarkLoop, force=True)
    return BenchmarkLoop.__name__
