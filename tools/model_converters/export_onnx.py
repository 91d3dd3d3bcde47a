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
from importlib.util import find_spec
from inspect import signature
from pathlib import Path

from avts_mm.compat import read_config
from avts_mm.models import LogMel
from avts_mm.weights import load_tower

import numpy as np
import torch
import torch.nn as nn
from mmaction.registry import MODELS
from mmengine.registry import init_default_scope

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
    """The tower of the config's model, with the checkpoint's weights."""
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
    parts, place = [], ''
    for name in names[: 1 + args.embedding]:
        # What init_cfg would load comes from the checkpoint now.
        part = MODELS.build({**model_cfg[name], 'init_cfg': None})
        where = f'{place}{name}'
        try:
            load_tower(part, args.checkpoint, where, heads=True)
        except ValueError:
            # A checkpoint of another model, or of the tower alone, will do
            # for features; a neck is of use beside its own tower only.
            if parts:
                raise
            found = load_tower(part, args.checkpoint, heads=True)
            place = found.prefix.removesuffix(f'{name}.')
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
    parts = ('test_dataloader', 'val_dataloader', 'train_dataloader')
    loader = next((cfg[part] for part in parts if cfg.get(part)), None)
    dataset = loader.dataset if loader else {}
    if args.tower == 'audio':
        mel = cfg.model.get('data_preprocessor', {}).get('log_mel', {})
        hop = mel.get('hop_seconds', 0.01)
        frames = round(dataset.get('clip_seconds', 1.0) / hop) + 1
        return 2, 1, mel.get('n_mels', 40), frames
    steps = dataset.get('pipeline') or []
    length = _last(steps, ('num_frames', 'clip_len'), 25)
    size = _last(steps, ('crop_size', 'input_size', 'scale'), 224)
    height, width = (size, size) if isinstance(size, int) else size[::-1]
    if min(height, width) < 1:
        height = width = max(height, width)
    return 2, 3, length, height, width


def _last(steps: list, names: tuple, default):
    """The last setting of one of these names in a pipeline."""
    found = [step[name] for step in steps for name in names if step.get(name)]
    return found[-1] if found else default


def export(tower: Tower, kind: str, shape: tuple, path: Path) -> dict:
    """Trace a tower and write it; returns the axes that may be of any length.

    A neck with several time bins is unrolled for one length of the clip.
    """
    from torch.export import Dim

    axes = {i: name for i, name in AXES[kind].items() if shape[i] > 1}
    if getattr(tower.neck, 'time_bins', 1) > 1:
        axes.pop(getattr(tower.neck, 'time_dim', 2), None)
    # It warns of every operator of packages that are not installed.
    logging.getLogger('torch.onnx').setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        torch.onnx.export(
            tower,
            (torch.randn(shape),),
            str(path),
            input_names=[kind],
            output_names=['features' if tower.neck is None else 'embedding'],
            dynamic_shapes=({i: Dim(name) for i, name in axes.items()},),
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    return axes


def compare(
    tower: Tower, path: Path, kind: str, shape: tuple, axes: dict
) -> tuple[float, float, int]:
    """Run both on several inputs.

    Returns:
        tuple: The largest difference, the largest output, and how many inputs.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        str(path), options, providers=['CPUExecutionProvider']
    )
    shapes = [shape, (1, *shape[1:]), (3, *shape[1:])]
    for axis in filter(None, axes):
        # Odd numbers show where a length was taken for a constant.
        longer = shape[axis] + max(shape[axis] // 3, 3)
        shapes.append((*shape[:axis], longer, *shape[axis + 1 :]))
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
    return float(np.max(differences)), float(np.max(outputs)), len(shapes)


def write_metadata(path: Path, cfg, args, shape: tuple, axes: dict) -> None:
    """Note in the graph what its input is."""
    import onnx

    about = dict(
        tower=args.tower,
        output='embedding' if args.embedding else 'features',
        checkpoint=Path(args.checkpoint).name,
        config=Path(cfg.filename).name,
        traced_shape=json.dumps(list(shape)),
        dynamic_axes=json.dumps(list(axes.values())),
    )
    # Built, since defaults count as well as settings.
    options = cfg.model.get('data_preprocessor')
    if options is None and cfg.model.get(f'{args.tower}_backbone'):
        options = dict(type='AVDataPreprocessor')
    if args.tower == 'video':
        about['input'] = '(RGB 0-255 - mean) / std, as N, C, T, H, W'
        built = MODELS.build(options) if options else None
        for name in ('mean', 'std'):
            value = getattr(built, name, None)
            value = [] if value is None else value.flatten().tolist()
            about[name] = json.dumps(value)
    else:
        about['input'] = 'log-mel (avts_mm LogMel), as N, 1, bands, frames'
        defaults = {
            k: v.default for k, v in signature(LogMel).parameters.items()
        }
        about['log_mel'] = json.dumps(
            {**defaults, **(options.get('log_mel') or {})}
        )
    model = onnx.load(str(path))
    onnx.helper.set_model_props(model, about)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def main(argv=None):
    args = parse_args(argv)
    init_default_scope('mmaction')
    args.out.parent.mkdir(parents=True, exist_ok=True)
    part = args.out.with_name(f'{args.out.stem}.part.onnx')
    try:
        cfg = read_config(args.config)
        names = ('onnx', 'onnxscript', 'onnxruntime')
        missing = [name for name in names if find_spec(name) is None]
        if missing:
            raise ValueError(
                f'exporting to ONNX needs {", ".join(missing)}; pip install '
                "'avts_mm[export]'"
            )
        tower = build_tower(cfg, args)
        shape = input_shape(cfg, args)
        axes = export(tower, args.tower, shape, part)
        write_metadata(part, cfg, args, shape, axes)
        worst, largest, inputs = compare(tower, part, args.tower, shape, axes)
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
        f'{largest:.3g}) over {inputs} inputs'
    )


if __name__ == '__main__':
    main()
