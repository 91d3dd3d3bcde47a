"""Test a checkpoint with a config.

python tools/test.py configs/avts_demo.py CHECKPOINT --json metrics.json
bash tools/dist_test.sh configs/avts_kinetics.py CHECKPOINT 4
"""

import argparse
import json
import os
import sys
from pathlib import Path

import avts_mm
from avts_mm.media.annotation import ListError
from avts_mm.weights import CheckpointError

from mmengine.config import ConfigDict, DictAction
from mmengine.dist import is_main_process
from mmengine.runner import Runner


def parse_args(argv=None):
    parser = argparse.ArgumentParser(description='Test a checkpoint.')
    parser.add_argument('config', help='path or name of the config')
    parser.add_argument('checkpoint', help='path or URL of the checkpoint')
    parser.add_argument('--work-dir', help='folder of the logs of this run')
    parser.add_argument(
        '--dump', help='.pkl file for the predictions of every sample'
    )
    parser.add_argument('--json', help='.json file for the metrics')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        help='settings of the config to override, as key=value, e.g. '
        'test_dataloader.batch_size=8',
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
    if args.dump and not args.dump.endswith(('.pkl', '.pickle')):
        parser.error(f'--dump writes a pickle: {args.dump} must end in .pkl')
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
    cfg.load_from = args.checkpoint
    cfg.resume = False
    # Whatever it was in training: this one refuses weights that do not fit.
    checkpoint = dict(type='mmaction.SafeCheckpointHook')
    hooks = cfg.get('default_hooks') or {}
    cfg.default_hooks = {**hooks, 'checkpoint': checkpoint}
    if args.dump:
        evaluator = cfg.test_evaluator
        if isinstance(evaluator, (dict, ConfigDict)):
            evaluator = [evaluator]
        dump = dict(type='DumpResults', out_file_path=args.dump)
        cfg.test_evaluator = [*evaluator, dump]


def write_json(metrics, path):
    """Write metrics as JSON; tensors and numpy scalars count as numbers."""

    def plain(value):
        return value.tolist() if hasattr(value, 'tolist') else str(value)

    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(metrics, indent=2, default=plain)
    path.write_text(text + '\n', encoding='utf-8')


def main(argv=None):
    args = parse_args(argv)
    try:
        cfg = avts_mm.compat.read_config(args.config)
    except (FileNotFoundError, ValueError) as error:
        sys.exit(str(error))
    if '://' not in args.checkpoint and not Path(args.checkpoint).is_file():
        sys.exit(
            f'{args.checkpoint}: no such checkpoint; training writes '
            'them into its work directory.'
        )
    merge_args(cfg, args)
    avts_mm.compat.use_gloo_without_gpu(cfg, args.launcher)
    try:
        runner = Runner.from_cfg(cfg)
        metrics = runner.test()
    except (CheckpointError, ListError) as error:
        sys.exit(str(error))
    if args.json and is_main_process():
        write_json(metrics, args.json)
    avts_mm.compat.leave_process_group()


if __name__ == '__main__':
    main()
