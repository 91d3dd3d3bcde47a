"""Make a checkpoint of avts_mm out of a foreign video network's weights.

    python tools/model_converters/import_weights.py model_mc3_as.pt mc3_as.pth
    python tools/model_converters/import_weights.py mc3_18.pth mc3_k400.pth \
        --recognizer

For torchvision's mc3_18 and r3d_18, and the released AVTS checkpoints (whose
inside we have not seen: names of several code bases are known, and prefixes
do not matter). Prints what became of every tensor. Nothing is
written unless a whole tower is there in the right shapes. The result is for
init_cfg=dict(type='PretrainedTower', …).
"""

import argparse
import sys
from pathlib import Path

from avts_mm.weights import load_state_dict

import torch
from mmengine.registry import init_default_scope
from video_towers import (
    VideoTower,
    classifier_beside,
    find_video_tower,
    our_name,
)


def parse_args(argv=None):
    parser = argparse.ArgumentParser(
        description='Import the weights of a foreign video network.'
    )
    parser.add_argument('source', help='.pt, .pth or .safetensors file')
    parser.add_argument('out', type=Path, help='.pth file to write')
    parser.add_argument(
        '--prefix', help='where the tower is, if there are several'
    )
    parser.add_argument(
        '--variant',
        choices=['mc2', 'mc3', 'r3d'],
        help='refuse any other network',
    )
    parser.add_argument(
        '--recognizer',
        action='store_true',
        help='with the classifier, for a whole Recognizer3D with an I3DHead',
    )
    args = parser.parse_args(argv)
    if args.out.suffix not in ('.pth', '.pt'):
        parser.error(f'{args.out}: the checkpoint to write ends in .pth')
    return args


def report(tower: VideoTower, source: str) -> None:
    """Print what was mapped, and what was left over."""
    rows = [
        (ours, theirs, _shape(tower.state_dict[ours]))
        for ours, theirs in tower.names.items()
    ]
    print_columns([('OURS', 'IN THE FILE', 'SHAPE'), *rows])
    print(
        f'\n{len(rows)} tensors of {source} are an {tower.variant} with '
        f'base_channels={tower.base_channels}, under {tower.prefix!r}; '
        f'{len(tower.leftover)} are left over{":" if tower.leftover else "."}'
    )
    print_columns([(k, _shape(v)) for k, v in tower.leftover.items()])


def print_columns(rows: list[tuple]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths))
        print('  '.join(cells).rstrip())


def _shape(tensor) -> str:
    return ' x '.join(map(str, tensor.shape)) or 'number'


def main(argv=None):
    args = parse_args(argv)
    init_default_scope('mmaction')
    state = {}
    try:
        state = load_state_dict(args.source)
        tower = find_video_tower(state, args.prefix, args.source)
        if args.variant not in (None, tower.variant):
            raise ValueError(
                f'{args.source}: holds an {tower.variant}, not the '
                f'{args.variant} asked for'
            )
        weights = dict(tower.state_dict)
        if args.recognizer:
            name = f'{tower.prefix}fc'
            head = classifier_beside(tower, name)
            if head is None:
                raise ValueError(
                    f'{args.source}: no classifier {name!r} for '
                    '--recognizer; import the tower alone'
                )
            weights = {f'backbone.{k}': v for k, v in weights.items()}
            weights |= {f'cls_head.fc_cls.{k}': v for k, v in head.items()}
    except (ValueError, OSError) as error:
        # What the file does hold tells best what to do.
        rows = [
            (k, _shape(v), *(our_name(k) or '-')[-1:])
            for k, v in state.items()
        ]
        print_columns(
            [('IN THE FILE', 'SHAPE', 'OURS'), *rows] if rows else []
        )
        sys.exit(f'\n{error}')
    report(tower, args.source)
    meta = dict(
        source=Path(args.source).name,
        variant=tower.variant,
        base_channels=tower.base_channels,
    )
    args.out.parent.mkdir(parents=True, exist_ok=True)
    weights = {key: value.contiguous() for key, value in weights.items()}
    torch.save(dict(meta=meta, state_dict=weights), args.out)
    width = tower.base_channels
    width = '' if width == 64 else f', base_channels={width}'
    print(
        f"Wrote {args.out}. In a config: dict(type='MC3', "
        f"variant='{tower.variant}'{width}, init_cfg=dict("
        f"type='PretrainedTower', checkpoint='{args.out}'))"
    )


if __name__ == '__main__':
    main()
