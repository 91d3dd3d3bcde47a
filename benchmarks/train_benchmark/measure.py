"""Everything that is measured of a config, interleaved and repeated."""

import argparse
import itertools
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner

from .batches import noise_batch, sample_shapes
from .device import Device, process_memory
from .steps import Switches, Trainer, count_flops
from .torchvision_model import classifier_steps


def spread(values: list[float]) -> dict[str, float]:
    """Median and range of what was repeated."""
    return dict(
        median=statistics.median(values), min=min(values), max=max(values)
    )


def ratios(above: list[float], below: list[float]) -> dict[str, float]:
    """Spread of the ratio, each repeat by itself."""
    return spread([a / b for a, b in zip(above, below)])


def interleave(
    works: dict[str, Callable[[], object]],
    device: Device,
    repeats: int,
    steps: int,
) -> dict[str, list[float]]:
    """Seconds of each work, all of them in every repeat, in turning order."""
    seconds = {name: [] for name in works}
    names = list(works)
    for i in range(repeats):
        turn = i % len(names)
        for name in names[turn:] + names[:turn]:
            seconds[name].append(device.seconds(works[name], steps))
    return seconds


def count_pairs(batch: dict) -> int:
    """Labelled pairs in a batch; a clip may come with several sounds."""
    return sum(len(sample.gt_label) for sample in batch['data_samples'])


