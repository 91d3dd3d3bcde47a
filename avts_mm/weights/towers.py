"""One tower among the weights of a larger model, or of another one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
import torch.nn as nn
from mmengine.logging import print_log
from mmengine.model import update_init_info
from mmengine.registry import WEIGHT_INITIALIZERS

from .reading import CheckpointError, load_state_dict, strip_wrappers

# Which of several equally good places to take, best first.
PREFERRED = ('', 'backbone.', 'video_backbone.', 'audio_backbone.')
# Counters that old checkpoints lack, and classifiers, which are a task's own.
COUNTERS = 'num_batches_tracked'
HEADS = ('fc', 'fc_cls', 'cls_head', 'head', 'classifier')


@dataclass
class TowerMatch:
    """What of a module was found in a state dict.

    Attributes:
        prefix (str): What stands before the module's keys in the state dict.
        state_dict (dict[str, Tensor]): The found tensors of the right shape,
            under the module's own keys.
        matched (list[str]): Their keys, without counters of batches.
        missing (list[str]): The module's keys that are not there, without
            counters and classifiers.
        mismatched (dict[str, tuple]): Key -> (shape in the state dict, shape
            in the module).
        total (int): How many of the module's tensors count.
    """

    prefix: str
    state_dict: dict[str, torch.Tensor]
    matched: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    mismatched: dict[str, tuple] = field(default_factory=dict)
    total: int = 0

    @property
    def complete(self) -> bool:
        """Whether every tensor that counts is there in the right shape."""
        return bool(self.matched) and not self.missing and not self.mismatched

    @property
    def rank(self) -> tuple:
        """By which the best of several places is chosen."""
        named = len(self.matched) + len(self.mismatched)
        return self.complete, named, len(self.matched)


def _wanted(module: nn.Module) -> dict[str, tuple]:
    """A module's tensors by their names without wrappers: key and shape."""
    return strip_wrappers(
        {k: (k, tuple(v.shape)) for k, v in module.state_dict().items()}
    )


def _match(
    state: Mapping, wanted: Mapping, prefix: str, heads: bool
) -> TowerMatch:
    match = TowerMatch(prefix, {})
    for name, (key, shape) in wanted.items():
        counts = not key.endswith(COUNTERS)
        needed = counts and (heads or name.split('.')[0] not in HEADS)
        match.total += counts
        tensor = state.get(prefix + name)
        theirs = None if tensor is None else tuple(tensor.shape)
        if tensor is not None and theirs == shape:
            match.state_dict[key] = tensor
            match.matched += [key] * counts
        elif needed and theirs is None:
            match.missing.append(key)
        elif needed:
            match.mismatched[key] = (theirs, shape)
    return match


def find_tower(
    state_dict: Mapping[str, torch.Tensor],
    module: nn.Module,
    prefix: str | None = None,
    heads: bool = False,
) -> TowerMatch:
    """Look for a module's weights under every prefix that occurs.

    The place where most names are right is taken, one where all shapes are
    right before all others.

    Args:
        state_dict (dict[str, Tensor]): Weights of any model.
        module (nn.Module): The tower, e.g. :class:`MC3`.
        prefix (str, optional): Look under this one alone.
        heads (bool): Whether the module's classifiers count, too.
            Defaults to False.

    Returns:
        TowerMatch: The best place; nothing ``matched`` if there is none.

    Raises:
        CheckpointError: Two places are equally good and none of them has one
            of the usual names.
    """
    state = strip_wrappers(state_dict)
    wanted = _wanted(module)
    if prefix is not None:
        if prefix and not prefix.endswith('.'):
            prefix += '.'
        return _match(state, wanted, prefix, heads)
    # The places of keys that end like one of ours, in whole names: a module
    # that holds one tensor alone would match anywhere.
    parts = [key.split('.') for key in state]
    prefixes = {
        ''.join(f'{part}.' for part in names[:i])
        for names in parts
        for i in range(len(names))
        if '.'.join(names[i:]) in wanted
    }
    if not prefixes:
        return _match(state, wanted, '', heads)
    found = [_match(state, wanted, p, heads) for p in sorted(prefixes)]
    best = max(match.rank for match in found)
    found = [match for match in found if match.rank == best]
    if len(found) > 1:
        usual = [p for p in PREFERRED if p in {m.prefix for m in found}]
        if not usual:
            names = ', '.join(repr(m.prefix) for m in found)
            raise CheckpointError(
                f'{type(module).__name__} is found equally well under '
                f'{names}; choose one with prefix=…'
            )
        found = [match for match in found if match.prefix == usual[0]]
    return found[0]


