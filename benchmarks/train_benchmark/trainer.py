"""A training step of mmengine's loop on a batch of noise, with switches set in
its config."""

import inspect
import itertools
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

from avts_mm.datasets import PairTiming

import numpy as np
import torch
from mmaction.registry import LOOPS, MODELS
from mmengine import Config
from mmengine.dataset import Compose
from mmengine.device import get_device
from mmengine.registry import FUNCTIONS
from mmengine.runner import IterBasedTrainLoop, Runner
from torch.utils.flop_counter import FlopCounterMode

# Transforms that read files begin with one of these.
_READING = ('Load', 'Open', 'Sample', 'Decord', 'PyAV')
_HEIGHT, _WIDTH = 256, 340  # as raw videos are usually prepared
_numbers = itertools.count()
# What does something at every step, or makes the model faster before.
_HOOKS = (
    *('runtime_info', 'timer', 'logger', 'param_scheduler', 'checkpoint'),
    *('sync_buffers', 'health', 'unreadable', 'compile'),
)


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
            cfg.default_hooks.compile = dict(type='CompileHook')
        return cfg


def noise_batch(cfg: Config) -> dict:
    """A batch of the training loader, of noise instead of files.

    What reads files is left out of the pipeline; all else cuts, scales and
    packs noise as it would pictures and sound, so that shapes and types are
    those of the config.
    """
    loader = cfg.train_dataloader
    pipeline = loader.dataset.pipeline
    reading = [t for t in pipeline if t['type'].startswith(_READING)]
    lengths = [
        t[key]
        for t in reading
        for key in ('num_frames', 'clip_len')
        if key in t
    ]
    clips = loader.sampler.get('clips_per_video', 1)
    shape = (clips * lengths[0], _HEIGHT, _WIDTH, 3)
    rates = [t['sample_rate'] for t in reading if 'sample_rate' in t]
    seconds = loader.dataset.get('clip_seconds', 1.0)
    rest = Compose([t for t in pipeline if t not in reading])
    rng = np.random.default_rng(0)
    samples = []
    for i in range(loader.batch_size):
        results = dict(
            imgs=list(rng.integers(0, 256, shape, dtype=np.uint8)),
            img_shape=(_HEIGHT, _WIDTH),
            original_shape=(_HEIGHT, _WIDTH),
            num_clips=clips,
            clip_len=lengths[0],
            modality='RGB',
            start_index=0,
            label=i % 2,
        )
        if rates:
            sound = rng.normal(0, 0.1, (clips, round(seconds * rates[0])))
            results['audio'] = sound.astype(np.float32)
            if clips == 1:
                results['audio'] = results['audio'][0]
        if clips > 1:
            results |= dict(
                video_start=np.arange(clips) * 10.0,
                video_id=i,
                timing=PairTiming(seconds),
                label=[1] * clips,
            )
        samples.append(rest(results))
    collate = dict(loader.get('collate_fn', dict(type='pseudo_collate')))
    return FUNCTIONS.get(collate.pop('type'))(samples, **collate)


class RepeatedBatch:
    """A data loader that always gives the same batch, at no cost."""

    dataset = sampler = None

    def __init__(self, batch: dict) -> None:
        self.batch = batch
        # Loops that can begin anywhere ask for it.
        size = len(batch['data_samples'])
        self.batch_sampler = SimpleNamespace(sampler=None, batch_size=size)

    def __len__(self) -> int:
        return 10_000

    def __iter__(self):
        return itertools.repeat(self.batch, len(self))


class Trainer:
    """A model in training, ready to take steps.

    Args:
        cfg (Config): Config of the training; not changed.
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
        cfg.custom_hooks = []
        cfg.default_hooks = {
            name: hook
            for name, hook in cfg.default_hooks.items()
            if name in _HOOKS
        }
        self.batch = batch
        cfg.train_cfg.type = _paused(cfg.train_cfg.type, batch)
        self.runner = Runner.from_cfg(cfg)
        self.runner.train()
        self.model = self.runner.model
        preprocessor = self.model.data_preprocessor
        batch['inputs'] = preprocessor.cast_data(batch['inputs'])
        self._number = 0

    def step(self, batch: dict | None = None) -> None:
        """A step of mmengine's loop, with its hooks."""
        loop = self.runner.train_loop
        batch = self.batch if batch is None else batch
        if isinstance(loop, IterBasedTrainLoop):
            loop.run_iter(batch)
        else:
            loop.run_iter(self._number, batch)
        self._number += 1


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


def _paused(name: str, batch: dict) -> str:
    """Register a training loop that stops before its first step."""

    class BenchmarkLoop(LOOPS.get(name)):
        def __init__(self, runner, dataloader, **kwargs) -> None:
            super().__init__(runner, RepeatedBatch(batch), **kwargs)

        def run(self):
            self.runner.call_hook('before_train')
            self.runner.call_hook('before_train_epoch')
            self.runner.model.train()
            return self.runner.model

    LOOPS.register_module(module=BenchmarkLoop, force=True)
    return BenchmarkLoop.__name__
