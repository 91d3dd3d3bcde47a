"""Finetune on every official split and report the mean.

python tools/finetune_splits.py configs/finetune/ucf101_avts.py \
    --checkpoint work_dirs/avts_kinetics/epoch_90.pth --gpus 4

For each split: training by tools/train.py, then the test of its last
checkpoint by tools/test.py, with the test pipeline of the config. No
checkpoint is chosen by its figures on the test part. A split that is finished
is not repeated, an interrupted one goes on.
"""

import argparse
import copy
import json
import shlex
import statistics
import subprocess
import sys
from pathlib import Path

import avts_mm
from avts_mm.engine import newest_checkpoint
from avts_mm.weights import CheckpointError, load_checkpoint

from mmengine.config import DictAction
from rich.console import Console
from rich.table import Column, Table

TOOLS = Path(__file__).resolve().parent
# What AccMetric calls them -> what result.json does.
METRICS = {
    'acc/top1': 'accuracy',
    'acc/top5': 'top5',
    'acc/mean1': 'mean_class_accuracy',
}


def parse_args(argv=None):
    parser = argparse.ArgumentParser(
        description='Finetune on every official split and report the mean. '
        'Further arguments go to tools/train.py.',
        allow_abbrev=False,
    )
    parser.add_argument('config', help='path or name of the config')
    parser.add_argument(
        '--splits', nargs='+', type=int, default=[1, 2, 3], help='which ones'
    )
    parser.add_argument(
        '--checkpoint',
        help='pretrained weights, instead of those the config names',
    )
    parser.add_argument('--work-dir', help='folder of all results')
    parser.add_argument(
        '--gpus', type=int, default=1, help='processes to train and test in'
    )
    parser.add_argument(
        '--seed', type=int, help='if not given that of the config, or 0'
    )
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        default=[],
        metavar='KEY=VALUE',
        help='settings of the config to override, in training and test',
    )
    args, args.train = parser.parse_known_args(argv)
    return args


def read_config(args):
    """The config, and what the command line changes for every split."""
    options = list(args.cfg_options)
    if args.checkpoint:
        remote = '://' in args.checkpoint
        if not (remote or Path(args.checkpoint).is_file()):
            sys.exit(f'{args.checkpoint}: no such checkpoint.')
    try:
        cfg = avts_mm.compat.read_config(args.config)
    except (FileNotFoundError, ValueError) as error:
        sys.exit(str(error))
    if args.checkpoint:
        # AVRecognizer takes both towers at once.
        own = 'model.backbone' if 'backbone' in cfg.model else 'model'
        options += [
            f'{own}.init_cfg.type=PretrainedTower',
            f'{own}.init_cfg.checkpoint={args.checkpoint}',
        ]
    merge_options(cfg, options)
    return cfg, options


def merge_options(cfg, options):
    """Put ``KEY=VALUE`` arguments into a config, as train.py does."""
    parser = argparse.ArgumentParser()
    parser.add_argument('--o', nargs='*', action=DictAction, default={})
    cfg.merge_from_dict(parser.parse_args(['--o', *options]).o or {})


def split_options(cfg, split):
    """Arguments of ``--cfg-options`` that choose a split.

    Expressions in a config are not evaluated again when a value they hold is
    overridden, so the lists themselves are.
    """
    lists = cfg.get('split_lists')
    if not lists:
        sys.exit(
            f'{cfg.filename}: names no lists of splits; set split_lists = '
            "dict(train='train_split{}.txt', test='test_split{}.txt'), or "
            'train with tools/train.py.'
        )
    options = []
    for loader, part in (('train', 'train'), ('val', 'test'), ('test',) * 2):
        place, data = f'{loader}_dataloader', cfg.get(f'{loader}_dataloader')
        if not data:
            continue
        while 'ann_file' not in data:  # also of one that repeats another
            place, data = f'{place}.dataset', data.dataset
        name = lists[part].format(split)
        path = Path(data.get('data_root') or '', name)
        if not path.is_file():
            sys.exit(
                f'{path}: no such list; make it (docs/finetuning.md), or '
                'correct data_root and split_lists in the config.'
            )
        options.append(f'{place}.ann_file={name}')
    return options


def checkpoint_of(cfg):
    """The pretrained weights that a config names, or None."""
    init = cfg.model.get('backbone', cfg.model).get('init_cfg')
    return init.get('checkpoint') if isinstance(init, dict) else None


def check_settings(folder, cfg, options, args):
    """Refuse to go on with what was begun with other settings or weights."""
    cfg = copy.deepcopy(cfg)
    merge_options(cfg, options)
    cfg.pop('work_dir', None)
    settings = [*cfg.pretty_text.splitlines(), *args.train]
    weights = Path(checkpoint_of(cfg) or '')
    if weights.is_file():
        stat = weights.stat()
        settings.append(f'{weights}: {stat.st_size} B of {stat.st_mtime_ns}')
    path = folder / 'settings.json'
    before = json.loads(path.read_text()) if path.is_file() else settings
    if before != settings:
        both = [*settings, *before]
        other = next(x for x in both if (x in settings) != (x in before))
        sys.exit(
            f'{folder} was begun with other settings (they differ in '
            f'{other.strip()!r}): name another --work-dir, or delete it to '
            'begin anew.'
        )
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(settings, indent=1))


