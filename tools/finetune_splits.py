"""Finetune on every official split and report the mean.

python tools/finetune_splits.py configs/finetune/ucf101_avts.py \
    --checkpoint work_dirs/avts_kinetics/epoch_90.pth --gpus 4

For each split: training by tools/train.py, then the test of its last
checkpoint by tools/test.py, with the test pipeline of the config. No
checkpoint is chosen by its figures on the test part. A split that is finished
is not repeated, an interrupted one goes on.
"""

import argparse
import json
import shlex
import statistics
import subprocess
import sys
from pathlib import Path

# First, since it says in a sentence which package is missing or too old.
import avts_mm

# isort: split
from mmengine.config import Config, DictAction
from rich.console import Console
from rich.table import Table

from avts_mm.weights import (
    CheckpointError,
    load_checkpoint,
    load_state_dict,
)

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
    parser.add_argument('config', help='path of the config')
    parser.add_argument(
        '--splits', nargs='+', type=int, default=[1, 2, 3], help='which ones'
    )
    parser.add_argument(
        '--checkpoint',
        help='pretrained weights, instead of those the config names',
    )
    parser.add_argument('--work-dir', help='folder of all results')
    parser.add_argument(
        '--gpus',
        type=int,
        default=1,
        help='processes to train and test in',
    )
    parser.add_argument(
        '--seed',
        type=int,
        help='random seed; that of the config, or 0, if not given',
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
    """The config with all that the command line changes for every split.

    Returns:
        tuple[Config, list[str]]: The config, and the changes as arguments of
        ``--cfg-options``.
    """
    if not Path(args.config).is_file():
        sys.exit(
            f'{args.config}: no such config; those for finetuning are in '
            'configs/finetune.'
        )
    options = list(args.cfg_options)
    if args.checkpoint:
        if '://' not in args.checkpoint and not is_file(args.checkpoint):
            sys.exit(f'{args.checkpoint}: no such checkpoint.')
        place = 'model.backbone.init_cfg'
        options += [
            f'{place}.type=PretrainedTower',
            f'{place}.checkpoint={args.checkpoint}',
        ]
    cfg = avts_mm.compat.read_config(args.config)
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

    Args:
        cfg (Config): With ``split_lists``, a dict of ``train`` and ``test``
            in which ``{}`` stands for the number.
        split (int): Number of the split.
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
        place = f'{loader}_dataloader'
        data = cfg.get(place)
        if not data:
            continue
        place, data = f'{place}.dataset', data.dataset
        while 'ann_file' not in data:  # one that repeats another
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


def is_file(path):
    return bool(path) and Path(path).is_file()


def settings_of(cfg, options, args):
    """What a result depends on, to tell whether one may be kept."""
    cfg = Config(cfg.to_dict())
    merge_options(cfg, options)
    cfg.pop('work_dir', None)
    backbone = cfg.model.get('backbone') or {}
    init = backbone.get('init_cfg')
    names = [cfg.get('load_from')]
    if isinstance(init, dict):
        names.append(init.get('checkpoint'))
    stamps = [
        f'{name}: {Path(name).stat().st_size} bytes of '
        f'{Path(name).stat().st_mtime_ns}'
        for name in names
        if is_file(name)
    ]
    return [*cfg.pretty_text.splitlines(), *stamps, *args.train]


def check_settings(folder, settings):
    """Refuse to go on with what was begun with other settings."""
    path = folder / 'settings.json'
    if path.is_file():
        before = json.loads(path.read_text(encoding='utf-8'))
        if before != settings:
            changed = [line for line in settings if line not in before]
            changed += [line for line in before if line not in settings]
            sys.exit(
                f'{folder} was begun with other settings (they differ in '
                f'{" ".join(changed[:1]).strip()!r}): name another '
                '--work-dir, or delete it to begin anew.'
            )
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(settings, indent=1), encoding='utf-8')


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


def last_checkpoint(folder):
    """The checkpoint that training wrote last, or None."""
    pointer = folder / 'last_checkpoint'
    if not pointer.is_file():
        return None
    # Only its name: the folder may have been moved.
    path = folder / Path(pointer.read_text().strip()).name
    return path if path.is_file() else None


