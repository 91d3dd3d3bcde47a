"""Putting samples together into batches, in memory that is used again.

Fresh pages of shared memory cost a worker more than what it writes to them,
and the main process as much again to map and to give back. So a worker keeps
its blocks of shared memory, and the main process keeps them mapped. Who still
holds a batch is known to Python alone: when the last tensor on a block is
freed in the process that received it, a byte in the block says so, and the
worker may write there. Until then it takes another block: a worker ends with
as many blocks as batches of it were held at one time.
"""

import math
import multiprocessing
import os
import weakref
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from mmengine.registry import FUNCTIONS
from torch.utils.data import get_worker_info

_ALIGNMENT = 64  # bytes; the first so many tell whether a block is in use
_HEADROOM = 1.25  # of a new block, for batches of varying size

# glibc hands freed memory back to the system, to ask for fresh pages for the
# next clip, until it has seen a large block freed. None of this is touched.
np.empty(31 * 2**20, np.uint8)


@FUNCTIONS.register_module()
def stack_inputs(samples: Sequence[dict]) -> Any:
    """Stack the tensors of a batch in the worker that has loaded it.

    Args:
        samples (Sequence[dict]): What
            :class:`~avts_mm.datasets.transforms.PackAVInputs` returns.

    Returns:
        dict: ``inputs``, a dict of tensors ``(N, ...)``, or lists of tensors
        where those of the samples differ in size, and ``data_samples``, a
        list. What some samples lack, as sound, is that of the others, in
        their order. Pictures ``(N, C, T, H, W)`` stay in memory as they are:
        if the samples keep the colours of a pixel side by side, so does the
        batch. In a worker, what becomes that dict in the main process.
    """
    found: dict[str, list[torch.Tensor]] = {}
    for sample in samples:
        for name, tensor in sample['inputs'].items():
            found.setdefault(name, []).append(tensor)
    inputs = {name: _stack(tensors) for name, tensors in found.items()}
    data_samples = [sample['data_samples'] for sample in samples]
    if get_worker_info() is not None:
        return _Message(inputs, data_samples)
    return dict(inputs=inputs, data_samples=data_samples)


def _stack(tensors: list[torch.Tensor]) -> Any:
    first = tensors[0]
    if len({(tensor.shape, tensor.dtype) for tensor in tensors}) > 1:
        return tensors
    # In the order in memory of the first.
    result = torch.empty_strided(
        (len(tensors), *first.shape),
        (first.numel(), *_dense_stride(first)),
        dtype=first.dtype,
    )
    return torch.stack(tensors, out=result)


def _dense_stride(tensor: torch.Tensor) -> tuple[int, ...]:
    """Strides without gaps, the axes in the order that they have."""
    return torch.empty_like(tensor, device='meta').stride()


class _Message:
    """A batch on its way; when it is unpickled it is the batch again."""

    def __init__(self, inputs: dict, data_samples: list) -> None:
        self.size = _ALIGNMENT
        self.written: list[tuple[tuple, torch.Tensor]] = []
        layouts = {
            name: [self._place(tensor) for tensor in value]
            if isinstance(value, list)
            else self._place(value)
            for name, value in inputs.items()
        }
        number, block = _free_block(self.size)
        for layout, tensor in self.written:
            _tensor(block.content, *layout).copy_(tensor)
        block.content[0] = True
        storage, block.unsent = block.unsent, None
        # As arrays, the labels go with the message.
        data_samples = [sample.numpy() for sample in data_samples]
        self.parts = os.getpid(), number, storage, layouts, data_samples

    def _place(self, tensor: torch.Tensor) -> tuple:
        """Where a tensor will be in the block: arguments of _tensor."""
        layout = (
            self.size,
            tensor.dtype,
            tuple(tensor.shape),
            _dense_stride(tensor),
        )
        self.written.append((layout, tensor))
        self.size += -(-tensor.nbytes // _ALIGNMENT) * _ALIGNMENT
        return layout

    def __reduce__(self):
        return _receive, self.parts


class _Block:
    """Shared memory; sent once, named by its number afterwards."""

    def __init__(self, size: int) -> None:
        try:
            self.unsent = torch.UntypedStorage._new_shared(size)
        except RuntimeError as error:
            raise RuntimeError(
                f'/dev/shm has no {size / 2**20:.1f} MiB left for a batch '
                f'({error}): make it larger (docker run --shm-size=8g, mount '
                '-o remount,size=8G /dev/shm), or lower num_workers, '
                'prefetch_factor or batch_size'
            ) from None
        self.content = _content(self.unsent)


_blocks: list[_Block] = []


def _free_block(size: int) -> tuple[int, _Block]:
    """One that nobody reads and that is large enough, made if need be."""
    free = [n for n, block in enumerate(_blocks) if not block.content[0]]
    for number in free:
        if len(_blocks[number].content) >= size:
            return number, _blocks[number]
    # Under the number of a small one the main process forgets that, too.
    number = free[0] if free else len(_blocks)
    _blocks[number : number + 1] = [_Block(int(size * _HEADROOM))]
    return number, _blocks[number]


# Of each worker and number.
_received: dict[tuple[int, int], np.ndarray] = {}


def _receive(
    worker: int,
    number: int,
    storage: torch.UntypedStorage | None,
    layouts: dict,
    data_samples: list,
) -> dict:
    """The batch, whose tensors tell when the last of them is freed."""
    if storage is not None:
        alive = {child.pid for child in multiprocessing.active_children()}
        for key in list(_received):
            if key[0] not in alive:
                _received.pop(key, None)
        _received[worker, number] = _content(storage)
    content = _received[worker, number]
    # All tensors refer to it, and with them their views and arrays.
    memory = content.data
    weakref.finalize(memory, _release, content, os.getpid()).atexit = False
    inputs = {
        name: [_tensor(memory, *layout) for layout in value]
        if isinstance(value, list)
        else _tensor(memory, *value)
        for name, value in layouts.items()
    }
    data_samples = [sample.to_tensor() for sample in data_samples]
    return dict(inputs=inputs, data_samples=data_samples)


def _release(content: np.ndarray, receiver: int) -> None:
    # A forked process has the batch, too; it is not the one that decides.
    if os.getpid() == receiver:
        content[0] = False


def _content(storage: torch.UntypedStorage) -> np.ndarray:
    return torch.empty(0, dtype=torch.uint8).set_(storage).numpy()


def _tensor(content, offset: int, dtype, shape, stride) -> torch.Tensor:
    """A tensor in memory that supports the buffer protocol."""
    count = math.prod(shape)
    flat = torch.frombuffer(content, dtype=dtype, count=count, offset=offset)
    # Not a view, in autograd's sense.
    return flat.new_empty(0).set_(flat.untyped_storage(), 0, shape, stride)
