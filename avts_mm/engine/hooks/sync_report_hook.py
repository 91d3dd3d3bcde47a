"""What a training came to: figures, a table and pictures."""

import json
import math
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
    """

    # Before CheckpointHook (VERY_LOW) saves how long training has taken.
    priority = 'LOW'

    def __init__(self) -> None:
        self.console = Console(soft_wrap=True)
        self.metrics: dict[str, float] = {}

    def before_train(self, runner) -> None:
        """Start the clock; a resumed run goes on from what was saved."""
        before = runner.message_hub.get_info(SECONDS, 0.0)
        self._begin = time.monotonic() - before

    def after_train_iter(
        self, runner, batch_idx, data_batch=None, outputs=None
    ) -> None:
        """Keep the time where checkpoints have it."""
        runner.message_hub.update_info(SECONDS, time.monotonic() - self._begin)

    def after_val_epoch(self, runner, metrics=None) -> None:
        """Remember the results; the last ones count."""
        self.metrics = dict(metrics or {})

    @master_only
    def after_train(self, runner) -> None:
        """Write, draw and print."""
        # The metric that keeps its distances, if any.
        evaluator = getattr(runner.val_loop, 'evaluator', None)
        metrics = getattr(evaluator, 'metrics', ())
        metric = next(
            (m for m in metrics if hasattr(m, 'last_distances')), None
        )
        intervals = getattr(metric, 'last_intervals', {})
        distances = getattr(metric, 'last_distances', None)
        result = self._result(runner)
        file = Path(runner.work_dir, 'result.json')
        about = self._about(runner, intervals)
        file.write_text(
            json.dumps({**result, **about}, indent=2) + '\n', encoding='utf-8'
        )
        paths = dict(result=file, **self._checkpoints(runner))
        paths.update(self._draw(runner, distances, result))
        self._print(result, intervals, paths)

    def _result(self, runner) -> dict:
        nothing = dict(accuracy=None, auc=None)
        found: dict = {'easy': {**nothing}, 'hard': {**nothing}}
        within = None
        for name, value in self.metrics.items():
            *_, kind, measure = ['', '', *name.split('/')]
            finite = float(value) if math.isfinite(value) else None
            if kind in ('easy', 'hard', 'super_hard'):
                if measure in nothing:
                    found.setdefault(kind, {**nothing})[measure] = finite
            elif measure == 'within_video':
                within = finite
        return {
            **found,
            'within_video': within,
            'seed': runner.seed,
            'epochs': runner.epoch,
            'seconds': round(time.monotonic() - self._begin, 1),
        }

    @staticmethod
    def _about(runner, intervals: dict) -> dict:
        """What tools/analysis_tools/report.py needs besides."""
        loader = runner.cfg.get('val_dataloader')
        dataset = loader.get('dataset') if isinstance(loader, Mapping) else {}
        roots = (dataset or {}).get('data_root') or ''
        roots = [roots] if isinstance(roots, str) else roots
        root = '+'.join(Path(root).name for root in roots)
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
    def _checkpoints(runner) -> dict:
        """The last checkpoint and the best, as CheckpointHook left them."""
        paths = {}
        last = Path(runner.work_dir, 'last_checkpoint')
        if last.is_file():
            paths['checkpoint'] = last.read_text().strip()
        best = runner.message_hub.get_info('best_ckpt')
        if best:
            paths['best checkpoint'] = best
        return paths

    @staticmethod
    def _draw(runner, distances: dict | None, result: dict) -> dict:
        # Here, since matplotlib takes its time to import.
        from avts_mm.visualization import (
            draw_distance_histograms,
            draw_training_curve,
            save,
        )

        paths = {}
        folder = Path(runner.work_dir)
        try:
            if distances:
                notes = {
                    kind: f'AUC {measures["auc"]:.3f}'
                    for kind, measures in result.items()
                    if isinstance(measures, Mapping)
                    and measures['auc'] is not None
                }
                figure = draw_distance_histograms(distances, notes)
                paths['distances'] = save(figure, folder / 'distances.png')
            stages: list = []
            for hook in runner.hooks:
                if isinstance(hook, CurriculumHook):
                    stages = hook.stages
            figure = draw_training_curve(folder, stages)
            path = folder / 'training_curve.png'
            paths['training curve'] = save(figure, path)
        except (FileNotFoundError, ValueError) as error:
            # No reason to lose the rest at the end of a long training.
            runner.logger.warning(f'A picture could not be drawn: {error}')
        return paths

    def _print(self, result: dict, intervals: dict, paths: dict) -> None:
        table = Table(
            title=f'Synchronisation after {result["epochs"]} epochs, '
            f'{result["seconds"]:.0f} s, seed {result["seed"]}',
            title_justify='left',
            caption='within video: own sound nearer than a shifted one'
            + ('\nin brackets: 95 % confidence interval' if intervals else ''),
            caption_justify='left',
        )
        table.add_column('held-out pairs')
        for column in ('accuracy', 'AUC', 'chance'):
            table.add_column(column, justify='right')

        def cell(value: float | None, name: str) -> str:
            if value is None:
                return '-'
            bounds = intervals.get(name)
            between = ' ({:.3f}–{:.3f})'.format(*bounds) if bounds else ''
            return f'{value:.3f}{between}'

        for kind, measures in result.items():
            if isinstance(measures, Mapping):
                table.add_row(
                    f'{kind.replace("_", "-")} negatives',
                    cell(measures['accuracy'], f'{kind}/accuracy'),
                    cell(measures['auc'], f'{kind}/auc'),
                    '0.500',
                )
        within = cell(result['within_video'], 'within_video')
        table.add_row('within video', within, '', '0.500')
        self.console.print()
        self.console.print(table)
        for name, path in paths.items():
            self.console.print(f'{name + ":":<17}{path}', highlight=False)
