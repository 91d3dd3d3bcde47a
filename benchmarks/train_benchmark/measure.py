"""Everything that is measured of a config, interleaved and repeated."""

import argparse
import re
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from avts_mm.compat import read_config
from avts_mm.models import MC3

import torch
import torch.nn as nn
import torch.nn.functional as F
from figures import ratios, spread, write_json
from mmengine.device import get_device
from mmengine.registry import init_default_scope

from .trainer import Switches, Trainer, count_flops, noise_batch


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
        self.device = get_device()
        self.cfg = read_config(args.config)
        self.cfg.merge_from_dict(args.cfg_options)
        init_default_scope(self.cfg.get('default_scope', 'mmaction'))
        self.batch = noise_batch(self.cfg)
        self.trainers: dict[str, Trainer] = {}
        self.figures: dict = dict(
            config=str(args.config),
            cfg_options=args.cfg_options,
            device=_device_name(self.device),
            clock='CPU time' if self.device == 'cpu' else 'wall clock',
            torch=torch.__version__,
            tf32_convolutions=torch.backends.cudnn.allow_tf32,
            pairs_per_step=sum(
                s.gt_label.numel() for s in self.batch['data_samples']
            ),
            steps=args.steps,
            repeats=args.repeats,
            variants={},
        )

    def run(self, folder: Path) -> None:
        """Measure everything asked for; each part is kept when it is done."""
        args, figures = self.args, self.figures
        figures['flops_per_step'] = count_flops(self.cfg, self.batch)
        for name, switches in self.variants.items():
            cfg = switches.apply(self.cfg) if switches else self.cfg
            began = time.perf_counter()
            trainer = Trainer(cfg, self.batch, folder / name)
            trainer.step()
            self.now()
            figures['variants'][name] = dict(
                until_first_step_seconds=time.perf_counter() - began,
            )
            for _ in range(args.warmup):
                trainer.step()
            memory = self.step_memory(trainer)
            figures['variants'][name]['step_memory_mib'] = memory
            self.trainers[name] = trainer
        self.time_steps()
        self.time_preprocessing()
        write_json(args.json, figures)
        if args.torchvision:
            self.trainers.clear()
            figures['torchvision'] = self.compare_with_torchvision()
            write_json(args.json, figures)

    def now(self) -> float:
        """Seconds of the clock that steps are timed by."""
        if self.device == 'cpu':
            # Shared with others: count what this program has used.
            return time.process_time()
        torch.accelerator.synchronize()
        return time.perf_counter()

    def interleave(
        self, works: Mapping[str, Callable[[], object]]
    ) -> dict[str, list[float]]:
        """Seconds of each work; all in every repeat, in turning order."""
        seconds: dict[str, list[float]] = {name: [] for name in works}
        names = list(works)
        for i in range(self.args.repeats):
            turn = i % len(names)
            for name in names[turn:] + names[:turn]:
                begin = self.now()
                for _ in range(self.args.steps):
                    works[name]()
                spent = self.now() - begin
                seconds[name].append(spent / self.args.steps)
        return seconds

    def step_memory(self, trainer: Trainer) -> float | None:
        """MiB that a step takes beyond what is there; None on a CPU."""
        if self.device != 'cuda':
            return None
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        trainer.step()
        torch.cuda.synchronize()
        return (torch.cuda.max_memory_allocated() - before) / 2**20

    def time_steps(self) -> None:
        """Steps of all variants, interleaved."""
        seconds = self.interleave(
            {name: trainer.step for name, trainer in self.trainers.items()}
        )
        first = next(iter(seconds))
        for name, found in self.figures['variants'].items():
            step = statistics.median(seconds[name])
            found |= dict(
                step_seconds=spread(seconds[name]),
                pairs_per_second=self.figures['pairs_per_step'] / step,
                flops_per_second=self.figures['flops_per_step'] / step,
                speedup=dict(over=first)
                | ratios(seconds[first], seconds[name]),
            )

    def time_preprocessing(self) -> None:
        """What the data preprocessor (in it the log-mel) takes and gives."""
        prepare = next(iter(self.trainers.values())).model.data_preprocessor
        inputs = prepare(self.batch, True)['inputs']
        if not isinstance(inputs, dict):
            inputs = dict(video=inputs)
        self.figures['inputs'] = {k: list(v.shape) for k, v in inputs.items()}
        works = dict(preprocessing=lambda: prepare(self.batch, True))
        if hasattr(prepare, 'log_mel'):
            wave = torch.stack(tuple(self.batch['inputs']['audio']))
            wave = wave.flatten(0, -2)
            works['log_mel'] = lambda: prepare.log_mel(wave)
        for work, values in self.interleave(works).items():
            self.figures[f'{work}_seconds'] = spread(values)

    def compare_with_torchvision(self) -> dict:
        """Steps of both video towers with a classifier, interleaved."""
        video = self.figures['inputs']['video']
        shape = (video[0], *video[-4:])
        found: dict = dict(clips=list(shape))
        for name, switches in self.variants.items():
            works = classifier_steps(
                switches or Switches(), shape, self.device
            )
            for work in works.values():
                for _ in range(self.args.warmup):
                    work()
            seconds = self.interleave(works)
            found[name] = {k: spread(v) for k, v in seconds.items()}
            found[name]['ours_over_torchvision'] = ratios(
                seconds['ours'], seconds['torchvision']
            )
        return found


def classifier_steps(
    switches: Switches, shape: tuple[int, ...], device: str
) -> dict[str, Callable[[], None]]:
    """Training steps of both on one batch of clips ``(N, C, T, H, W)``, with
    SGD and the same switches."""
    from torchvision.models.video import mc3_18

    models = dict(
        ours=nn.Sequential(
            MC3(channels_last=switches.channels_last),
            nn.AdaptiveAvgPool3d(1),
            nn.Flatten(),
            nn.Linear(512, 400),
        ),
        torchvision=mc3_18(num_classes=400),
    )
    clips = torch.randn(shape, device=device)
    labels = torch.randint(400, shape[:1], device=device)
    if switches.channels_last:
        models['torchvision'].to(memory_format=torch.channels_last_3d)
        clips = clips.contiguous(memory_format=torch.channels_last_3d)

    def training_step(model: nn.Module) -> Callable[[], None]:
        model.to(device).train()
        optimizer = torch.optim.SGD(model.parameters(), 0.01, momentum=0.9)
        if switches.compile:
            model.compile()

        def step() -> None:
            with torch.autocast(
                clips.device.type, torch.bfloat16, enabled=switches.bf16
            ):
                scores = model(clips)
            F.cross_entropy(scores.float(), labels).backward()
            optimizer.step()
            optimizer.zero_grad()

        return step

    return {name: training_step(model) for name, model in models.items()}


def _device_name(device: str) -> str:
    """E.g. for a table's caption."""
    if device == 'cuda':
        return torch.cuda.get_device_name()
    info = Path('/proc/cpuinfo')
    text = info.read_text() if info.exists() else ''
    model = re.search(r'model name\s*: (.*)', text)
    return (
        f'{model[1] if model else device}, {torch.get_num_threads()} threads'
    )
