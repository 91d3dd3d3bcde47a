"""The learning rate falls with the training loss of whole epochs."""

import pytest
import torch
from mmengine.hooks import Hook

from avts_mm.engine import TrainLossPlateauLR

SCHEDULER = [dict(type='TrainLossPlateauLR', factor=0.1, patience=5)]
PLATEAU = [dict(type='TrainLossPlateauHook')]
# The least loss is that of epoch 3; ties do not count as a decrease.
LOSSES = [1.0, 0.8, 0.9, 0.7] + [0.7, 0.75, 0.9, 0.7, 0.71, 0.8] + [0.69] * 20
# Epochs 4 to 9 bring no decrease, six in a row, the last tolerated is 8.
# Then 0.69 is one, and the six that equal it, 11 to 16, are not.
RATES = [1.0] * 10 + [0.1] * 7 + [0.01] * 6 + [0.001] * 3


class NoteRate(Hook):
    """Notes the learning rate that each epoch begins with."""

    def __init__(self):
        self.rates = {}

    def before_train_epoch(self, runner):
        self.rates[runner.epoch] = runner.optim_wrapper.get_lr()['lr'][0]


def run(toy_runner, epochs, **kwargs):
    note = NoteRate()
    runner = toy_runner(
        losses=LOSSES,
        max_epochs=epochs,
        param_scheduler=SCHEDULER,
        custom_hooks=[*PLATEAU, note],
        **kwargs,
    )
    lines = []
    runner.logger.info = lines.append
    runner.train()
    return note.rates, lines


def test_rate_falls_after_more_than_five_epochs(toy_runner):
    rates, lines = run(toy_runner, 24)
    assert rates == pytest.approx(dict(enumerate(RATES[:24])))
    told = [line for line in lines if 'has not fallen' in line]
    assert len(told) == 3
    assert told[0] == (
        'The training loss (0.8000) has not fallen for more than 5 epochs: '
        'learning rate 1 -> 0.1'
    )


@pytest.mark.parametrize('stop', [7, 10, 12])
def test_resume_while_waiting(toy_runner, stop):
    before, _ = run(toy_runner, stop)
    after, _ = run(toy_runner, 20, resume=True)
    assert sorted(after) == list(range(stop, 20))
    assert {**before, **after} == pytest.approx(dict(enumerate(RATES[:20])))


def test_validation_does_not_step_it(toy_runner, toy_val):
    rates, _ = run(toy_runner, 12, **toy_val)
    assert rates == pytest.approx(dict(enumerate(RATES[:12])))


def test_hook_without_scheduler_and_without_a_mean(toy_runner):
    toy_runner(custom_hooks=PLATEAU, max_epochs=1).train()
    hooks = dict(runtime_info=dict(type='RuntimeInfoHook'))
    with pytest.raises(RuntimeError, match='DeferredInfoHook'):
        toy_runner(custom_hooks=PLATEAU, default_hooks=hooks).train()


def make(**kwargs):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.01)
    return optimizer, TrainLossPlateauLR(optimizer, **kwargs)


def rates(optimizer, scheduler, losses):
    result = []
    for loss in losses:
        scheduler.step(dict(loss=loss))
        scheduler.step()
        result.append(optimizer.param_groups[0]['lr'])
    return result


def test_any_decrease_counts():
    losses = [1.0 - 1e-7 * i for i in range(12)]
    assert rates(*make(), losses) == [0.01] * 12
    with_threshold = rates(*make(threshold=1e-3), losses)
    assert with_threshold[-1] == pytest.approx(0.001)


def test_nan_is_no_decrease():
    found = rates(*make(patience=1), [1.0, float('nan'), float('nan'), 0.5])
    assert found == pytest.approx([0.01, 0.01, 0.001, 0.001])


def test_nobody_tells_the_loss():
    _, scheduler = make()
    with pytest.raises(RuntimeError, match='TrainLossPlateauHook'):
        scheduler.step()
    scheduler.step(dict(loss=1.0))
    scheduler.step()
    with pytest.raises(RuntimeError, match='TrainLossPlateauHook'):
        scheduler.step()


def test_only_between_begin_and_end():
    found = rates(*make(patience=1, begin=2, end=6), [1.0] * 12)
    # Epochs 2 to 5 are judged; the first of them sets the best.
    assert found == pytest.approx([0.01] * 4 + [0.001] * 8)


def test_the_last_epoch_stays_that_of_the_config():
    _, scheduler = make(end=2)
    _, other = make(end=20)
    other.load_state_dict(scheduler.state_dict())
    assert other.end == 20
