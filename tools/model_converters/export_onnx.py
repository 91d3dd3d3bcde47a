"""Export a tower to ONNX, and hold its outputs against PyTorch's.

    python tools/model_converters/export_onnx.py configs/avts_grid.py \
        CHECKPOINT video.onnx
    python tools/model_converters/export_onnx.py configs/avts_grid.py \
        CHECKPOINT audio_embedding.onnx --tower audio --embedding

The graph takes what the data preprocessor gives: normalised pictures
(N, C, T, H, W), or log-mel images (N, 1, bands, frames); how they are made is
noted in its metadata. A file whose outputs differ is not kept.
"""

import argparse
import json
import logging
import sys
import warnings
from inspect import signature
from pathlib import Path

# First, since it says in a sentence which package is missing or too old.
import avts_mm  # noqa: F401

# isort: split
import numpy as np
import torch
import torch.nn as nn
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope

from avts_mm.models import LogMel
from avts_mm.weights import load_tower

AXES = dict(
    video={0: 'batch', 2: 'time', 3: 'height', 4: 'width'},
    audio={0: 'batch', 3: 'frames'},
)


class Tower(nn.Module):
    """A backbone, and a neck if there is one to be exported."""

    def __init__(self, backbone: nn.Module, neck: nn.Module | None) -> None:
        super().__init__()
        self.backbone = backbone
        self.neck = neck

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.backbone(x)
        return x if self.neck is None else self.neck(x)


def parse_args(argv=None):
    parser = argparse.ArgumentParser(description='Export a tower to ONNX.')
    parser.add_argument('config', help='of AVTS or of a recognizer')
    parser.add_argument('checkpoint', help='of the same model')
    parser.add_argument('out', type=Path, help='.onnx file to write')
    parser.add_argument('--tower', choices=['video', 'audio'], default='video')
    parser.add_argument(
        '--embedding',
        action='store_true',
        help='with the neck: embeddings instead of features',
    )
    parser.add_argument(
        '--shape',
        type=int,
        nargs='+',
        help='shape of the input to trace, from the batch on; that of the '
        "config's test pipeline if not given",
    )
    parser.add_argument(
        '--tolerance',
        type=float,
        default=1e-4,
        help='largest difference, relative to the largest output '
        '(default 1e-4)',
    )
    args = parser.parse_args(argv)
    if args.out.suffix != '.onnx':
        parser.error(f'{args.out}: the file to write ends in .onnx')
    return args


def build_tower(cfg, args) -> Tower:
    """The tower of the config's model, with the checkpoint's weights.

    Raises:
        ValueError: The model has no such tower or neck, or the weights do
            not fit.
    """
    model_cfg = cfg.model.copy()
    own = f'{args.tower}_backbone'
    if own in model_cfg:
        names = own, f'{args.tower}_neck'
    elif args.tower == 'video' and 'backbone' in model_cfg:
        names = 'backbone', 'neck'
    else:
        raise ValueError(f'{args.config}: its model has no {args.tower} tower')
    if args.embedding and not model_cfg.get(names[1]):
        raise ValueError(
            f'{args.config}: its model has no {names[1]}; leave --embedding '
            'out'
        )
    parts = []
    for name in names[: 1 + args.embedding]:
        # What init_cfg would load comes from the checkpoint now.
        part = MODELS.build({**model_cfg[name], 'init_cfg': None})
        try:
            load_tower(part, args.checkpoint, prefix=name)
        except ValueError:
            # A checkpoint of another model, or of the tower alone, will do
            # for features; a neck is of use with its own tower only.
            if args.embedding:
                raise
            load_tower(part, args.checkpoint)
        parts.append(part)
    # Training mode would normalise by the batch at hand.
    return Tower(parts[0], parts[1] if args.embedding else None).eval()


def input_shape(cfg, args) -> tuple[int, ...]:
    """What the test pipeline would give, two at a time."""
    if args.shape:
        rank = 5 if args.tower == 'video' else 4
        if len(args.shape) != rank:
            raise ValueError(
                f'--shape of {args.tower} has {rank} numbers, not '
                f'{len(args.shape)}'
            )
        # An axis of 1 would be taken for a constant.
        return (max(args.shape[0], 2), *args.shape[1:])
    steps = _pipeline(cfg)
    if args.tower == 'audio':
        mel = cfg.model.get('data_preprocessor', {}).get('log_mel', {})
        hop = mel.get('hop_seconds', 0.01)
        frames = round(_clip_seconds(cfg) / hop) + 1
        return 2, 1, mel.get('n_mels', 40), frames
    length = _last(steps, ('num_frames', 'clip_len'), 25)
    size = _last(steps, ('crop_size', 'input_size', 'scale'), 224)
    height, width = (size, size) if isinstance(size, int) else size[::-1]
    if min(height, width) < 1:
        height = width = max(height, width)
    channels = cfg.model.get('video_backbone', {}).get('in_channels', 3)
    return 2, channels, length, height, width


def _pipeline(cfg) -> list:
    for name in ('test_dataloader', 'val_dataloader', 'train_dataloader'):
        if cfg.get(name):
            return cfg[name].dataset.get('pipeline') or []
    return []


def _clip_seconds(cfg) -> float:
    for name in ('test_dataloader', 'val_dataloader', 'train_dataloader'):
        if cfg.get(name):
            return cfg[name].dataset.get('clip_seconds', 1.0)
    return 1.0


def _last(steps: list, names: tuple, default):
    """The last setting of one of these names in a pipeline."""
    found = default
    for step in steps:
        for name in names:
            if step.get(name):
                found = step[name]
    return tuple(found) if isinstance(found, list) else found


