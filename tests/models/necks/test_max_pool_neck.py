"""The largest value of each channel."""

import pytest
import torch

from avts_mm.models import MaxPoolNeck


@pytest.mark.parametrize('trailing', [(4, 5), (2, 4, 5), (7,)])
def test_maximum_over_all_but_channels(trailing):
    x = torch.zeros(2, 3, *trailing)
    x[0, 1].view(-1)[-1] = 5
    x -= 1
    out = MaxPoolNeck()(x)
    assert out.tolist() == [[-1, 4, -1], [-1, -1, -1]]


def test_single_precision_comes_out():
    assert MaxPoolNeck()(torch.ones(1, 2, 3).bfloat16()).dtype == torch.float
