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

import io
import math
import multiprocessing
import os
import pickle
import weakref
from collections.abc import Sequence
from multiprocessing.reduction import ForkingPickler
from typing import Any

import numpy as np
import torch

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
        batch (Any): With tensors and :class:`Stack`, however nested.

    Returns:
        Any: What becomes the batch when the main process unpickles it, with
        a tensor for each ``Stack``; all values, shapes and orders in memory
        are as they were.
    """
    file = io.BytesIO()
    writer = _Writer(file)
    writer.dump(batch)
    number, block = _free_block(writer.size)
    for source, place in writer.large:
        _write(source, _tensor(block.content, *place))
    block.content[0] = True
    storage, block.unsent = block.unsent, None
    return _Message(os.getpid(), number, storage, file.getvalue())


class _Message:
    """What becomes a batch when it is unpickled."""

    def __init__(self, *content) -> None:
        self.content = content

    def __reduce__(self):
        return _receive, self.content


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


class _Writer(ForkingPickler):
    """Leaves tensors out and lists them; torch's way for unusual ones."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file)
        self.large: list[tuple] = []
        self.size = _ALIGNMENT

    def persistent_id(self, obj):
        if isinstance(obj, Stack):
            stride = obj.stride
        elif type(obj) is torch.Tensor and _is_plain(obj):
            stride = _dense_stride(obj)
        else:
            return None
        layout = obj.dtype, tuple(obj.shape), stride
        size = math.prod(obj.shape) * obj.dtype.itemsize
        if size < _SMALL:
            content = bytearray(size)
            _write(obj, _tensor(content, 0, *layout))
            return content, 0, *layout
        place = self.size, *layout
        self.large.append((obj, place))
        self.size += -(-size // _ALIGNMENT) * _ALIGNMENT
        return None, *place


def _is_plain(tensor: torch.Tensor) -> bool:
    return (
        tensor.device.type == 'cpu'
        and tensor.layout == torch.strided
        and not tensor.is_quantized
        and not tensor.requires_grad
    )


def _dense_stride(tensor: torch.Tensor) -> tuple[int, ...]:
    """Strides without gaps, the axes in the order that they have."""
    return torch.empty_like(tensor, device='meta').stride()


def _write(source: torch.Tensor | Stack, result: torch.Tensor) -> None:
    if isinstance(source, Stack):
        source.write(result)
    else:
        result.copy_(source)


# Of each worker and number.
_received: dict[tuple[int, int], np.ndarray] = {}


def _receive(
    worker: int,
    number: int,
    storage: torch.UntypedStorage | None,
    pickled: bytes,
) -> Any:
    """The batch; its tensors lie in the block."""
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
    return _Reader(io.BytesIO(pickled), memory).load()


def _release(content: np.ndarray, receiver: int) -> None:
    # A forked process has the batch, too; it is not the one that decides.
    if os.getpid() == receiver:
        content[0] = False


class _Reader(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, memory: memoryview) -> None:
        super().__init__(file)
        self.memory = memory

    def persistent_load(self, place):
        content, *layout = place
        return _tensor(self.memory if content is None else content, *layout)


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
