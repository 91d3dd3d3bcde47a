"""Classify recordings by a linear SVM on frozen features of their sound.

python tools/eval_audio_svm.py configs/audio/esc10_svm_grid.py CHECKPOINT

The network of the config is held against itself with random weights and
against plain statistics of the log-mel spectrogram.
"""

import argparse
import json
import re
import shlex
import statistics
import sys
from dataclasses import asdict
from pathlib import Path

# First, since it says in a sentence which package is missing or too old.
import avts_mm

# isort: split
import numpy as np
import torch
from mmaction.registry import DATASETS
from mmengine.config import Config, DictAction
from mmengine.dataset import pseudo_collate
from rich import box
from rich.console import Console
from rich.progress import track
from rich.table import Table
from torch.utils.data import DataLoader

from avts_mm.apis import FeatureExtractor
from avts_mm.apis.feature_extractor import LogMelStatistics
from avts_mm.apis.loading import load_audio_model
from avts_mm.datasets.recordings import check_copies
from avts_mm.evaluation.functional.audio_svm import (
    AudioSVMResult,
    confusion_matrix,
    cross_validate,
    paired_difference,
)
from avts_mm.evaluation.functional.linear_svm import COSTS
from avts_mm.media import MediaError
from avts_mm.visualization import draw_confusion, save

LAYER, POOL = 'audio_backbone.conv_5', 'mean'


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__.split('\n')[0],
        epilog='What a config says under audio_svm, options override.',
    )
    parser.add_argument(
        'config', help="the model's config, with audio_svm or --ann-file"
    )
    parser.add_argument(
        'checkpoint', help='of the model, or of its bare audio tower'
    )
    data = parser.add_argument_group('recordings')
    data.add_argument('--ann-file', help='CSV file: audio,label,fold')
    data.add_argument('--data-root', help='what its paths are relative to')
    data.add_argument(
        '--folds', type=int, nargs='+', help='test these folds alone'
    )
    data.add_argument(
        '--clip', type=float, help="seconds (default: the model's clips)"
    )
    data.add_argument(
        '--hop',
        type=float,
        help='seconds from sub-clip to sub-clip (default: half a clip)',
    )
    features = parser.add_argument_group('features')
    features.add_argument('--layer', help=f'dotted name (default {LAYER})')
    features.add_argument(
        '--pool',
        help='over bands and time: mean, max, none (flatten), or the grid of '
        f'maxima to keep, such as 3x4 (default {POOL})',
    )
    features.add_argument('--batch-size', type=int, default=64)
    features.add_argument(
        '--workers', type=int, default=0, help='processes that read sound'
    )
    features.add_argument(
        '--device', help='such as cuda:1 (default: a GPU if there is one)'
    )
    svm = parser.add_argument_group('classification')
    svm.add_argument(
        '--costs',
        type=float,
        nargs='+',
        help='C is chosen from these within the training folds '
        f'(default {" ".join(f"{cost:g}" for cost in COSTS)})',
    )
    svm.add_argument('--jobs', type=int, default=1, help='threads')
    svm.add_argument('--seed', type=int, default=0)
    svm.add_argument(
        '--random-seeds',
        type=int,
        nargs='*',
        default=[0, 1, 2],
        help='of networks with random weights to compare with; may be none '
        '(default 0 1 2)',
    )
    svm.add_argument(
        '--no-log-mel',
        action='store_true',
        help='do not compare with statistics of the log-mel',
    )
    results = parser.add_argument_group('results')
    results.add_argument(
        '--work-dir',
        type=Path,
        help='for result.json and confusion.png (default '
        'work_dirs/audio_svm/DATASET_CONFIG)',
    )
    results.add_argument('--json', type=Path, help='the result here, too')
    results.add_argument(
        '--pretraining',
        default='avts',
        help='how the weights came about, for the result (default avts)',
    )
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        help='settings of the config to override, as key=value',
    )
    return parser.parse_args(argv)


def parse_pool(pool) -> str | int | tuple[int, ...] | None:
    """``'none'`` to None, ``'4'`` and ``'2x3'`` to numbers."""
    if not isinstance(pool, str) or pool in ('mean', 'max'):
        return pool
    if pool == 'none':
        return None
    try:
        sizes = tuple(int(size) for size in pool.split('x'))
    except ValueError:
        raise ValueError(
            f'--pool takes mean, max, none or a grid such as 3x4, not {pool}'
        ) from None
    return sizes[0] if len(sizes) == 1 else sizes


def clip_seconds(cfg: Config) -> float:
    """Length of the clips that the model was trained on.

    Raises:
        ValueError: The config does not tell.
    """
    for name in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        found = (cfg.get(name) or {}).get('dataset', {}).get('clip_seconds')
        if found:
            return float(found)
    raise ValueError('the config does not tell clip_seconds; give --clip')