def dynamic_axes(tower: Tower, kind: str) -> dict[int, str]:
    """The axes that may have any length, by name.

    A neck with several time bins is unrolled for one length of the clip.
    """
    axes = dict(AXES[kind])
    if tower.neck is not None:
        bins = getattr(tower.neck, 'time_bins', 1)
        if bins > 1:
            axes.pop(getattr(tower.neck, 'time_dim', 2), None)
    return axes


def export(tower: Tower, kind: str, shape: tuple, path: Path) -> dict:
    """Trace a tower and write it; returns its dynamic axes."""
    from torch.export import Dim

    axes = dynamic_axes(tower, kind)
    dims = {i: Dim(name) for i, name in axes.items() if shape[i] > 1}
    output = 'embedding' if tower.neck is not None else 'features'
    # It warns of every operator of packages that are not installed.
    logging.getLogger('torch.onnx').setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        torch.onnx.export(
            tower,
            (torch.randn(shape),),
            str(path),
            input_names=[kind],
            output_names=[output],
            dynamic_shapes=(dims,),
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    return {i: axes[i] for i in dims}


def compare(
    tower: Tower, path: Path, kind: str, shape: tuple, axes: dict
) -> tuple[float, float, list]:
    """Run both on several inputs.

    Returns:
        tuple: The largest difference, the largest output, and the shapes.

    Raises:
        ValueError: The shapes of the outputs differ.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        str(path), options, providers=['CPUExecutionProvider']
    )
    shapes = [shape, (1, *shape[1:]), (3, *shape[1:])]
    for axis in axes:
        if axis:
            # Odd numbers show where a length was taken for a constant.
            longer = list(shape)
            longer[axis] += max(shape[axis] // 3, 3)
            shapes.append(tuple(longer))
    generator = torch.Generator().manual_seed(0)
    differences, outputs = [], []
    for size in shapes:
        x = torch.randn(size, generator=generator)
        with torch.no_grad():
            wanted = tower(x).numpy()
        (got,) = session.run(None, {kind: x.numpy()})
        if got.shape != wanted.shape:
            raise ValueError(
                f'for an input {size} ONNX gives {got.shape}, PyTorch '
                f'{wanted.shape}'
            )
        differences.append(np.abs(got - wanted).max())
        outputs.append(np.abs(wanted).max())
    # numpy's maximum lets a NaN through, Python's does not.
    return float(np.max(differences)), float(np.max(outputs)), shapes


def write_metadata(path: Path, cfg, args, shape: tuple, axes: dict) -> None:
    """Note in the graph what its input is."""
    import onnx

    options = cfg.model.get('data_preprocessor')
    if options is None and cfg.model.get(f'{args.tower}_backbone'):
        options = dict(type='AVDataPreprocessor')
    about = dict(
        tower=args.tower,
        output='embedding' if args.embedding else 'features',
        checkpoint=Path(args.checkpoint).name,
        config=Path(args.config).name,
        traced_shape=json.dumps(list(shape)),
        dynamic_axes=json.dumps(list(axes.values())),
    )
    if args.tower == 'video':
        about['input'] = '(RGB 0-255 - mean) / std, as N, C, T, H, W'
        # Built, since defaults count as well as settings.
        built = MODELS.build(options) if options else None
        for name in ('mean', 'std'):
            value = getattr(built, name, None)
            value = [] if value is None else value.flatten().tolist()
            about[name] = json.dumps(value)
    else:
        about['input'] = 'log-mel (avts_mm LogMel), as N, 1, bands, frames'
        settings = {
            name: parameter.default
            for name, parameter in signature(LogMel).parameters.items()
        }
        settings.update(options.get('log_mel') or {})
        about['log_mel'] = json.dumps(settings)
    model = onnx.load(str(path))
    onnx.helper.set_model_props(model, about)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def check_packages() -> None:
    """Say in a sentence what is missing."""
    from importlib.util import find_spec

    names = ('onnx', 'onnxscript', 'onnxruntime')
    missing = [name for name in names if find_spec(name) is None]
    if missing:
        raise ValueError(
            f'exporting to ONNX needs {", ".join(missing)}; pip install '
            "'avts_mm[export]'"
        )


def main(argv=None):
    args = parse_args(argv)
    if not Path(args.config).is_file():
        sys.exit(f'{args.config}: no such config')
    cfg = Config.fromfile(args.config)
    init_default_scope('mmaction')
    args.out.parent.mkdir(parents=True, exist_ok=True)
    part = args.out.with_name(f'{args.out.stem}.part.onnx')
    try:
        check_packages()
        tower = build_tower(cfg, args)
        shape = input_shape(cfg, args)
        axes = export(tower, args.tower, shape, part)
        write_metadata(part, cfg, args, shape, axes)
        worst, largest, shapes = compare(tower, part, args.tower, shape, axes)
        if not worst <= args.tolerance * max(largest, 1.0):
            raise ValueError(
                f'{args.out}: not written, since its outputs differ from '
                f"PyTorch's by up to {worst:.2g} (largest output "
                f'{largest:.3g}, tolerance {args.tolerance:g})'
            )
        part.replace(args.out)
    except (ValueError, OSError) as error:
        sys.exit(str(error))
    finally:
        part.unlink(missing_ok=True)
    print(
        f'{args.out}: {args.out.stat().st_size / 1e6:.1f} MB, input '
        f'{args.tower} {list(shape)}, any {", ".join(axes.values())}'
    )
    print(
        f'largest difference to PyTorch {worst:.1e} (largest output '
        f'{largest:.3g}) over {len(shapes)} inputs'
    )


if __name__ == '__main__':
    main()
