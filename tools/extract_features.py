"""Write the features of clips, from any layer of either tower.

python tools/extract_features.py configs/avts_grid.py CHECKPOINT \
    --tower video --layer neck --split val --clips 3 --out val_video.npz
"""

import argparse
import copy
import shlex
import sys
from pathlib import Path

import avts_mm
from avts_mm.apis import FeatureExtractor, load_model
from avts_mm.compat import read_config

from eval_results import add_model_arguments
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from rich.progress import track

RANDOM = 'random'
PAIRS = ('AVPairDataset', 'AVClipDataset')


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__.split('\n')[0],
        epilog='Clips of the same CONFIG, --split (or --ann-file) and '
        '--clips are the same for both towers, row by row.',
    )
    parser.add_argument('config', help='path or name of the config')
    parser.add_argument(
        'checkpoint',
        help=f'path of the checkpoint, or "{RANDOM}" for random weights',
    )
    parser.add_argument('--tower', choices=['video', 'audio'], required=True)
    parser.add_argument(
        '--layer',
        default='backbone',
        help='dotted name, with or without the tower: backbone, '
        'backbone.layer4, audio_backbone.conv_4, neck; neck gives the '
        'embeddings that AVTS compares (default backbone)',
    )
    add_model_arguments(parser, pool='mean')
    parser.add_argument(
        '--normalize', action='store_true', help='make features unit vectors'
    )
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        '--split',
        choices=['train', 'val', 'test'],
        default='val',
        help='whose annotation to take from the config (default val)',
    )
    source.add_argument(
        '--ann-file', help='another annotation, relative to the data_root'
    )
    parser.add_argument(
        '--clips',
        type=int,
        help='evenly spaced clips of each video (default 1), where the '
        'config has audio-visual pairs; other datasets sample by their '
        'own test pipeline',
    )
    parser.add_argument(
        '--out', type=Path, required=True, help='.npz or .parquet file'
    )
    parser.add_argument('--batch-size', type=int, default=32)
    parser.add_argument('--num-workers', type=int, default=2)
    parser.add_argument(
        '--seed', type=int, default=0, help='of random weights (default 0)'
    )
    args = parser.parse_args(argv)
    if args.out.suffix not in ('.npz', '.parquet'):
        parser.error(f'--out {args.out} must end in .npz or .parquet')
    return args


def clip_dataset(cfg: Config, args: argparse.Namespace) -> dict:
    """Config of the dataset: a split's videos, the pipeline of the tests."""
    split = 'val' if args.ann_file else args.split
    source = cfg.get(f'{split}_dataloader')
    judged = cfg.get('val_dataloader') or cfg.get('test_dataloader')
    if not source or not judged:
        missing = split if not source else 'val'
        sys.exit(f'{args.config} has no {missing}_dataloader')
    dataset = copy.deepcopy(source.dataset)
    if 'pipeline' not in dataset or 'pipeline' not in judged.dataset:
        sys.exit(
            f'{args.config}: the dataset of {split}, {dataset.type}, has no '
            'pipeline of its own; give the config of the bare dataset'
        )
    dataset.pipeline = copy.deepcopy(judged.dataset.pipeline)
    dataset.test_mode = True
    for transform in dataset.pipeline:
        if transform.get('type') == 'PackActionInputs':
            # mmaction2 would forget which file a sample is from.
            keys = transform.get('meta_keys', ())
            transform.meta_keys = (*keys, 'filename')
    if args.ann_file:
        dataset.ann_file = args.ann_file
    if dataset.type in PAIRS:
        dataset.type = 'AVClipDataset'
        dataset.clips_per_video = 1 if args.clips is None else args.clips
    elif args.clips is not None:
        sys.exit(
            f'--clips is for audio-visual pairs; {dataset.type} samples '
            'clips by its own pipeline'
        )
    return dataset


def full_layer(model, tower: str, layer: str) -> str:
    """The dotted name of a layer that may lack its tower."""
    modules = dict(model.named_modules())
    return layer if layer in modules else f'{tower}_{layer}'


def describe(cfg: Config, args, dataset: dict, argv) -> dict:
    """What the file tells about where its features come from."""
    tower = cfg.model.get(f'{args.tower}_backbone', cfg.model.get('backbone'))
    root = dataset.get('data_root')
    places = root or dataset.get('ann_file', '')
    places = [places] if isinstance(places, (str, Path)) else places
    folders = [Path(place) if root else Path(place).parent for place in places]
    random = args.checkpoint == RANDOM
    return dict(
        config=args.config,
        checkpoint=None if random else args.checkpoint,
        seed=args.seed if random else None,
        tower=args.tower,
        backbone=tower.type if tower else None,
        dataset='+'.join(folder.name for folder in folders),
        split=None if args.ann_file else args.split,
        ann_file=dataset.get('ann_file'),
        clips_per_video=dataset.get('clips_per_video'),
        clip_seconds=dataset.get('clip_seconds'),
        version=avts_mm.__version__,
        command=shlex.join(['python', 'tools/extract_features.py', *argv]),
    )


def main(argv=None) -> None:
    argv = sys.argv[1:] if argv is None else argv
    args = parse_args(argv)
    try:
        cfg = read_config(args.config, args.cfg_options)
    except (FileNotFoundError, ValueError) as error:
        sys.exit(str(error))
    init_default_scope(cfg.get('default_scope', 'mmaction'))
    dataset = clip_dataset(cfg, args)
    random = args.checkpoint == RANDOM
    try:
        model = load_model(
            cfg, None if random else args.checkpoint, args.device, args.seed
        )
        extract = FeatureExtractor(
            model,
            full_layer(model, args.tower, args.layer),
            args.pool,
            args.normalize,
        )
        if extract.modality != args.tower:
            sys.exit(f'{extract.layer} is not of the {args.tower} tower')
        loader = Runner.build_dataloader(
            dict(
                batch_size=args.batch_size,
                num_workers=args.num_workers,
                sampler=dict(type='DefaultSampler', shuffle=False),
                dataset=dataset,
            )
        )
        features = extract.extract(track(loader, 'extracting features'))
        features.metadata.update(describe(cfg, args, dataset, argv))
        features.save(args.out)
    except (FileNotFoundError, ValueError, ImportError) as error:
        sys.exit(str(error))
    rows, size = features.features.shape
    print(
        f'{args.out}: {rows} clips of {len(set(features.names))} videos, '
        f'{size} values of {extract.layer} each'
    )


if __name__ == '__main__':
    main()
