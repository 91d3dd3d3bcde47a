"""The bar, the lines, and how they get along with the log."""

import io
import logging
import sys

import pytest
from mmengine.hooks import Hook
from rich.console import Console

from avts_mm.engine import ProgressBarHook

STAGES = [
    dict(begin=0, mix=dict(easy=1)),
    dict(begin=1, mix=dict(easy=3, hard=1)),
]


def hooks(terminal):
    bar = ProgressBarHook()
    bar.console = Console(
        file=io.StringIO(), force_terminal=terminal, width=200, soft_wrap=True
    )
    return [bar, dict(type='CurriculumHook', stages=STAGES)], bar.console.file


def test_lines(toy_runner, toy_val):
    custom_hooks, output = hooks(terminal=False)
    toy_runner(
        losses=[0.5, 0.25], max_epochs=2, custom_hooks=custom_hooks, **toy_val
    ).train()
    header, first, second = output.getvalue().splitlines()
    columns = header.replace(' acc', '-acc').replace(' AUC', '-AUC')
    assert columns.split() == [
        'epoch',
        'loss',
        'negatives',
        *('easy-acc', 'easy-AUC', 'hard-acc', 'hard-AUC'),
        *('time', 'left'),
    ]
    assert len(header) == len(first) == len(second) < 90
    assert ' '.join(first.split()).startswith('1/2 0.5000 100% easy ')
    assert ' '.join(second.split()).startswith('2/2 0.2500 75% easy, 25% hard')
    # Right-aligned below the names of the columns.
    place = header.index('hard AUC') + len('hard AUC')
    assert 0 <= float(second[:place].split()[-1]) <= 1
    assert first.rstrip()[-8:].count(':') == 2  # time left
    assert second.rstrip().endswith(' s')


def test_lines_without_validation(toy_runner):
    custom_hooks, output = hooks(terminal=False)
    toy_runner(max_epochs=3, custom_hooks=custom_hooks).train()
    lines = output.getvalue().splitlines()
    assert [line.split()[0] for line in lines] == [
        'epoch',
        '1/3',
        '2/3',
        '3/3',
    ]


def test_bar(toy_runner, toy_val):
    custom_hooks, output = hooks(terminal=True)
    stdout = sys.stdout
    runner = toy_runner(max_epochs=2, custom_hooks=custom_hooks, **toy_val)
    runner.train()
    text = output.getvalue()
    for shown in ('epoch 1/2', 'epoch 2/2', '0/4', 'validation', ' left'):
        assert shown in text
    assert '2/2  1.0000  75% easy, 25% hard' in text
    assert sys.stdout is stdout
    assert '\x1b[?25h' in text  # the cursor is shown again


@pytest.mark.parametrize('terminal', [True, False])
def test_log_is_kept_off_the_screen(toy_runner, terminal):
    custom_hooks, output = hooks(terminal)
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
    handlers[0].setStream(screen)

    class Warn(Hook):
        def after_train_epoch(self, runner):
            runner.logger.warning('mind this')

    runner.register_hook(Warn())
    runner.train()
    # As before, once training is over.
    assert handlers[0].level == logging.INFO
    assert handlers[0].stream is screen
    assert 'Epoch(train)' not in screen.getvalue()
    # With a bar, what is shown goes through the console and not past it.
    text = output.getvalue() if terminal else screen.getvalue()
    assert 'mind this' in text
    log = next(
        handler
        for handler in runner.logger.handlers
        if isinstance(handler, logging.FileHandler)
    )
    with open(log.baseFilename) as file:
        assert 'Epoch(train)' in file.read()


def test_error_gives_the_terminal_back(toy_runner):
    custom_hooks, output = hooks(terminal=True)
    runner = toy_runner(custom_hooks=custom_hooks)
    stdout = sys.stdout
    runner.model.losses = ['not a number']
    with pytest.raises(TypeError):
        runner.train()
    custom_hooks[0]._undo.close()  # what atexit does
    assert sys.stdout is stdout
    assert '\x1b[?25h' in output.getvalue()


def test_validation_alone(toy_runner, toy_val):
    custom_hooks, output = hooks(terminal=True)
    toy_runner(custom_hooks=custom_hooks, **toy_val).val()
    assert output.getvalue() == ''