def load_tower(
    module: nn.Module,
    checkpoint: str | Path | Mapping[str, torch.Tensor],
    prefix: str | None = None,
    heads: bool = False,
) -> TowerMatch:
    """Load a module's weights from wherever a checkpoint has them.

    Args:
        module (nn.Module): The tower.
        checkpoint (str | Path | dict[str, Tensor]): A file, or weights.
        prefix (str, optional): Where to look, e.g. ``'video_backbone.'``;
            found by itself if None.
        heads (bool): Whether the module's classifiers must be there, too.
            Defaults to False.

    Returns:
        TowerMatch: What was loaded.

    Raises:
        FileNotFoundError: There is no such file.
        CheckpointError: It cannot be read, nothing matches, a shape differs
            or something is missing. The module is then as it was.
    """
    if isinstance(checkpoint, Mapping):
        name, state = 'the state dict', strip_wrappers(checkpoint)
    else:
        name, state = str(checkpoint), load_state_dict(checkpoint)
    match = _fit(module, state, name, prefix, heads)
    module.load_state_dict(match.state_dict, strict=False)
    return match


def fit_model(
    model: nn.Module,
    state_dict: Mapping[str, torch.Tensor],
    source: str,
    strict: bool = True,
) -> dict[str, torch.Tensor]:
    """The weights of a whole model among those of a checkpoint.

    Args:
        model (nn.Module): What they are for.
        state_dict (dict[str, Tensor]): As :func:`load_state_dict` reads it.
        source (str): The file, for messages.
        strict (bool): Whether every tensor must be there; else what is not
            is left out. Defaults to True.

    Returns:
        dict[str, Tensor]: Under the model's own names; counters of batches
        may lack.

    Raises:
        CheckpointError: A tensor is missing or has another shape; if not
            ``strict``, all are.
    """
    return _fit(model, state_dict, source, None, True, strict).state_dict


def _fit(
    module: nn.Module,
    state: Mapping,
    source: str,
    prefix: str | None,
    heads: bool,
    strict: bool = True,
) -> TowerMatch:
    """Find a module, refuse what is not whole, and tell what there is."""
    name = type(module).__name__
    try:
        match = find_tower(state, module, prefix, heads)
    except ValueError as error:
        raise CheckpointError(f'{source}: {error}') from None
    if strict or not match.matched:
        check_match(match, state, name, source)
    print_log(
        f'{len(match.matched)} of {match.total} tensors of {name} from '
        f'{source} ({match.prefix or "no prefix"})',
        logger='current',
    )
    return match


def check_match(
    match: TowerMatch,
    state: Mapping,
    tower: str,
    source: str,
) -> None:
    """Refuse a match that would leave a tower (partly) unloaded.

    Raises:
        CheckpointError: Naming the source, and the first keys or both shapes.
    """
    if not match.matched and not match.mismatched:
        keys = list(state)[:3]
        where = f' under {match.prefix!r}' if match.prefix else ''
        raise CheckpointError(
            f'{source}: nothing in it is a tensor of {tower}{where} (wanted '
            f'e.g. {match.missing[:1]}; it begins with {keys}). Is it a '
            'checkpoint of another network? Foreign files: '
            'tools/model_converters/import_weights.py'
        )
    if match.mismatched:
        key, (theirs, ours) = next(iter(match.mismatched.items()))
        raise CheckpointError(
            f'{source}: {len(match.mismatched)} tensors of {tower} have '
            f'another shape, e.g. {match.prefix}{key}: {theirs} in the file, '
            f'{ours} in the model. The config must describe the same network '
            '(variant, base_channels, channels, …)'
        )
    if match.missing:
        raise CheckpointError(
            f'{source}: {len(match.missing)} of {match.total} tensors of '
            f'{tower} are missing under {match.prefix!r}, e.g. '
            f'{match.missing[:3]}; it begins with {list(state)[:3]}'
        )


@WEIGHT_INITIALIZERS.register_module()
class PretrainedTower:
    """Initialise a backbone from wherever a checkpoint has it.

    mmengine's ``Pretrained`` needs the right prefix and is content when
    nothing matches; this one finds the prefix, says how many tensors it
    loaded, and stops when any is missing.

    Args:
        checkpoint (str): A file, or an ``https://`` address.
        prefix (str, optional): Where the tower is; found if None.

    Example:
        >>> backbone = dict(
        ...     type='MC3',
        ...     init_cfg=dict(type='PretrainedTower', checkpoint='avts.pth'),
        ... )
    """

    def __init__(self, checkpoint: str, prefix: str | None = None) -> None:
        self.checkpoint = checkpoint
        self.prefix = prefix

    def __call__(self, module: nn.Module) -> None:
        load_tower(module, self.checkpoint, self.prefix)
        # mmengine initialises the children after this (it spares them for
        # its own Pretrained alone): tell it that they have been.
        for child in module.modules():
            if child is not module and hasattr(child, 'init_weights'):
                name = '_is_init' if hasattr(child, '_is_init') else 'is_init'
                setattr(child, name, True)
        if hasattr(module, '_params_init_info'):
            update_init_info(
                module, f'PretrainedTower: load from {self.checkpoint}'
            )
