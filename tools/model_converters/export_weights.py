"""Write the video tower of a checkpoint for use without avts_mm.

    python tools/model_converters/export_weights.py CHECKPOINT mc3.pth
    python tools/model_converters/export_weights.py CHECKPOINT mc3.safetensors

The file holds a bare state dict under the names of torchvision's mc3_18
(r3d_18), with its ``fc`` if the checkpoint has a linear classifier.
"""

import argparse
import sys
from importlib.util import find_spec
from pathlib import Path

from avts_mm.weights import load_state_dict

import torch
from mmengine.registry import init_default_scope
from video_towers import VideoTower, classifier_beside, find_video_tower

# How to build the network in torchvision, for which there is no mc2.
BUILDERS = dict(
    mc3='torchvision.models.video.mc3_18',
    r3d='torchvision.models.video.r3d_18',
    mc2='torchvision.models.video.resnet.VideoResNet with Conv3DNoTemporal '
    'in all four layers',
)


def parse_args(argv=None):
    parser = argparse.ArgumentParser(
        description='Export the video tower of a checkpoint.'
    )
    parser.add_argument('checkpoint', help='of AVTS or of a recognizer')
    parser.add_argument(
        'out', type=Path, help='.pth or .safetensors file to write'
    )
    parser.add_argument(
        '--prefix', help='where the tower is, if there are several'
    )
    parser.add_argument(
        '--no-fc', action='store_true', help='leave a classifier out'
    )
    args = parser.parse_args(argv)
    if args.out.suffix not in ('.pth', '.pt', '.safetensors'):
        parser.error(f'{args.out}: end it in .pth or .safetensors')
    return args


def classifier(tower: VideoTower) -> dict[str, torch.Tensor]:
    """torchvision's ``fc``, if a linear classifier stands by the tower."""
    beside = tower.prefix.removesuffix('backbone.')
    for name in (f'{tower.prefix}fc', f'{beside}cls_head.fc_cls'):
        try:
            if found := classifier_beside(tower, name):
                return {f'fc.{part}': value for part, value in found.items()}
        except ValueError as error:
            print(f'{error}; it is left out')
    return {}


def write(state: dict, path: Path, variant: str) -> None:
    """Write a bare state dict, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f'{path.name}.part')
    if path.suffix == '.safetensors':
        if find_spec('safetensors') is None:
            raise ValueError(
                f'{path}: writing it needs the package safetensors; pip '
                "install 'avts_mm[export]'"
            )
        from safetensors.torch import save

        part.write_bytes(save(state, dict(format='pt', network=variant)))
    else:
        torch.save(state, part)
    part.replace(path)


def main(argv=None):
    args = parse_args(argv)
    init_default_scope('mmaction')
    try:
        state = load_state_dict(args.checkpoint)
        tower = find_video_tower(state, args.prefix, args.checkpoint)
        weights = dict(tower.state_dict)
        if not args.no_fc:
            weights |= classifier(tower)
        # Channels-last weights are strided, and safetensors refuses those.
        weights = {
            key: value.contiguous().clone() for key, value in weights.items()
        }
        write(weights, args.out, tower.variant)
        written = load_state_dict(args.out)
    except (ValueError, OSError) as error:
        sys.exit(str(error))
    same = written.keys() == weights.keys() and all(
        torch.equal(written[key], weights[key]) for key in weights
    )
    if not same:
        args.out.unlink()
        sys.exit(f'{args.out}: what was written reads differently; removed')
    head = ' and fc' if 'fc.weight' in weights else ', no fc'
    print(
        f'{args.out}: {len(weights)} tensors of {tower.variant} (from '
        f'{tower.prefix or "no prefix"}{head}), for {BUILDERS[tower.variant]}'
    )
    if tower.base_channels != 64:
        print(
            f'It begins with {tower.base_channels} channels, and torchvision '
            'builds 64 only: the names fit, the shapes do not.'
        )


if __name__ == '__main__':
    main()