def launch(tool, arguments, gpus):
    """Run one of our tools; its failure is ours."""
    command = [sys.executable]
    if gpus > 1:
        command += ['-m', 'torch.distributed.run', '--standalone']
        command += [f'--nproc_per_node={gpus}']
        arguments = [*arguments, '--launcher', 'pytorch']
    command += [str(TOOLS / tool), *map(str, arguments)]
    done = subprocess.run(command)
    if done.returncode:
        sys.exit(
            f'finetune_splits: {tool} ended with {done.returncode}; the same '
            'command goes on from there.'
        )


def run_split(split, cfg, options, args, folder):
    """Train and test one split, unless it is finished; its metrics."""
    options = [*options, *split_options(cfg, split)]
    check_settings(folder, cfg, options, args)
    figures = folder / 'test.json'
    if not figures.is_file():
        common = ['--cfg-options', *options]
        resume = ['--resume'] if newest_checkpoint(folder) else []
        train = [args.config, '--work-dir', folder, *resume]
        train += ['--seed', args.seed] if args.seed is not None else []
        launch('train.py', [*train, *args.train, *common], args.gpus)
        checkpoint = newest_checkpoint(folder)
        test = [args.config, checkpoint, '--work-dir', folder / 'test']
        part = figures.with_suffix('.part')
        launch('test.py', [*test, '--json', part, *common], args.gpus)
        part.replace(figures)
    # Of AVRecognizer what counts is both together.
    metrics = {
        key.replace('/both_', '/'): value
        for key, value in json.loads(figures.read_text()).items()
    }
    if 'acc/top1' not in metrics:
        sys.exit(
            f'{figures}: has no top-1 accuracy; use test_evaluator = '
            "dict(type='AccMetric')."
        )
    return metrics


def result_of(cfg, metrics, args, argv, meta):
    """The content of ``result.json``.

    ``accuracy`` and so on are means over the splits, ``accuracy_std`` their
    deviations as of a sample, None of a single split.
    """
    means = {}
    for key, name in METRICS.items():
        values = [m[key] for m in metrics.values() if key in m]
        if values:
            std = statistics.stdev(values) if len(values) > 1 else None
            means |= {name: statistics.fmean(values), f'{name}_std': std}
    backbone = cfg.model.get('backbone') or cfg.model.video_backbone
    checkpoint = checkpoint_of(cfg)
    return dict(
        task='action_recognition',
        dataset=cfg.get('dataset_name') or Path(cfg.filename).stem,
        model=backbone.get('variant', backbone.type).upper(),
        pretraining=checkpoint
        and (cfg.get('pretraining') or Path(checkpoint).stem),
        checkpoint=checkpoint,
        metrics=means,
        parts={f'split{n}': m['acc/top1'] for n, m in metrics.items()},
        seed=meta.get('seed'),
        epochs=meta.get('epoch'),
        config=args.config,
        command=shlex.join(['python', 'tools/finetune_splits.py', *argv]),
    )


def show(result):
    """Print the table."""
    mean, std = (result['metrics'][f'accuracy{x}'] for x in ('', '_std'))
    table = Table(
        'split',
        Column('top-1 accuracy', justify='right'),
        title=f'{result["dataset"]}, {result["model"]}, pretraining: '
        f'{result["pretraining"] or "none"}',
        title_justify='left',
        caption='last epoch, nothing chosen on the test part',
        caption_justify='left',
    )
    for name, value in result['parts'].items():
        table.add_row(name.removeprefix('split'), f'{value:.1%}')
    table.add_section()
    spread = '' if std is None else f' ± {100 * std:.1f}'
    table.add_row('mean', f'{100 * mean:.1f}{spread} %')
    console = Console(soft_wrap=True)
    console.print()
    console.print(table)


def main(argv=None):
    argv = list(sys.argv[1:] if argv is None else argv)
    args = parse_args(argv)
    cfg, options = read_config(args)
    if args.seed is None and (cfg.get('randomness') or {}).get('seed') is None:
        args.seed = 0
    root = Path(args.work_dir or Path('work_dirs') / Path(cfg.filename).stem)
    splits = list(dict.fromkeys(args.splits))
    for split in splits:  # before hours of training
        split_options(cfg, split)
    metrics = {
        split: run_split(split, cfg, options, args, root / f'split{split}')
        for split in splits
    }
    checkpoint = newest_checkpoint(root / f'split{splits[-1]}')
    try:
        meta = load_checkpoint(checkpoint)['meta'] if checkpoint else {}
        result = result_of(cfg, metrics, args, argv, meta)
    except CheckpointError as error:
        sys.exit(str(error))
    path = root / 'result.json'
    path.write_text(json.dumps(result, indent=2) + '\n', encoding='utf-8')
    show(result)
    print(f'result: {path}')


if __name__ == '__main__':
    main()
