"""Checkpoint files of any origin: all of their content, or the weights.

The one place of the project that opens them, mmengine's loads included
(:mod:`avts_mm.compat.checkpoints`).
"""

import pickle
import zipfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

# Under which names files keep the weights beside other things, best first.
NESTS = ('state_dict', 'model_state_dict', 'model', 'module', 'net')
# What training keeps beside the weights, and what no tower is looked for in.
NOT_WEIGHTS = ('optimizer', 'optim', 'scheduler', 'scaler', 'ema_state_dict')
# What wrappers of a model, or of a part of it, put into the names inside:
# (Fully sharded) data parallel, torch.compile, activation checkpointing.
WRAPPERS = (
    *('module', '_orig_mod', '_fsdp_wrapped_module'),
    '_checkpoint_wrapped_module',
)

Value = TypeVar('Value')


class CheckpointError(ValueError):
    """A file that is refused or does not fit; the message tells all."""


def load_checkpoint(path: str | Path, map_location='cpu'):
    """Read all that a checkpoint file holds.

    Pickles are read with ``weights_only``, so a hostile file cannot run
    anything: besides tensors and plain values only what
    :mod:`avts_mm.compat.checkpoints` lists is let in.

    Args:
        path (str | Path): A ``.pth`` or ``.safetensors`` file, or an
            ``https://`` address.
        map_location (str | Callable): As for ``torch.load``.
            Defaults to ``'cpu'``.

    Returns:
        The content, for mmengine's checkpoints a dict with ``state_dict``,
        ``meta``, ``message_hub`` and so on.

    Raises:
        FileNotFoundError: There is no such file.
        CheckpointError: It cannot be read, or holds more than it may.
    """
    name = str(path)
    if '://' not in name and not Path(name).is_file():
        raise FileNotFoundError(
            f'{name}: no such checkpoint; training writes them into its work '
            'directory (epoch_10.pth, best_….pth)'
        )
    if name.endswith('.safetensors'):
        return _read_safetensors(name, map_location)
    return _read_pickle(name, map_location)


def load_state_dict(path: str | Path) -> dict[str, torch.Tensor]:
    """Read the weights of a checkpoint file.

    Checkpoints of mmengine (the ``state_dict``; an ``ema_state_dict`` is left
    alone), bare state dicts such as torchvision's, weights nested under
    ``model`` and the like, and ``.safetensors`` files.

    Args:
        path (str | Path): A file, or an ``https://`` address.

    Returns:
        dict[str, Tensor]: The tensors on the CPU, without the names of
        wrappers such as ``module.``; see :func:`strip_wrappers`.

    Raises:
        FileNotFoundError: There is no such file.
        CheckpointError: The file cannot be read, holds more than weights and
            plain values, or no weights.
    """
    return find_state_dict(load_checkpoint(path), str(path))


def find_state_dict(content, source: str) -> dict[str, torch.Tensor]:
    """The weights in the content of a file; see :func:`load_state_dict`."""
    state = _flatten(content) if isinstance(content, Mapping) else {}
    if not state:
        kind = type(content).__name__
        inside = list(content)[:5] if isinstance(content, Mapping) else ''
        raise CheckpointError(
            f'{source}: no weights in it: it holds a {kind} {inside}; '
            'expected names and tensors, or a dict with them under '
            '"state_dict"'
        )
    return strip_wrappers(state)


def strip_wrappers(state: Mapping[str, Value]) -> dict[str, Value]:
    """Take the names of wrappers off, wherever they stand in a key.

    ``module.tower._orig_mod.fc.weight`` becomes ``tower.fc.weight``. Keys
    that would become one stay as they are: there it is a name like others.
    """
    names = {}
    for key in state:
        *places, last = key.split('.')
        places = [place for place in places if place not in WRAPPERS]
        names[key] = '.'.join([*places, last])
    counts = Counter(names.values())
    return {
        names[key] if counts[names[key]] == 1 else key: value
        for key, value in state.items()
    }


def _read_safetensors(name: str, map_location) -> dict:
    try:
        return load_file(name, device=str(map_location or 'cpu'))
    except SafetensorError as error:
        raise CheckpointError(
            f'{name}: not a readable safetensors file ({error}); fetch or '
            'export it again'
        ) from error


def _read_pickle(name: str, map_location):
    options = dict(map_location=map_location, weights_only=True)
    try:
        if '://' in name:
            return torch.hub.load_state_dict_from_url(
                name, progress=False, **options
            )
        _check_archive(name)
        return torch.load(name, **options)
    except CheckpointError:
        raise
    except pickle.UnpicklingError as error:
        raise CheckpointError(
            f'{name}: refused, or not a checkpoint: {_cause(error)}. Only '
            'tensors and plain values are read. If you trust the file, load '
            'it where it came from and save model.state_dict() with '
            'torch.save'
        ) from error
    except Exception as error:  # a damaged pickle can fail in any way
        raise CheckpointError(
            f'{name}: cannot be read ({_cause(error)}); it may be cut short '
            'or no checkpoint at all: fetch or write it again'
        ) from error


def _cause(error: Exception) -> str:
    """The telling line of torch's long messages."""
    lines = str(error).split('\n')
    # The first lines are about weights_only, which must stay on.
    for line in lines:
        if 'GLOBAL' in line or 'Unsupported' in line:
            line = line.replace('WeightsUnpickler error:', '')
            return line.strip().split(' was not an allowed')[0]
    return lines[0] or type(error).__name__


def _check_archive(name: str) -> None:
    """Refuse zip archives that torch.save does not write."""
    if not zipfile.is_zipfile(name):
        return
    with zipfile.ZipFile(name) as archive:
        members = archive.infolist()
    if any(member.filename.endswith('constants.pkl') for member in members):
        raise CheckpointError(
            f'{name}: a TorchScript archive; save '
            'torch.jit.load(…).state_dict() with torch.save, and give that '
            'file'
        )
    # A few megabytes could unpack to all of the memory.
    if any(m.compress_type != zipfile.ZIP_STORED for m in members):
        size = sum(member.file_size for member in members)
        raise CheckpointError(
            f'{name}: refused: a compressed archive of {size / 1e6:.0f} MB, '
            'while torch.save writes none; unpack it if it is a checkpoint '
            'inside a zip file'
        )


def _is_weight(value) -> bool:
    if isinstance(value, np.ndarray):
        return value.dtype.kind in 'fiu'
    return isinstance(value, torch.Tensor)


def _flatten(content: Mapping, depth: int = 0) -> dict[str, torch.Tensor]:
    """Find the weights in nested dicts."""
    own = {
        str(key): torch.as_tensor(value).detach()
        for key, value in content.items()
        if _is_weight(value)
    }
    nests = {
        str(key): found
        for key, value in content.items()
        if isinstance(value, Mapping)
        and depth < 4
        and not str(key).lower().startswith(NOT_WEIGHTS)
        and (found := _flatten(value, depth + 1))
    }
    for name in NESTS:
        if name in nests:
            return nests[name]
    if own:
        return own
    if len(nests) == 1:
        return next(iter(nests.values()))
    # Several networks side by side: their names become prefixes.
    return {
        f'{name}.{key}': value
        for name, nest in nests.items()
        for key, value in nest.items()
    }
