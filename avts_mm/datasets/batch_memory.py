"""Batches that a data loader's worker hands over in memory used again.

Fresh pages of shared memory cost a worker more than what it writes to them,
and the main process as much again to map and to give back. So a worker keeps
its blocks of shared memory, and the main process keeps them mapped. Who still
holds a batch is known to Python alone: when the last tensor on a block is
freed in the process that received it, a byte in the block says so, and the
worker may write there. Until then it takes another block: who keeps batches
needs memory, as he would without this module, and loses nothing. A worker
ends with as many blocks as batches of it were held at one time.
"""

import copy
import math
import multiprocessing
import os
import weakref
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from mmengine.structures import BaseDataElement

_ALIGNMENT = 64  # bytes; the first so many tell whether a block is in use
# Smaller tensors are sent as they are: a label that is kept keeps no pictures.
_SMALL = 4096
_HEADROOM = 1.25  # of a new block, for batches of varying size


class Stack:
    """Tensors that become one, in memory that is chosen later.

    Args:
        tensors (Sequence[Tensor]): Of one shape and type, on the CPU. The
            result keeps the order in memory of the first.
    """

    def __init__(self, tensors: Sequence[torch.Tensor]) -> None:
        first = tensors[0]
        self.tensors = tensors
        self.dtype = first.dtype
        self.shape = len(tensors), *first.shape
        self.stride = first.numel(), *_dense_stride(first)

    def stacked(self) -> torch.Tensor:
        """The tensor ``(N, ...)``, in memory of its own."""
        result = torch.empty_strided(self.shape, self.stride, dtype=self.dtype)
        self.write(result)
        return result

    def write(self, result: torch.Tensor) -> None:
        """Fill a tensor ``(N, ...)``."""
        for part, tensor in zip(result, self.tensors):
            part.copy_(tensor)


def hand_over(batch: Any) -> Any:
    """A batch as a worker is to send it.

    Args:
        batch (Any): With tensors and :class:`Stack` in dicts, lists and the
            fields of data samples.

    Returns:
        Any: What becomes the batch when the main process unpickles it, with
        a tensor for each ``Stack``; all values, shapes and orders in memory
        are as they were.
    """
    parts: list[_Part] = []
    batch = _planned(batch, parts)
    if not parts:
        return batch
    last = parts[-1]
    number, block = _free_block(last.offset + last.size)
    for part in parts:
        part.write(block.content)
    block.content[0] = True
    storage, block.unsent = block.unsent, None
    memory = _Memory(os.getpid(), number, storage)
    for part in parts:
        part.content = memory
    return batch


def _planned(value: Any, parts: list) -> Any:
    """The batch with a part for each tensor; those for the block listed."""
    if isinstance(value, Stack) or _is_plain(value):
        part = _Part(value)
        if part.size < _SMALL:
            part.content = bytearray(part.size)
            part.write(part.content)
        else:
            end = parts[-1].offset + parts[-1].size if parts else _ALIGNMENT
            part.offset = -(-end // _ALIGNMENT) * _ALIGNMENT
            parts.append(part)
        return part
    if isinstance(value, dict):
        return {key: _planned(item, parts) for key, item in value.items()}
    if isinstance(value, list):
        return [_planned(item, parts) for item in value]
    if isinstance(value, BaseDataElement):
        result = copy.copy(value)  # a data set may keep its samples
        for name, item in value.items():
            result.set_field(_planned(item, parts), name)
        return result
    return value


class _Memory:
    """What becomes the memory of a block; for all parts the same."""

    def __init__(self, *message) -> None:
        self.message = message

    def __reduce__(self):
        return _receive, self.message


class _Part:
    """What becomes a tensor when it is unpickled."""

    content: Any
    offset = 0

    def __init__(self, source: torch.Tensor | Stack) -> None:
        self.source: torch.Tensor | Stack | None = source
        if isinstance(source, Stack):
            stride = source.stride
        else:
            stride = _dense_stride(source)
        self.layout = source.dtype, tuple(source.shape), stride
        self.size = math.prod(source.shape) * source.dtype.itemsize

    def write(self, content) -> None:
        result = _tensor(content, self.offset, *self.layout)
        if isinstance(self.source, Stack):
            self.source.write(result)
        elif self.source is not None:
            result.copy_(self.source)
        self.source = None

    def __reduce__(self):
        return _tensor, (self.content, self.offset, *self.layout)


class _Block:
    """Shared memory; sent once, named by its number afterwards."""

    def __init__(self, size: int) -> None:
        self.unsent = torch.UntypedStorage._new_shared(size)
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


def _is_plain(tensor: Any) -> bool:
    """Whether a tensor need not be sent in torch's way."""
    return (
        type(tensor) is torch.Tensor
        and tensor.device.type == 'cpu'
        and tensor.layout == torch.strided
        and not tensor.is_quantized
        and not tensor.requires_grad
    )


def _dense_stride(tensor: torch.Tensor) -> tuple[int, ...]:
    """Strides without gaps, the axes in the order that they have."""
    return torch.empty_like(tensor, device='meta').stride()


# Of each worker and number.
_received: dict[tuple[int, int], np.ndarray] = {}


def _receive(
    worker: int,
    number: int,
    storage: torch.UntypedStorage | None,
) -> memoryview:
    """The memory of a batch."""
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
    return memory


def _release(content: np.ndarray, receiver: int) -> None:
    # A forked process has the batch, too; it is not the one that decides.
    if os.getpid() == receiver:
        content[0] = False


def _content(storage: torch.UntypedStorage) -> np.ndarray:
    return torch.empty(0, dtype=torch.uint8).set_(storage).numpy()


def _tensor(content, offset: int, dtype, shape, stride) -> torch.Tensor:
    """A tensor in memory that supports the buffer protocol."""
    count = math.prod(shape)
    if not count:
        return torch.empty_strided(shape, stride, dtype=dtype)
    flat = torch.frombuffer(content, dtype=dtype, count=count, offset=offset)
    # Not a view, in autograd's sense.
    return flat.new_empty(0).set_(flat.untyped_storage(), 0, shape, stride)
