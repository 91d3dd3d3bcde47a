"""The bar, the lines, and how they get along with the log."""

import io
import logging
import sys

import pytest
from rich.console import Console

from avts_mm.engine import ProgressBarHook

STAGES = [
    dict(begin=0, mix=dict(easy=1)),
    dict(begin=1, mix=dict(easy=3, hard=1)),
]


def hooks(terminal, quiet=True):
    bar = ProgressBarHook(quiet)
    bar.console = Console(
        file=io.StringIO(), force_terminal=terminal, width=200, soft_wrap=True
    )
    return [bar, dict(type='CurriculumHook', stages=STAGES)], bar.console.file


def test_lines(toy_runner, toy_val):
    custom_hooks, output = hooks(terminal=False)
    toy_runner(
        losses=[0.5, 0.25], max_epochs=2, custom_hooks=custom_hooks, **toy_val
    ).train()
    first, second = output.getvalue().splitlines()
    assert first.startswith('epoch 1/2    loss 0.5000  negatives 100% easy  ')
    assert 'easy accuracy ' in first and 'hard accuracy ' in first
    assert 'AUC 0.' in first or 'AUC 1.' in first
    assert first.endswith(' left')
    assert second.startswith(
        'epoch 2/2    loss 0.2500  negatives 75% easy, 25% hard  '
    )
    assert second.endswith(' s')


def test_lines_without_validation(toy_runner):
    custom_hooks, output = hooks(terminal=False)
    toy_runner(max_epochs=3, custom_hooks=custom_hooks).train()
    lines = output.getvalue().splitlines()
    assert [line[:9] for line in lines] == [f'epoch {i}/3' for i in (1, 2, 3)]


def test_bar(toy_runner, toy_val):
    custom_hooks, output = hooks(terminal=True)
    stdout = sys.stdout
    runner = toy_runner(max_epochs=2, custom_hooks=custom_hooks, **toy_val)
    runner.train()
    text = output.getvalue()
    assert '4/4' in text and 'validation' in text and 'left' in text
    assert 'loss 1.0000  negatives' in text
    assert sys.stdout is stdout
    assert '\x1b[?25h' in text  # the cursor is shown again


@pytest.mark.parametrize('quiet', [True, False])
@pytest.mark.parametrize('terminal', [True, False])
def test_log_is_kept_off_the_screen(toy_runner, quiet, terminal):
    custom_hooks, _ = hooks(terminal, quiet)
    runner = toy_runner(
        max_epochs=1, custom_hooks=custom_hooks, log_level='INFO'
    )
    screen = io.StringIO()
    handlers = [
        handler
        for handler in runner.logger.handlers
        if type(handler) is logging.StreamHandler
    ]
    assert len(handlers) == 1
    streams = []

    def note(record):
        streams.append(handlers[0].stream)
        return True

    handlers[0].addFilter(note)
    handlers[0].setStream(screen)
    filters = list(handlers[0].filters)
    runner.train()
    # As before, once training is over.
    assert handlers[0].filters == filters
    assert handlers[0].stream is screen
    shown = 'Epoch(train)' in screen.getvalue()
    # With a bar, what is shown goes through the console and not past it.
    assert shown == (not quiet and not terminal)
    if terminal and not quiet:
        assert any(stream is not screen for stream in streams)
    log = next(
        handler
        for handler in runner.logger.handlers
        if isinstance(handler, logging.FileHandler)
    )
    with open(log.baseFilename) as file:
        assert 'Epoch(train)' in file.read()


def test_error_gives_the_terminal_back(toy_runner):
    custom_hooks, _ = hooks(terminal=True)
    runner = toy_runner(custom_hooks=custom_hooks)
    stdout = sys.stdout
    runner.model.losses = ['not a number']
    with pytest.raises(TypeError):
        runner.train()
    custom_hooks[0]._undo.close()  # what atexit does
    assert sys.stdout is stdout
    assert custom_hooks[0].progress is None


def test_other_ranks_are_silent(toy_runner, monkeypatch):
    monkeypatch.setattr(
        'avts_mm.engine.hooks.progress_bar_hook.is_main_process', lambda: False
    )
    custom_hooks, output = hooks(terminal=True)
    toy_runner(max_epochs=1, custom_hooks=custom_hooks).train()
    assert output.getvalue() == ''


def test_iterations_without_epochs(toy_runner):
    bar = hooks(terminal=True)
    toy_runner(
        custom_hooks=[bar[0][0]], train_cfg=dict(by_epoch=False, max_iters=3)
    ).train()
    assert '3/3' in bar[1].getvalue()


def test_validation_alone(toy_runner, toy_val):
    custom_hooks, output = hooks(terminal=True)
    toy_runner(custom_hooks=custom_hooks, **toy_val).val()
    assert output.getvalue() == ''