class Benchmark:
    """All figures of a config, in ``self.figures``.

    Args:
        args (argparse.Namespace): Arguments of ``benchmark_train.py``.
        variants (dict): Switches by name; None for the config as it is.
    """

    def __init__(
        self, args: argparse.Namespace, variants: dict[str, Switches | None]
    ) -> None:
        self.args = args
        self.variants = variants
        self.device = Device()
        self.cfg = self.load(args.config)
        init_default_scope(self.cfg.get('default_scope', 'mmaction'))
        self.batch = noise_batch(self.cfg)
        self.trainers: dict[str, Trainer] = {}
        self.figures: dict = dict(
            config=str(args.config),
            cfg_options=args.cfg_options,
            device=self.device.name,
            clock=self.device.clock,
            torch=torch.__version__,
            tf32_convolutions=torch.backends.cudnn.allow_tf32,
            batch_size=self.cfg.train_dataloader.batch_size,
            pairs_per_step=count_pairs(self.batch),
            sample=sample_shapes(self.batch),
            steps=args.steps,
            repeats=args.repeats,
            variants={},
        )

    def load(self, path: str) -> Config:
        """A config with the settings that the arguments override."""
        cfg = Config.fromfile(path)
        cfg.merge_from_dict(self.args.cfg_options)
        return cfg

    def write(self) -> None:
        """Keep what there is so far."""
        if self.args.json:
            text = json.dumps(self.figures, indent=2)
            self.args.json.write_text(text + '\n')

    def run(self, folder: Path) -> None:
        """Measure everything asked for."""
        args, device = self.args, self.device
        flops = count_flops(self.cfg, self.batch)
        self.figures['flops_per_step'] = flops
        self.figures['matrix_peak'] = {
            str(dtype).removeprefix('torch.'): device.matrix_peak(
                dtype, args.repeats
            )
            for dtype in (torch.float32, torch.bfloat16)
        }
        for name, switches in self.variants.items():
            cfg = switches.apply(self.cfg) if switches else self.cfg
            began = time.perf_counter()
            trainer = Trainer(cfg, self.batch, folder / name)
            trainer.loop_step()
            device.synchronize()
            first = time.perf_counter() - began
            for _ in range(args.warmup):
                trainer.bare_step()
            self.trainers[name] = trainer
            mixed = cfg.optim_wrapper.get('type', '') != 'OptimWrapper'
            self.figures['variants'][name] = dict(
                until_first_step_seconds=first,
                step_memory_mib=device.step_memory(trainer.bare_step),
                model_memory_mib=trainer.model_memory(),
                dtype='bfloat16' if mixed else 'float32',
            )
            self.write()
        self.time_steps()
        self.time_preprocessing()
        self.write()
        if args.against:
            self.figures['against'] = self.compare_with_config(folder)
            self.write()
        if args.loader:
            self.figures['loader'] = self.time_loader()
            self.write()
        if args.torchvision:
            self.trainers.clear()
            self.figures['torchvision'] = self.compare_with_torchvision()
        self.figures['process_memory_mib'] = process_memory()
        self.write()

    def time_steps(self) -> None:
        """Both loops of all variants, interleaved."""
        works = {}
        for name, trainer in self.trainers.items():
            works[name, 'bare'] = trainer.bare_step
            works[name, 'loop'] = trainer.loop_step
        seconds = interleave(
            works, self.device, self.args.repeats, self.args.steps
        )
        pairs = self.figures['pairs_per_step']
        flops = self.figures['flops_per_step']
        first = next(iter(self.trainers))
        for name, found in self.figures['variants'].items():
            bare, loop = seconds[name, 'bare'], seconds[name, 'loop']
            peak = self.figures['matrix_peak'][found['dtype']]
            rate = flops / statistics.median(bare)
            found |= dict(
                step_seconds=spread(loop),
                bare_step_seconds=spread(bare),
                pairs_per_second=pairs / statistics.median(loop),
                loop_over_bare=ratios(loop, bare),
                loop_extra_seconds=statistics.median(loop)
                - statistics.median(bare),
                flops_per_second=rate,
                share_of_matrix_peak=rate / peak,
                speedup=dict(over=first)
                | ratios(seconds[first, 'loop'], loop),
                speedup_over={
                    other: ratios(seconds[other, 'loop'], loop)
                    for other in self.trainers
                    if other != name
                },
            )

    def time_preprocessing(self) -> None:
        """What the data preprocessor, and in it the log-mel, takes."""
        for name, found in self.figures['variants'].items():
            trainer = self.trainers[name]
            prepare = trainer.model.data_preprocessor
            step = found['bare_step_seconds']['median']
            works = dict(
                preprocessing=lambda: prepare(self.batch, True)  # noqa: B023
            )
            if hasattr(prepare, 'log_mel'):
                wave = torch.stack(tuple(self.batch['inputs']['audio']))
                works['log_mel'] = lambda: prepare.log_mel(wave)  # noqa: B023
            seconds = interleave(works, self.device, self.args.repeats, 5)
            for work, values in seconds.items():
                found[f'{work}_seconds'] = spread(values)
                found[f'{work}_share'] = statistics.median(values) / step

    def time_loader(self) -> dict:
        """Steps on the config's own data, by the wall clock."""
        cfg = self.cfg.train_dataloader
        loader = Runner.build_dataloader(cfg, seed=0)
        pairs = self.figures['pairs_per_step']
        if len(loader) <= self.args.warmup:
            sys.exit(
                f'{self.args.config}: the training data are {len(loader)} '
                'batches, too few to measure waiting'
            )
        found = {}
        for name, trainer in self.trainers.items():
            batches = iter(loader)
            for _ in range(self.args.warmup):
                trainer.loop_step(next(batches))
            number = self.args.steps * self.args.repeats
            number = min(number, len(loader) - self.args.warmup)
            waited = 0.0
            began = self.wall_clock()
            for _ in range(number):
                asked = time.perf_counter()
                batch = next(batches)
                waited += time.perf_counter() - asked
                trainer.loop_step(batch)
            seconds = (self.wall_clock() - began) / number
            del batches  # its workers would go on reading
            began = self.wall_clock()
            for _ in range(self.args.steps):
                trainer.loop_step()
            without = (self.wall_clock() - began) / self.args.steps
            found[name] = dict(
                batches=number,
                pairs_per_second=pairs / seconds,
                pairs_per_second_without=pairs / without,
                waiting_share=waited / number / seconds,
                slower_share=1 - without / seconds,
            )
        return found

    def wall_clock(self) -> float:
        """Seconds by the wall clock, when all work has been done."""
        self.device.synchronize()
        return time.perf_counter()

    def compare_with_config(self, folder: Path) -> dict:
        """Steps of another config and of the first variant, interleaved."""
        cfg = self.load(self.args.against)
        name, switches = next(iter(self.variants.items()))
        batch = noise_batch(cfg)
        other = Trainer(
            switches.apply(cfg) if switches else cfg, batch, folder / 'other'
        )
        for _ in range(self.args.warmup):
            other.loop_step()
        seconds = interleave(
            dict(this=self.trainers[name].loop_step, other=other.loop_step),
            self.device,
            self.args.repeats,
            self.args.steps,
        )
        pairs = self.figures['pairs_per_step'], count_pairs(batch)
        per_pair = [
            [s / number for s in values]
            for values, number in zip(seconds.values(), pairs)
        ]
        return dict(
            config=str(self.args.against),
            pairs_per_step=pairs[1],
            step_seconds=spread(seconds['other']),
            step_ratio=ratios(seconds['this'], seconds['other']),
            times_cheaper_per_pair=ratios(*reversed(per_pair)),
        )

    def compare_with_torchvision(self) -> dict:
        """Steps of both video towers with a classifier, interleaved."""
        shape = (
            self.figures['batch_size'],
            *self.figures['sample']['video'][-4:],
        )
        found: dict = dict(clips=list(shape))
        for name, switches in self.variants.items():
            try:
                works = classifier_steps(
                    switches or Switches(), shape, self.device.type
                )
            except (ImportError, RuntimeError) as error:
                return dict(not_run=f'{type(error).__name__}: {error}')
            for _, work in itertools.product(
                range(self.args.warmup), works.values()
            ):
                work()
            seconds = interleave(
                works, self.device, self.args.repeats, self.args.steps
            )
            found[name] = {k: spread(v) for k, v in seconds.items()}
            found[name]['ours_over_torchvision'] = ratios(
                seconds['ours'], seconds['torchvision']
            )
        return found
