"""Train a model from a config.

python tools/train.py configs/avts_demo.py
bash tools/dist_train.sh configs/avts_kinetics.py 4
"""

import argparse
import math
import os
import sys
from pathlib import Path

import avts_mm
from avts_mm.engine import SickTrainingError, newest_checkpoint
from avts_mm.media.annotation import ListError
from avts_mm.media.look import look_at_all
from avts_mm.weights import CheckpointError

from mmengine.config import DictAction
from mmengine.runner import Runner


def parse_args(argv=None):
    parser = argparse.ArgumentParser(description='Train a model.')
    parser.add_argument('config', help='path or name of the config')
    parser.add_argument(
        '--work-dir', help='folder of logs and checkpoints of this run'
    )
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        help='go on from this checkpoint, or, without a path, from the '
        'latest one in the work directory',
    )
    parser.add_argument(
        '--amp', action='store_true', help='train in mixed precision'
    )
    parser.add_argument(
        '--no-validate',
        action='store_true',
        help='leave out validation during training',
    )
    parser.add_argument(
        '--auto-scale-lr',
        action='store_true',
        help='scale the learning rate from the batch size that '
        '`auto_scale_lr` of the config names to the real one',
    )
    parser.add_argument('--seed', type=int, help='random seed')
    parser.add_argument(
        '--diff-rank-seed',
        action='store_true',
        default=None,
        help='give each process a seed of its own',
    )
    parser.add_argument(
        '--deterministic',
        action='store_true',
        default=None,
        help='use deterministic algorithms of cuDNN',
    )
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        help='settings of the config to override, as key=value, e.g. '
        'train_dataloader.batch_size=8 or key="[(a,b),(c,d)]"',
    )
    parser.add_argument(
        '--launcher',
        choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none',
        help='what started this process',
    )
    # Older launchers pass the rank as an argument.
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0)
    args = parser.parse_args(argv)
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    return args


def merge_args(cfg, args):
    """Put the command line into the config, in place."""
    cfg.launcher = args.launcher
    cfg.merge_from_dict(args.cfg_options or {})
    if args.work_dir:
        cfg.work_dir = args.work_dir
    elif not cfg.get('work_dir'):
        cfg.work_dir = str(
            Path('work_dirs') / Path(cfg.filename or args.config).stem
        )

    if args.resume == 'auto':
        cfg.resume = True
        cfg.load_from = newest_checkpoint(cfg.work_dir)
        if cfg.load_from is None:
            print(f'No checkpoint in {cfg.work_dir}: training begins anew.')
    elif args.resume:
        if '://' not in args.resume and not Path(args.resume).is_file():
            sys.exit(
                f'{args.resume}: no such checkpoint; --resume without a path '
                f'goes on from the latest one in {cfg.work_dir}.'
            )
        cfg.resume = True
        cfg.load_from = args.resume

    if args.amp:
        merge_amp(cfg)
    if args.no_validate:
        cfg.val_cfg = None
        cfg.val_dataloader = None
        cfg.val_evaluator = None
    if args.auto_scale_lr:
        if 'base_batch_size' not in (cfg.get('auto_scale_lr') or {}):
            sys.exit(
                f'{args.config}: --auto-scale-lr needs auto_scale_lr = '
                'dict(base_batch_size=...) in the config.'
            )
        cfg.auto_scale_lr.enable = True

    names = ('seed', 'diff_rank_seed', 'deterministic')
    given = {name: getattr(args, name) for name in names}
    given = {name: v for name, v in given.items() if v is not None}
    if given:
        cfg.randomness = {**(cfg.get('randomness') or {}), **given}


