"""Training in bfloat16 without a GPU."""

import torch
from mmaction.registry import OPTIM_WRAPPERS

from avts_mm.engine import BFloat16OptimWrapper


def make(model):
    wrapper = OPTIM_WRAPPERS.build(
        dict(
            type='BFloat16OptimWrapper',
            optimizer=torch.optim.SGD(model.parameters(), 0.1),
        )
    )
    assert isinstance(wrapper, BFloat16OptimWrapper)
    return wrapper


def test_the_forward_pass_is_bfloat16_and_the_weights_are_not():
    model = torch.nn.Linear(4, 2)
    before = model.weight.detach().clone()
    wrapper = make(model)
    with wrapper.optim_context(model):
        out = model(torch.randn(3, 4))
    assert out.dtype == torch.bfloat16
    wrapper.update_params(out.float().square().mean())
    assert model.weight.dtype == torch.float32
    assert not torch.equal(model.weight, before)


def test_outside_of_the_context_nothing_is_changed():
    model = torch.nn.Linear(4, 2)
    with make(model).optim_context(model):
        pass
    assert model(torch.randn(3, 4)).dtype == torch.float32