def run_split(split, cfg, options, args, folder):
    """Train and test one split, unless it is finished.

    Returns:
        dict: The metrics of the test.
    """
    options = [*options, *split_options(cfg, split)]
    check_settings(folder, settings_of(cfg, options, args))
    figures = folder / 'test.json'
    if not figures.is_file():
        common = ['--cfg-options', *options]
        resume = ['--resume'] if last_checkpoint(folder) else []
        train = [args.config, '--work-dir', folder, *resume]
        train += ['--seed', args.seed] if args.seed is not None else []
        launch('train.py', [*train, *args.train, *common], args.gpus)
        checkpoint = last_checkpoint(folder)
        if checkpoint is None:
            sys.exit(
                f'{folder}: training has left no checkpoint; switch '
                'default_hooks.checkpoint on in the config.'
            )
        test = [args.config, checkpoint, '--work-dir', folder / 'test']
        part = figures.with_suffix('.part')
        launch('test.py', [*test, '--json', part, *common], args.gpus)
        part.replace(figures)
    return json.loads(figures.read_text(encoding='utf-8'))


def summarise(metrics):
    """Mean and deviation over the splits.

    Args:
        metrics (dict[int, dict]): Of each split, as AccMetric names them.

    Returns:
        dict: ``accuracy``, ``accuracy_std`` and so on; the deviation is that
        of a sample (divided by n - 1), None for a single split.
    """
    found = {}
    for key, name in METRICS.items():
        values = [m[key] for m in metrics.values() if key in m]
        if values:
            found[name] = statistics.fmean(values)
            found[f'{name}_std'] = (
                statistics.stdev(values) if len(values) > 1 else None
            )
    if 'accuracy' not in found:
        sys.exit(
            'finetune_splits: the test gave no top-1 accuracy; use '
            "test_evaluator = dict(type='AccMetric')."
        )
    return found


def result_of(cfg, metrics, args, argv, meta):
    """The content of ``result.json``."""
    backbone = cfg.model.backbone
    init = backbone.get('init_cfg')
    checkpoint = cfg.get('load_from')
    if not checkpoint and isinstance(init, dict):
        checkpoint = init.get('checkpoint')
    return dict(
        task='action_recognition',
        dataset=cfg.get('dataset_name') or Path(args.config).stem,
        model=backbone.get('variant', backbone.type).upper(),
        pretraining=pretraining_of(cfg, checkpoint),
        checkpoint=checkpoint,
        metrics=summarise(metrics),
        parts={f'split{n}': m['acc/top1'] for n, m in metrics.items()},
        seed=meta.get('seed'),
        epochs=meta.get('epoch'),
        config=args.config,
        command=shlex.join(['python', 'tools/finetune_splits.py', *argv]),
    )


def pretraining_of(cfg, checkpoint):
    """The config's word for it, or what the checkpoint tells of itself."""
    if not checkpoint:
        return None
    named = cfg.get('pretraining')
    if named or not is_file(checkpoint):
        return named or checkpoint
    keys = load_state_dict(checkpoint)
    if any(key.startswith('video_backbone.') for key in keys):
        return 'avts'
    return Path(checkpoint).stem


def show(result):
    """Print the table."""
    table = Table(
        title=f'{result["dataset"]}, {result["model"]}, pretraining: '
        f'{result["pretraining"] or "none"}',
        title_justify='left',
    )
    table.add_column('split')
    table.add_column('top-1 accuracy', justify='right')
    for name, value in result['parts'].items():
        table.add_row(name.removeprefix('split'), f'{value:.1%}')
    mean = result['metrics']['accuracy']
    std = result['metrics']['accuracy_std']
    table.add_section()
    spread = '' if std is None else f' ± {100 * std:.1f}'
    table.add_row('mean', f'{100 * mean:.1f}{spread} %')
    table.caption = 'last epoch, nothing chosen on the test part'
    table.caption_justify = 'left'
    console = Console(soft_wrap=True)
    console.print()
    console.print(table)


def main(argv=None):
    argv = list(sys.argv[1:] if argv is None else argv)
    args = parse_args(argv)
    cfg, options = read_config(args)
    if args.seed is None and (cfg.get('randomness') or {}).get('seed') is None:
        args.seed = 0
    root = Path(args.work_dir or Path('work_dirs') / Path(args.config).stem)
    splits = list(dict.fromkeys(args.splits))
    for split in splits:  # before hours of training
        split_options(cfg, split)
    metrics = {
        split: run_split(split, cfg, options, args, root / f'split{split}')
        for split in splits
    }
    checkpoint = last_checkpoint(root / f'split{splits[-1]}')
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
