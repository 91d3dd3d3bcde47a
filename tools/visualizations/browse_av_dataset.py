"""Look at what a config trains or validates on: one sheet per pair.

python tools/visualizations/browse_av_dataset.py configs/avts_demo.py
"""

import argparse
import sys
from collections.abc import Mapping
from itertools import islice
from pathlib import Path

from avts_mm.compat import read_config
from avts_mm.datasets.pairs import PairKind
from avts_mm.engine.hooks.curriculum_hook import mix_at
from avts_mm.visualization import draw_pair, save

import numpy as np
import torch
from mmaction.registry import DATA_SAMPLERS, DATASETS, MODELS
from mmengine.config import DictAction
from mmengine.registry import init_default_scope
from rich.progress import track


def parse_args(argv=None):
    parser = argparse.ArgumentParser(
        description='Draw the pairs of a config: frames, waveform, log-mel'
    )
    parser.add_argument('config', help='path or name of the config')
    parser.add_argument(
        '--output-dir',
        help='folder of the pictures (default: work_dirs/browse_CONFIG)',
    )
    parser.add_argument(
        '--number', type=int, default=12, help='pairs (default: %(default)s)'
    )
    parser.add_argument('--split', choices=['train', 'val'], default='train')
    parser.add_argument(
        '--epoch',
        type=int,
        default=1,
        help='of training, from 1; decides the pairs and, with a curriculum, '
        'their mix (default: %(default)s)',
    )
    parser.add_argument(
        '--seed', type=int, default=0, help='of training (default: 0)'
    )
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        help='settings of the config to override, as key=value, e.g. '
        'train_dataloader.dataset.data_root=/videos',
    )
    args = parser.parse_args(argv)
    for name in ('number', 'epoch'):
        if getattr(args, name) < 1:
            parser.error(f'--{name} must be at least 1')
    return args


def build_sampler(cfg, args, dataset):
    """The sampler of the split, at the given epoch of the curriculum."""
    options = dict(cfg[f'{args.split}_dataloader'].sampler)
    # As the Runner does: its seed is for samplers that name none.
    options.setdefault('seed', args.seed)
    if args.split == 'train' and 'clips_per_video' in options:
        options['clips_per_video'] = 1  # pairs of a table of all, one by one
    sampler = DATA_SAMPLERS.build(options, default_args=dict(dataset=dataset))
    if args.split == 'train':
        hook = (cfg.get('default_hooks') or {}).get('curriculum')
        if hook:
            sampler.set_mix(mix_at(hook['stages'], args.epoch - 1))
        sampler.set_epoch(args.epoch - 1)
    return sampler


def build_preprocessor(cfg):
    """The one of the config's model, or the default."""
    options = (cfg.get('model') or {}).get('data_preprocessor')
    return MODELS.build(options or dict(type='AVDataPreprocessor')).cpu()


def band_centres(log_mel) -> np.ndarray:
    """Frequencies in Hz of the mel bands, ``(bands,)``."""
    scale = log_mel.mel.mel_scale
    ends = 2595 * np.log10(1 + np.array([scale.f_min, scale.f_max]) / 700)
    mels = np.linspace(*ends, scale.n_mels + 2)[1:-1]
    return 700 * (10 ** (mels / 2595) - 1)


def draw(sample: Mapping, preprocessor):
    """Draw a packed sample; return the figure and a name for its file."""
    inputs, meta = sample['inputs'], sample['data_samples']
    wave = inputs['audio']
    log_mel = preprocessor.log_mel
    with torch.no_grad():
        image = log_mel(wave[None])[0, 0].numpy()
    kind = PairKind(meta.kind).name.lower()
    (clip,) = preprocessor.stack_clips(inputs['video'][None], [meta])
    frames = clip.permute(1, 2, 3, 0)
    figure = draw_pair(
        frames.clamp(0, 255).to(torch.uint8).numpy(),
        wave.numpy(),
        log_mel.mel.sample_rate,
        image,
        band_centres(log_mel),
        kind,
        (Path(meta.video_path).name, meta.video_start),
        (Path(meta.audio_path).name, meta.audio_start),
    )
    return figure, f'{kind}_{Path(meta.video_path).stem}'


def main(argv=None):
    args = parse_args(argv)
    try:
        cfg = read_config(args.config, args.cfg_options)
    except (FileNotFoundError, ValueError) as error:
        sys.exit(str(error))
    init_default_scope(cfg.get('default_scope', 'mmaction'))
    folder = Path(
        args.output_dir or f'work_dirs/browse_{Path(cfg.filename).stem}'
    )
    dataset = DATASETS.build(cfg[f'{args.split}_dataloader'].dataset)
    sampler = build_sampler(cfg, args, dataset)
    preprocessor = build_preprocessor(cfg)
    number = 0
    indices = islice(sampler, args.number)
    for index in track(indices, 'Drawing', args.number):
        figure, name = draw(dataset[index], preprocessor)
        save(figure, folder / f'{args.split}_{number:03d}_{name}.png')
        number += 1
    print(f'{number} pairs in {folder}')


if __name__ == '__main__':
    main()