def merge_amp(cfg):
    """Switch the optimiser wrapper of a config to mixed precision.

    bfloat16 wherever the device computes in it, GPUs from Ampere on and CPUs:
    it needs no loss scaling, which waits for the device at every step. Half
    precision with loss scaling on other GPUs. A config that has mixed
    precision keeps its own, but `AmpOptimWrapper` starts on no CPU.
    """
    import torch
    from mmengine.device import get_device

    wrapper = cfg.optim_wrapper.get('type', 'OptimWrapper')
    mixed = ('AmpOptimWrapper', 'BFloat16OptimWrapper')
    if wrapper not in ('OptimWrapper', *mixed):
        sys.exit(
            f'--amp replaces the optimiser wrapper OptimWrapper, but the '
            f'config uses {wrapper}.'
        )
    on_cpu = get_device() == 'cpu'
    if wrapper in mixed and not on_cpu:
        return
    if on_cpu or torch.cuda.is_bf16_supported(including_emulation=False):
        cfg.optim_wrapper.type = 'BFloat16OptimWrapper'
        for name in ('loss_scale', 'dtype'):
            cfg.optim_wrapper.pop(name, None)
    else:
        cfg.optim_wrapper.type = 'AmpOptimWrapper'
        cfg.optim_wrapper.setdefault('loss_scale', 'dynamic')


def check_videos(cfg):
    """Look at lists of labelled videos (of mmaction2's ``VideoDataset``)
    before hours of training.

    Returns:
        dict[Path, list[Path]]: The videos of each list.
    """
    lists = {}
    classes = (cfg.model.get('cls_head') or {}).get('num_classes', math.inf)
    for part in ('train', 'val'):
        data = (cfg.get(f'{part}_dataloader') or {}).get('dataset') or {}
        while 'dataset' in data:  # one that repeats another
            data = data.dataset
        if data.get('type') != 'VideoDataset' or data.get('multi_class'):
            continue
        root = Path(data.get('data_root') or '')
        path = root / data.ann_file
        if not path.is_file():
            sys.exit(
                f'{path}: no such list of videos; make it '
                '(docs/finetuning.md), or correct data_root and ann_file in '
                'the config.'
            )
        lines = path.read_text(errors='replace').splitlines()
        folder = root / ((data.get('data_prefix') or {}).get('video') or '')
        names = []
        for number, line in enumerate(lines, 1):
            name, _, label = line.strip().partition(data.get('delimiter', ' '))
            label = label.strip()
            if not (name and label.isdecimal() and int(label) < classes):
                sys.exit(
                    f'{path}, line {number}: must be "path label", the path '
                    'without spaces, the label a number from 0 on and below '
                    f'model.cls_head.num_classes={classes}, not {line[:80]!r}.'
                )
            names.append(folder / name)
        missing = [name for name in names if not name.is_file()]
        if missing:
            sys.exit(
                f'{path}: {len(missing)} of {len(lines)} videos are missing, '
                f'the first is {missing[0]}; fetch them, take them out of the '
                'list, or correct data_root and data_prefix in the config.'
            )
        lists[path] = names
    return lists


def look_at_videos(lists):
    """Stop if a video of :func:`check_videos` cannot be read."""
    if os.environ.get('RANK', '0') != '0':
        return  # the first process looks for all
    for path, names in lists.items():
        bad = list(filter(None, look_at_all((str(name),) for name in names)))
        if bad:
            sys.exit(
                f'{path}: {len(bad)} of {len(names)} videos cannot be read, '
                f'which would end training, the first: {bad[0]}.'
            )


def main(argv=None):
    args = parse_args(argv)
    try:
        cfg = avts_mm.compat.read_config(args.config)
    except (FileNotFoundError, ValueError) as error:
        sys.exit(str(error))
    merge_args(cfg, args)
    look_at_videos(check_videos(cfg))
    avts_mm.compat.use_gloo_without_gpu(cfg, args.launcher)
    runner = Runner.from_cfg(cfg)
    try:
        runner.train()
    except (CheckpointError, ListError, SickTrainingError) as error:
        sys.exit(str(error))
    avts_mm.compat.leave_process_group()


if __name__ == '__main__':
    main()
