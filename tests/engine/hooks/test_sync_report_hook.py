"""The report at the end of a training."""

import io
import json
import time
from pathlib import Path

import pytest
from rich.console import Console

from avts_mm.engine import SyncReportHook

STAGES = [
    dict(begin=0, mix=dict(easy=1)),
    dict(begin=1, mix=dict(easy=3, hard=1)),
]


def report(runner, width=100):
    """Train; returns what was printed."""
    (hook,) = [h for h in runner.hooks if isinstance(h, SyncReportHook)]
    hook.console = Console(file=io.StringIO(), width=width)
    runner.train()
    return hook.console.file.getvalue()


def result_of(runner):
    return json.loads(Path(runner.work_dir, 'result.json').read_text())


HOOKS = [
    dict(type='CurriculumHook', stages=STAGES),
    dict(type='SyncReportHook'),
]


def test_report(toy_runner, toy_val):
    runner = toy_runner(max_epochs=2, custom_hooks=HOOKS, **toy_val)
    printed = report(runner)
    result = result_of(runner)
    assert list(result) == [
        'easy',
        'hard',
        'within_video',
        'seed',
        'epochs',
        'seconds',
        'intervals',
        'task',
        'dataset',
        'config',
        'command',
    ]
    assert result['task'] == 'synchronisation'
    low, high = result['intervals']['easy/auc']
    assert 0 <= low <= result['easy']['auc'] <= high <= 1
    assert result['command'].startswith('python ')
    scalars = runner.message_hub.log_scalars
    for kind in ('easy', 'hard'):
        assert sorted(result[kind]) == ['accuracy', 'auc']
        for measure, value in result[kind].items():
            logged = scalars[f'val/sync/{kind}/{measure}'].current()
            assert value == pytest.approx(logged)
    within = scalars['val/sync/within_video'].current()
    assert result['within_video'] == pytest.approx(within)
    assert (result['seed'], result['epochs']) == (3, 2)
    assert 0 < result['seconds'] < 120
    # The table, with chance and intervals, ...
    assert f'{result["easy"]["auc"]:.3f} (' in printed
    for row in ('easy negatives', 'hard negatives', 'within video'):
        (line,) = [x for x in printed.splitlines() if f'│ {row}' in x]
        assert line.rstrip(' │').endswith('0.500')
    # ... and paths of files that exist.
    work_dir = Path(runner.work_dir)
    for name, file in {
        'result:': 'result.json',
        'checkpoint:': 'epoch_2.pth',
        'distances:': 'distances.png',
        'training curve:': 'training_curve.png',
    }.items():
        (line,) = [x for x in printed.splitlines() if x.startswith(name)]
        assert line.split(':', 1)[1].strip() == str(work_dir / file)
        assert (work_dir / file).stat().st_size > 0


def test_other_kinds_are_added(toy_runner, toy_val):
    sampler = toy_val['val_dataloader']['sampler']
    sampler['kinds'] = ('positive', 'super_hard')
    runner = toy_runner(max_epochs=1, custom_hooks=HOOKS, **toy_val)
    assert 'super-hard negatives' in report(runner)
    result = result_of(runner)
    assert 0 <= result['super_hard']['auc'] <= 1
    assert result['easy'] == dict(accuracy=None, auc=None)


def test_seconds_add_up_over_resumptions(toy_runner, monkeypatch):
    clock = [1000.0]
    monkeypatch.setattr(
        'avts_mm.engine.hooks.sync_report_hook.time.monotonic',
        lambda: clock[0],
    )

    class Slow(SyncReportHook):
        def after_train_iter(self, *args, **kwargs):
            clock[0] += 5
            super().after_train_iter(*args, **kwargs)

    first = toy_runner(max_epochs=2, custom_hooks=[Slow()])
    report(first)
    assert result_of(first)['seconds'] == 2 * 4 * 5
    clock[0] += 10000
    resumed = toy_runner(max_epochs=3, custom_hooks=[Slow()], resume=True)
    report(resumed)
    assert result_of(resumed)['seconds'] == 3 * 4 * 5
    assert result_of(resumed)['epochs'] == 3
    assert time.monotonic() == clock[0]


def test_a_picture_that_fails_loses_nothing(toy_runner, toy_val):
    runner = toy_runner(max_epochs=1, custom_hooks=HOOKS, **toy_val)
    warnings = []
    runner.logger.warning = warnings.append
    runner.visualizer._vis_backends.clear()  # nothing is logged
    printed = report(runner)
    assert 'training curve:' not in printed and 'distances:' in printed
    assert any('LocalVisBackend' in line for line in warnings)
