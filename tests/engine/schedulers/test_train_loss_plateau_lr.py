"""The scheduler by itself."""

import pytest
import torch

from avts_mm.engine import TrainLossPlateauLR


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


def test_paper_is_the_default():
    found = rates(*make(), [1.0] * 13)
    assert found == pytest.approx([0.01] * 6 + [0.001] * 6 + [0.0001])


def test_any_decrease_counts():
    losses = [1.0 - 1e-7 * i for i in range(12)]
    assert rates(*make(), losses) == [0.01] * 12
    with_threshold = rates(*make(threshold=1e-3), losses)
    assert with_threshold[-1] == pytest.approx(0.001)


def test_nan_is_no_decrease():
    found = rates(*make(patience=1), [1.0, float('nan'), float('nan'), 0.5])
    assert found == pytest.approx([0.01, 0.01, 0.001, 0.001])


def test_state():
    optimizer, scheduler = make(patience=2)
    rates(optimizer, scheduler, [1.0, 0.5, 0.6])
    state = scheduler.state_dict()
    assert all(
        isinstance(value, int | float | str | list | bool)
        for value in state.values()
    )
    other_optimizer, other = make(patience=2)
    other.load_state_dict(state)
    rest = [0.7, 0.5, 0.6]
    expected = rates(optimizer, scheduler, rest)
    assert rates(other_optimizer, other, rest) == expected
    assert expected == pytest.approx([0.01, 0.001, 0.001])


def test_nobody_tells_the_loss():
    _, scheduler = make()
    with pytest.raises(RuntimeError, match='custom_hooks'):
        scheduler.step()
    scheduler.step(dict(loss=1.0))
    scheduler.step()
    with pytest.raises(RuntimeError, match='custom_hooks'):
        scheduler.step()


def test_only_between_begin_and_end():
    found = rates(*make(patience=1, begin=2, end=6), [1.0] * 12)
    # Epochs 2 to 5 are judged; the first of them sets the best.
    assert found == pytest.approx([0.01] * 4 + [0.001] * 8)


def test_settings_stay_those_of_the_config():
    _, scheduler = make(end=2)
    _, other = make(end=20, patience=3, factor=0.5)
    other.load_state_dict(scheduler.state_dict())
    assert (other.end, other.patience, other.factor) == (20, 3, 0.5)
