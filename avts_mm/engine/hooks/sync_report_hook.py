"""What a training came to: figures, a table and pictures."""

import json
import math
import os
import shlex
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from mmaction.registry import HOOKS
from mmengine.dist import master_only
from mmengine.hooks import Hook
from rich.console import Console
from rich.table import Table

from .curriculum_hook import CurriculumHook

SECONDS = 'training_seconds'  # in the message hub, hence in checkpoints


@HOOKS.register_module()
class SyncReportHook(Hook):
    """Report the last validation by SyncMetric when training ends.

    Writes to the work directory

    - ``result.json``: accuracy and AUC on ``easy`` and on ``hard`` negatives
      (and others, if any), ``within_video``, ``seed``, ``epochs``, and
      ``seconds`` of training over all resumptions; null for what has not
      been validated; then ``intervals`` (95 %, by measure), and what tells
      the run from others: ``task``, ``dataset``, ``config``, ``command``;
    - ``distances.png`` and ``training_curve.png``;

    and prints the figures as a table, chance beside them, with the paths of
    the checkpoint and the pictures.

    Args:
        pictures (bool): Draw the pictures. Defaults to True.
    """

    # Before CheckpointHook (VERY_LOW) saves how long training has taken.
    priority = 'LOW'

    def __init__(self, pictures: bool = True) -> None:
        self.pictures = pictures
        self.console = Console(soft_wrap=True)
        self.metrics: dict[str, float] = {}
        self._seconds_before = 0.0
        self._begin = time.monotonic()

    def before_train(self, runner) -> None:
        """Start the clock; a resumed run goes on from what was saved."""
        saved = runner.message_hub.runtime_info.get(SECONDS, 0.0)
        self._seconds_before = float(saved)
        self._begin = time.monotonic()

    def after_train_iter(
        self, runner, batch_idx, data_batch=None, outputs=None
    ) -> None:
        """Keep the time where checkpoints have it."""
        runner.message_hub.update_info(SECONDS, self._seconds())

    def after_val_epoch(self, runner, metrics=None) -> None:
        """Remember the results; the last ones count."""
        self.metrics = dict(metrics or {})

    @master_only
    def after_train(self, runner) -> None:
        """Write, draw and print."""
        metric = self._metric(runner)
        result = self._result(runner)
        paths = {
            'result': os.path.join(runner.work_dir, 'result.json'),
            **self._checkpoints(runner),
        }
        with open(paths['result'], 'w', encoding='utf-8') as file:
            json.dump(
                {**result, **self._about(runner, metric)}, file, indent=2
            )
            file.write('\n')
        if self.pictures:
            paths.update(self._draw(runner, metric, result))
        self._print(result, getattr(metric, 'last_intervals', {}), paths)

    def _seconds(self) -> float:
        return self._seconds_before + time.monotonic() - self._begin

    @staticmethod
    def _metric(runner):
        """The metric of the validation that keeps its distances, if any."""
        evaluator = getattr(runner.val_loop, 'evaluator', None)
        for metric in getattr(evaluator, 'metrics', ()):
            if hasattr(metric, 'last_distances'):
                return metric
        return None

    def _result(self, runner) -> dict:
        found: dict = {'easy': {}, 'hard': {}}
        within = None
        for name, value in self.metrics.items():
            *_, kind, measure = ['', '', *name.split('/')]
            finite = float(value) if math.isfinite(value) else None
            if kind in ('easy', 'hard', 'super_hard'):
                if measure in ('accuracy', 'auc'):
                    found.setdefault(kind, {})[measure] = finite
            elif measure == 'within_video':
                within = finite
        for measures in found.values():
            for measure in ('accuracy', 'auc'):
                measures.setdefault(measure, None)
        return {
            **found,
            'within_video': within,
            'seed': runner.seed,
            'epochs': runner.epoch,
            'seconds': round(self._seconds(), 1),
        }

    @staticmethod
    def _about(runner, metric) -> dict:
        """What tools/analysis_tools/report.py needs besides."""
        loader = runner.cfg.get('val_dataloader')
        dataset = loader.get('dataset') if isinstance(loader, Mapping) else {}
        root = Path((dataset or {}).get('data_root') or '').name
        intervals = getattr(metric, 'last_intervals', {})
        return {
            'intervals': {
                name: [float(low), float(high)]
                for name, (low, high) in intervals.items()
                if math.isfinite(low) and math.isfinite(high)
            },
            'task': 'synchronisation',
            'dataset': runner.cfg.get('dataset_name') or root or None,
            'config': runner.cfg.filename,
            'command': shlex.join(['python', *sys.argv]),
        }

    @staticmethod
    def _checkpoints(runner) -> dict[str, str]:
        """The last checkpoint and the best, as CheckpointHook left them."""
        paths = {}
        last = Path(runner.work_dir, 'last_checkpoint')
        if last.is_file():
            paths['checkpoint'] = last.read_text().strip()
        best = sorted(
            Path(runner.work_dir).glob('best_*.pth'),
            key=lambda path: path.stat().st_mtime,
        )
        if best:
            paths['best checkpoint'] = str(best[-1])
        return paths

    def _draw(self, runner, metric, result) -> dict[str, str]:
        # Here, since matplotlib takes its time to import.
        from avts_mm.visualization import (
            plot_distance_histograms,
            plot_training_curve,
        )

        paths = {}
        distances = getattr(metric, 'last_distances', None)
        folder = Path(runner.work_dir)
        try:
            if distances:
                notes = {
                    kind: f'AUC {measures["auc"]:.3f}'
                    for kind, measures in result.items()
                    if isinstance(measures, Mapping)
                    and measures['auc'] is not None
                }
                paths['distances'] = plot_distance_histograms(
                    distances, folder / 'distances.png', notes
                )
            stages = [
                hook.stages
                for hook in runner.hooks
                if isinstance(hook, CurriculumHook)
            ]
            paths['training curve'] = plot_training_curve(
                folder,
                stages[0] if stages else None,
                folder / 'training_curve.png',
            )
        except (FileNotFoundError, ValueError) as error:
            # No reason to lose the rest at the end of a long training.
            runner.logger.warning(f'A picture could not be drawn: {error}')
        return paths

    def _print(self, result: dict, intervals: dict, paths: dict) -> None:
        table = Table(
            title=f'Synchronisation after {result["epochs"]} epochs, '
            f'{result["seconds"]:.0f} s, seed {result["seed"]}',
            title_justify='left',
        )
        table.add_column('held-out pairs')
        for column in ('accuracy', 'AUC', 'chance'):
            table.add_column(column, justify='right')

        def cell(value: float | None, name: str) -> str:
            if value is None:
                return '-'
            text = f'{value:.3f}'
            if name in intervals:
                low, high = intervals[name]
                text += f' ({low:.3f}–{high:.3f})'
            return text

        for kind, measures in result.items():
            if isinstance(measures, Mapping):
                table.add_row(
                    f'{kind.replace("_", "-")} negatives',
                    cell(measures['accuracy'], f'{kind}/accuracy'),
                    cell(measures['auc'], f'{kind}/auc'),
                    '0.500',
                )
        table.add_row(
            'within video',
            cell(result['within_video'], 'within_video'),
            '',
            '0.500',
        )
        table.caption = 'within video: own sound nearer than a shifted one'
        if intervals:
            table.caption += '\nin brackets: 95 % confidence interval'
        table.caption_justify = 'left'
        self.console.print()
        self.console.print(table)
        for name, path in paths.items():
            self.console.print(f'{name + ":":<17}{path}', highlight=False)
