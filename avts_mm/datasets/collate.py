"""Putting samples together into batches."""

from collections.abc import Sequence
from typing import Any

import torch
from mmengine.registry import FUNCTIONS
from torch.utils.data import get_worker_info

from .batch_memory import Stack, hand_over


@FUNCTIONS.register_module()
def stack_inputs(samples: Sequence[dict]) -> Any:
    """Stack the tensors of a batch in the worker that has loaded it.

    The main process gets them in shared memory that is used again
    (:mod:`avts_mm.datasets.batch_memory`).

    Args:
        samples (Sequence[dict]): What
            :class:`~avts_mm.datasets.transforms.PackAVInputs` returns.

    Returns:
        dict: ``inputs``, a dict of tensors ``(N, ...)``, or lists of tensors
        where those of the samples differ in size, and ``data_samples``, a
        list. Pictures ``(N, C, T, H, W)`` stay in memory as they are: if the
        samples keep the colours of a pixel side by side, so does the batch.
        In a worker, what becomes that dict in the main process.
    """
    inputs = {
        name: _stack([sample['inputs'][name] for sample in samples])
        for name in samples[0]['inputs']
    }
    data_samples = [sample['data_samples'] for sample in samples]
    if get_worker_info() is not None:
        return hand_over(dict(inputs=inputs, data_samples=data_samples))
    for name, value in inputs.items():
        if isinstance(value, Stack):
            inputs[name] = value.stacked()
    return dict(inputs=inputs, data_samples=data_samples)


def _stack(tensors: list[torch.Tensor]) -> Any:
    if len({(tensor.shape, tensor.dtype) for tensor in tensors}) > 1:
        return tensors
    return Stack(tensors)