def settings_of(cfg: Config, args: argparse.Namespace) -> dict:
    """``audio_svm`` of the config with the options put in.

    Returns:
        dict: ``name``, ``dataset``, ``layer``, ``pool``, ``costs``.

    Raises:
        ValueError: There are no recordings, or a setting is unknown.
    """
    settings = dict(cfg.get('audio_svm') or {})
    unknown = set(settings) - {'name', 'dataset', 'layer', 'pool', 'costs'}
    if unknown:
        raise ValueError(f'audio_svm has no setting {sorted(unknown)}')
    dataset = dict(type='AudioClipDataset', **settings.get('dataset', {}))
    log_mel = (cfg.model.get('data_preprocessor') or {}).get('log_mel') or {}
    dataset.setdefault('sample_rate', log_mel.get('sample_rate', 16000))
    dataset.setdefault('clip_seconds', args.clip or clip_seconds(cfg))
    options = dict(
        ann_file=args.ann_file,
        data_root=args.data_root,
        clip_seconds=args.clip,
        hop_seconds=args.hop,
    )
    if args.ann_file and args.data_root is None:
        dataset['data_root'] = ''
    dataset.update({k: v for k, v in options.items() if v is not None})
    if not dataset.get('ann_file'):
        raise ValueError(
            f'{args.config} names no recordings: inherit one of '
            'configs/_base_/datasets/{esc50,esc10,dcase2014}.py, or give '
            '--ann-file'
        )
    name = settings.get('name')
    if args.ann_file or not name:
        path = Path(dataset.get('data_root') or '', dataset['ann_file'])
        name = path.absolute().parent.name
    return dict(
        name=name,
        dataset=dict(dataset, lazy_init=True),
        layer=args.layer or settings.get('layer', LAYER),
        pool=parse_pool(args.pool or settings.get('pool', POOL)),
        costs=args.costs or list(settings.get('costs', COSTS)),
    )


class Evaluation:
    """The same protocol for any features of the same recordings."""

    def __init__(self, cfg, settings, args) -> None:
        self.cfg, self.settings, self.args = cfg, settings, args
        self.device = args.device or (
            'cuda' if torch.cuda.is_available() else 'cpu'
        )
        self.dataset = DATASETS.build(settings['dataset'])
        records = self.dataset.read_annotation()
        check_copies(records, self.dataset.ann_file)
        self.labels = np.array([r.label for r in records])
        self.folds = np.array([r.fold for r in records])
        self.sources = np.array([r.source for r in records])
        names = {r.label: r.category or str(r.label) for r in records}
        self.classes = [
            names.get(label, str(label)) for label in range(max(names) + 1)
        ]

    def network(self, checkpoint: str | None, seed: int = 0):
        """A network's features, classified."""
        layer, pool = self.settings['layer'], self.settings['pool']
        model = load_audio_model(
            self.cfg, checkpoint, layer, self.device, seed
        )
        what = f'{layer} of {checkpoint or f"random weights {seed}"}'
        return self.classify(what, FeatureExtractor(model, layer, pool))

    def log_mel(self):
        """Statistics of the log-mel, classified."""
        model = load_audio_model(self.cfg, None, LAYER, self.device)
        what = 'statistics of the log-mel'
        return self.classify(what, LogMelStatistics(model))

    def classify(self, what: str, extractor) -> AudioSVMResult:
        loader: DataLoader = DataLoader(
            self.dataset,
            self.args.batch_size,
            num_workers=self.args.workers,
            collate_fn=pseudo_collate,
        )
        self.dataset.full_init()  # here, not once in each worker
        found = extractor.extract(
            track(loader, '  sub-clips', transient=True)
        ).features
        print(f'{what}: {len(found)} sub-clips, {found.shape[1]} features')
        return cross_validate(
            found,
            self.dataset.clips[:, 0],
            self.labels,
            self.folds,
            self.sources,
            self.settings['costs'],
            self.args.seed,
            self.args.jobs,
            self.args.folds,
        )

    def difference(self, result, others: list[AudioSVMResult]) -> dict:
        """By how much ``result`` is better than the mean of the others."""
        other = np.mean([o.right for o in others], axis=0)
        mean, low, high = paired_difference(result.right, other, self.sources)
        return dict(accuracy=mean, interval=[low, high])


def summary(result: AudioSVMResult) -> dict:
    """What is written down of a result."""
    return dict(
        accuracy=result.accuracy,
        accuracy_std=result.std,
        interval=list(result.interval),
        # JSON has no NaN, which a single C leaves.
        inner_accuracy=(
            None if np.isnan(result.inner_accuracy) else result.inner_accuracy
        ),
        folds=[asdict(fold) for fold in result.folds],
    )


def baselines_of(run: Evaluation, main: AudioSVMResult, args) -> dict:
    """The same protocol with random weights and without a network."""
    baselines = {}
    if args.random_seeds:
        random = [run.network(None, seed) for seed in args.random_seeds]
        shares = [result.accuracy for result in random]
        baselines['random'] = dict(
            accuracy=statistics.mean(shares),
            accuracy_std=statistics.stdev(shares) if len(shares) > 1 else None,
            seeds=dict(zip(map(str, args.random_seeds), map(summary, random))),
            difference=run.difference(main, random),
        )
    if not args.no_log_mel:
        log_mel = run.log_mel()
        baselines['log_mel'] = dict(
            **summary(log_mel), difference=run.difference(main, [log_mel])
        )
    return baselines


