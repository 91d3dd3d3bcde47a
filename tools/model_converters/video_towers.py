"""Video towers under the names of other code bases; no tool, a neighbour.

Known are the names of torchvision's ``mc3_18`` and ``r3d_18``, which are
ours; those of classic ResNets (``conv1``, ``bn1``, ``layer1.0.bn2``,
``conv2_x.0.shortcut.0``); of OpenMMLab (``layer1.0.conv1.conv``); and the
blobs of the Caffe2 code of Tran et al. (``comp_0_conv_1_w``). Shapes tell the
variant and the width.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from avts_mm.models import MC3
from avts_mm.weights.reading import strip_wrappers
from avts_mm.weights.towers import (
    PREFERRED,
    TowerMatch,
    check_match,
    find_tower,
)

import torch

VARIANTS = ('mc3', 'mc2', 'r3d')

_NORM = r'(?P<norm>weight|bias|running_mean|running_var|num_batches_tracked)'
_BLOCK = (
    r'(?:layer(?P<layer>[1-4])|(?:conv|res)(?P<stage>[2-5])(?:_x)?)'
    r'\.(?P<block>\d+)\.'
)
# What a name ends with -> our name, with the groups of the match. Blocks come
# first: the end of layer1.0.conv1.weight is a stem's name, too.
_DOTTED = (
    (
        _BLOCK + r'conv(?P<n>[12])(?:\.(?:0|conv))?\.weight',
        '{b}.conv{n}.0.weight',
    ),
    (_BLOCK + r'bn(?P<n>[12])\.' + _NORM, '{b}.conv{n}.1.{norm}'),
    (_BLOCK + r'conv(?P<n>[12])\.(?:1|bn)\.' + _NORM, '{b}.conv{n}.1.{norm}'),
    (
        _BLOCK + r'(?:downsample|shortcut)\.(?:0|conv)\.weight',
        '{b}.downsample.0.weight',
    ),
    (
        _BLOCK + r'(?:downsample|shortcut)\.(?:1|bn)\.' + _NORM,
        '{b}.downsample.1.{norm}',
    ),
    (r'(?:stem|conv1)\.(?:0|conv|conv1)\.weight', 'stem.0.weight'),
    (r'(?:stem|conv1)\.(?:1|bn|bn1)\.' + _NORM, 'stem.1.{norm}'),
    (r'conv1\.weight', 'stem.0.weight'),
    (r'bn1\.' + _NORM, 'stem.1.{norm}'),
)
_BLOBS = (
    (r'comp_(?P<comp>[0-7])_conv_(?P<n>[12])_w', '{b}.conv{n}.0.weight'),
    (
        r'comp_(?P<comp>[0-7])_spatbn_(?P<n>[12])_(?P<blob>s|b|rm|riv)',
        '{b}.conv{n}.1.{norm}',
    ),
    (r'shortcut_projection_(?P<comp>[0-7])_w', '{b}.downsample.0.weight'),
    (
        r'shortcut_projection_(?P<comp>[0-7])_spatbn_(?P<blob>s|b|rm|riv)',
        '{b}.downsample.1.{norm}',
    ),
    (r'conv1_w', 'stem.0.weight'),
    (r'conv1_spatbn_relu_(?P<blob>s|b|rm|riv)', 'stem.1.{norm}'),
)
# Despite its name, riv holds the variance.
_BLOB_NORMS = dict(s='weight', b='bias', rm='running_mean', riv='running_var')
# The prefix ends at a dot, or at the slash of a Caffe2 device.
_RULES = tuple(
    (re.compile(r'(?P<prefix>|.*?[./])' + pattern), ours)
    for pattern, ours in _DOTTED + _BLOBS
)
# What would be part of a tower if only we knew how.
_BODY = re.compile(r'(?:stem|conv\d|bn1|layer\d|res\d|comp_\d|shortcut_)')
# Where a video tower is sooner than elsewhere.
_VIDEO = re.compile(r'(?:video|visual|rgb)', re.IGNORECASE)


@dataclass
class VideoTower:
    """A video tower found among foreign weights."""

    variant: str  # 'mc3', 'mc2' or 'r3d'
    base_channels: int  # of conv1; 64 in the official networks
    prefix: str  # what stood before its names
    state_dict: dict[str, torch.Tensor]  # under the names of MC3
    names: dict[str, str]  # our name -> the name in the file
    leftover: dict[str, torch.Tensor]  # everything else in the file


def our_name(key: str) -> tuple[str, str] | None:
    """Translate the name of a tensor.

    Returns:
        tuple[str, str] | None: What stands before it, and the name in
        :class:`MC3`; None if it is none of a video tower's.

    Example:
        >>> our_name('encoder.layer2.0.bn1.running_var')
        ('encoder.', 'layer2.0.conv1.1.running_var')
        >>> our_name('comp_2_spatbn_1_riv')
        ('', 'layer2.0.conv1.1.running_var')
    """
    for rule, ours in _RULES:
        match = rule.fullmatch(key)
        if match is None:
            continue
        found = match.groupdict()
        prefix = found.pop('prefix')
        if found.get('comp') is not None:
            layer, block = divmod(int(found['comp']), 2)
            found['b'] = f'layer{layer + 1}.{block}'
        elif found.get('block') is not None:
            number = found['layer'] or int(found['stage']) - 1
            found['b'] = f'layer{number}.{found["block"]}'
        if found.get('blob') is not None:
            found['norm'] = _BLOB_NORMS[found['blob']]
        return prefix, ours.format(**found)
    return None


def find_video_tower(
    state_dict: Mapping[str, torch.Tensor],
    prefix: str | None = None,
    name: str = 'the state dict',
) -> VideoTower:
    """Find the MC3, MC2 or R3D in weights of any origin.

    Liberal in names and strict in shapes: every tensor of the tower must be
    there, in the one shape that it can have, and nothing that looks like
    another layer of it may be left over. Several towers need a ``prefix``.

    Raises:
        ValueError: None, several, or one that is not quite an MC3.
    """
    state = strip_wrappers(state_dict)
    # Prefix -> our name -> theirs. One prefix stands before a whole tower, so
    # towers side by side do not mix.
    towers: dict[str, dict[str, str]] = defaultdict(dict)
    for key in state:
        if translated := our_name(key):
            where, ours = translated
            towers[where].setdefault(ours, key)
    found = [
        _identify(state, where, names)
        for where, names in towers.items()
        if 'stem.0.weight' in names
        and (prefix is None or where.rstrip('./') == prefix.rstrip('./'))
    ]
    if not found:
        under = f' under {prefix!r}' if prefix else ''
        raise ValueError(
            f'{name}: no video tower{under}: nothing in it is called like '
            f"the first convolution ('stem.0.weight', 'conv1.weight', "
            f"'conv1_w', …); it begins with {list(state)[:5]}"
        )
    complete = [tower for tower, match in found if match.complete]
    if not complete:
        tower, match = max(found, key=lambda pair: pair[1].rank)
        of = f'{tower.variant} ({tower.base_channels} channels)'
        check_match(match, state, of, f'{name} (under {tower.prefix!r})')
    best = min(map(_unusual, complete))
    complete = [tower for tower in complete if _unusual(tower) == best]
    if len(complete) > 1:
        places = ', '.join(
            f'{t.prefix!r} ({t.variant}, {t.base_channels} channels)'
            for t in complete
        )
        raise ValueError(
            f'{name}: several video towers, under {places}; choose one by '
            'its prefix'
        )
    (tower,) = complete
    more = [
        key
        for key in tower.leftover
        if key.startswith(tower.prefix)
        and _BODY.match(key.removeprefix(tower.prefix))
    ]
    if more:
        raise ValueError(
            f'{name}: {len(more)} tensors beside the {tower.variant} under '
            f'{tower.prefix!r} belong to no 18-layer network of this family, '
            f'e.g. {more[:3]}; what it computes would differ'
        )
    return tower


def _unusual(tower: VideoTower) -> int:
    """Less in the places where a video tower is sooner than elsewhere."""
    places = PREFERRED[:3]
    if tower.prefix in places:
        return places.index(tower.prefix)
    return len(places) + (not _VIDEO.search(tower.prefix))


def _identify(
    state: Mapping, prefix: str, names: dict[str, str]
) -> tuple[VideoTower, TowerMatch]:
    """The variant that a candidate's shapes fit best."""
    renamed = {ours: state[theirs] for ours, theirs in names.items()}
    stem = renamed['stem.0.weight'].shape
    width = stem[0] if len(stem) else 64
    matches: dict[str, TowerMatch] = {}
    for variant in VARIANTS:
        with torch.device('meta'):
            module = MC3(variant, base_channels=width)
        matches[variant] = find_tower(renamed, module, '')
    variant, match = max(matches.items(), key=lambda pair: pair[1].rank)
    used = {key: names[key] for key in match.state_dict}
    tower = VideoTower(
        variant=variant,
        base_channels=width,
        prefix=prefix,
        state_dict=match.state_dict,
        names=used,
        leftover={k: v for k, v in state.items() if k not in used.values()},
    )
    return tower, match


def classifier_beside(
    tower: VideoTower, name: str
) -> dict[str, torch.Tensor] | None:
    """Take the linear classifier of a name, as ``weight`` and ``bias``, out
    of what is left over; None if there is none.

    Raises:
        ValueError: It does not take the tower's features.
    """
    keys = {part: f'{name}.{part}' for part in ('weight', 'bias')}
    if not set(keys.values()) <= tower.leftover.keys():
        return None
    found = {part: tower.leftover.pop(key) for part, key in keys.items()}
    channels = 8 * tower.base_channels
    if found['weight'].shape != (len(found['bias']), channels):
        raise ValueError(
            f'the classifier {name} takes {list(found["weight"].shape)[1:]} '
            f'features, not the {channels} of the tower'
        )
    return found