def result_of(args, argv, settings, main: AudioSVMResult, baselines) -> dict:
    epoch = re.search(r'epoch_(\d+)', Path(args.checkpoint).name)
    found = summary(main)
    return dict(
        task='audio_classification',
        dataset=settings['name'],
        model=settings['model'],
        pretraining=args.pretraining,
        checkpoint=args.checkpoint,
        metrics=dict(
            accuracy=main.accuracy,
            accuracy_std=main.std,
            inner_accuracy=found['inner_accuracy'],
        ),
        intervals=dict(accuracy=found['interval']),
        chance=dict(accuracy=1 / settings['classes']),
        parts={f'fold{f.fold}': f.accuracy for f in main.folds},
        folds=found['folds'],
        baselines=baselines,
        settings={
            key: settings[key]
            for key in ('dataset', 'layer', 'pool', 'costs', 'classes')
        },
        seed=args.seed,
        epochs=int(epoch.group(1)) if epoch else None,
        config=args.config,
        command=shlex.join(['python', 'tools/eval_audio_svm.py', *argv]),
    )


def table_of(result: dict) -> Table:
    """The accuracies in percent."""
    dataset = result['settings']['dataset']
    hop = dataset.get('hop_seconds') or dataset['clip_seconds'] / 2
    table = Table(
        title=f'{result["dataset"]}: {result["settings"]["layer"]}, pool '
        f'{result["settings"]["pool"]}, sub-clips of '
        f'{dataset["clip_seconds"]:g} s every {hop:g} s',
        title_justify='left',
        caption='recordings recognised, in percent; ±: deviation over folds; '
        'interval: 95 %, over recordings; inner: within the training folds, '
        'where C was chosen; chance is '
        f'{100 * result["chance"]["accuracy"]:.1f}',
        caption_justify='left',
        box=box.SIMPLE_HEAD,
    )
    table.add_column('features')
    folds = [f['fold'] for f in result['folds']]
    for name in (*(f'fold {f}' for f in folds), 'mean', 'interval', 'inner'):
        table.add_column(name, justify='right', no_wrap=True)
    main = dict(
        result['metrics'],
        interval=result['intervals']['accuracy'],
        folds=result['folds'],
    )
    rows = {str(result['pretraining']): main}
    baselines = result['baselines']
    for seed, found in baselines.get('random', {}).get('seeds', {}).items():
        rows[f'random weights {seed}'] = found
    if 'log_mel' in baselines:
        rows['log-mel statistics'] = baselines['log_mel']
    for name, found in rows.items():
        std, inner = found['accuracy_std'], found['inner_accuracy']
        low, high = found['interval']
        table.add_row(
            name,
            *(f'{100 * f["accuracy"]:.1f}' for f in found['folds']),
            f'{100 * found["accuracy"]:.1f}'
            + ('' if std is None else f' ± {100 * std:.1f}'),
            f'{100 * low:.1f}–{100 * high:.1f}',
            '-' if inner is None else f'{100 * inner:.1f}',
        )
    return table


def print_result(result: dict) -> None:
    Console(width=None if sys.stdout.isatty() else 120).print(table_of(result))
    for name, found in result['baselines'].items():
        name = {'random': 'random weights', 'log_mel': 'log-mel'}[name]
        low, high = found['difference']['interval']
        print(
            f'{result["pretraining"]} - {name}: '
            f'{100 * found["difference"]["accuracy"]:+.1f} '
            f'({100 * low:+.1f} to {100 * high:+.1f})'
        )


def main(argv=None) -> None:
    argv = sys.argv[1:] if argv is None else list(argv)
    args = parse_args(argv)
    try:
        if not Path(args.config).is_file():
            raise FileNotFoundError(f'{args.config}: no such config')
        cfg = avts_mm.compat.read_config(args.config)
        if args.cfg_options:
            cfg.merge_from_dict(args.cfg_options)
        settings = settings_of(cfg, args)
        run = Evaluation(cfg, settings, args)
        found = run.network(args.checkpoint)
        baselines = baselines_of(run, found, args)
    except (ValueError, FileNotFoundError, MediaError) as error:
        sys.exit(f'eval_audio_svm: {error}')
    settings['model'] = cfg.model.audio_backbone.type
    settings['classes'] = len(run.classes)
    result = result_of(args, argv, settings, found, baselines)
    print_result(result)
    stem = f'{settings["name"]}_{Path(args.config).stem}'
    folder = args.work_dir or Path('work_dirs', 'audio_svm', stem)
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(result, indent=2) + '\n'
    paths = [folder / 'result.json', *([args.json] if args.json else [])]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding='utf-8')
        print(f'result: {path}')
    matrix = confusion_matrix(run.labels, found.predictions, len(run.classes))
    title = (
        f'{settings["name"]}, {settings["layer"]} ({args.pretraining}): '
        f'{100 * found.accuracy:.1f} %'
    )
    picture = folder / 'confusion.png'
    figure = draw_confusion(matrix, run.classes, title)
    print(f'picture: {save(figure, picture)}')


if __name__ == '__main__':
    main()
