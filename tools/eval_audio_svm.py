"""Classify recordings by a linear SVM on frozen features of their sound.

python tools/eval_audio_svm.py configs/audio/esc10_svm_grid.py CHECKPOINT

The network of the config is held against itself with random weights and
against plain statistics of the log-mel spectrogram.
"""

import argparse
import re
import shlex
import statistics
import sys
from dataclasses import asdict
from pathlib import Path

from avts_mm.apis import FeatureExtractor
from avts_mm.apis.feature_extractor import LOG_MEL
from avts_mm.apis.loading import load_audio_model
from avts_mm.compat import read_config
from avts_mm.datasets.recordings import check_copies
from avts_mm.evaluation.functional.audio_svm import (
    COSTS,
    AudioSVMResult,
    cross_validate,
)
from avts_mm.evaluation.functional.intervals import paired_difference
from avts_mm.media import MediaError
from avts_mm.visualization import draw_confusion, save

import numpy as np
from eval_results import (
    add_model_arguments,
    add_result_arguments,
    percent,
    table_of,
    write_result,
)
from mmaction.registry import DATASETS
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from rich.console import Console
from rich.progress import track
from sklearn.metrics import confusion_matrix
from torch.utils.data import DataLoader

LAYER, POOL = 'audio_backbone.conv_5', 'mean'


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__.split('\n')[0],
        epilog='What a config says under audio_svm, options override.',
    )
    add = parser.add_argument
    add('config', help="the model's config, with audio_svm or --ann-file")
    add('checkpoint', help='of the model, or of its bare audio tower')
    add('--ann-file', help='CSV file: audio,label,fold')
    add('--data-root', help='what its paths are relative to')
    add('--clip', type=float, help="seconds (default: the model's clips)")
    add(
        '--hop',
        type=float,
        help='seconds from sub-clip to sub-clip (default: half a clip)',
    )
    add('--layer', help=f'dotted name (default {LAYER})')
    add_model_arguments(parser)
    add('--workers', type=int, default=0, help='processes that read sound')
    add(
        '--costs',
        type=float,
        nargs='+',
        help='C is chosen from these within the training folds '
        f'(default {" ".join(f"{cost:g}" for cost in COSTS)})',
    )
    add('--jobs', type=int, default=1, help='threads of the SVM')
    add('--seed', type=int, default=0, help='of the SVM')
    add(
        '--random-seeds',
        type=int,
        nargs='*',
        default=[0, 1, 2],
        help='of networks with random weights to compare with; may be none '
        '(default 0 1 2)',
    )
    add_result_arguments(parser, 'work_dirs/audio_svm/DATASET_CONFIG')
    return parser.parse_args(argv)


def settings_of(cfg: Config, args: argparse.Namespace) -> dict:
    """``audio_svm`` of the config with the options put in."""
    settings = dict(layer=LAYER, pool=POOL, costs=list(COSTS), name='')
    unknown = set(cfg.get('audio_svm') or {}) - {*settings, 'dataset'}
    if unknown:
        raise ValueError(f'audio_svm has no setting {sorted(unknown)}')
    settings |= cfg.get('audio_svm') or {}
    log_mel = (cfg.model.get('data_preprocessor') or {}).get('log_mel') or {}
    rate = log_mel.get('sample_rate', 16000)
    # Clips are as long as those that the model was trained on.
    trained = (cfg.get('train_dataloader') or {}).get('dataset') or {}
    dataset = dict(
        type='AudioClipDataset',
        sample_rate=rate,
        clip_seconds=trained.get('clip_seconds'),
    )
    dataset |= settings.get('dataset') or {}
    if args.ann_file:
        dataset |= dict(ann_file=args.ann_file, data_root='')
    options = dict(data_root=args.data_root, hop_seconds=args.hop)
    options['clip_seconds'] = args.clip
    dataset |= {k: v for k, v in options.items() if v is not None}
    if not dataset.get('ann_file'):
        raise ValueError(
            f'{args.config} names no recordings: inherit one of '
            'configs/_base_/datasets/esc50.py, or give '
            '--ann-file'
        )
    if not dataset['clip_seconds']:
        raise ValueError('the config does not tell clip_seconds; give --clip')
    if args.ann_file or not settings['name']:
        path = Path(dataset.get('data_root') or '', dataset['ann_file'])
        settings['name'] = path.absolute().parent.name
    given = {k: v for k, v in vars(args).items() if k in settings and v}
    pool = vars(args).get('pool', settings['pool'])
    return {**settings, **given, 'pool': pool, 'dataset': dataset}


class Evaluation:
    """The same protocol for any features of the same recordings."""

    def __init__(self, cfg, settings, args) -> None:
        self.cfg, self.settings, self.args = cfg, settings, args
        about = dict(settings['dataset'], lazy_init=True)
        self.dataset = DATASETS.build(about)
        records = self.dataset.read_annotation()
        check_copies(records, self.dataset.ann_file)
        self.labels = np.array([r.label for r in records])
        self.folds = np.array([r.fold for r in records])
        self.sources = np.array([r.source for r in records])
        names = {r.label: r.category or str(r.label) for r in records}
        every = range(max(names) + 1)
        self.classes = [names.get(label, str(label)) for label in every]

    def network(self, checkpoint: str | None, seed: int = 0):
        """A network's features, classified."""
        layer, pool = self.settings['layer'], self.settings['pool']
        device = self.args.device
        model = load_audio_model(self.cfg, checkpoint, layer, device, seed)
        what = f'{layer} of {checkpoint or f"random weights {seed}"}'
        return self.classify(what, FeatureExtractor(model, layer, pool))

    def log_mel(self):
        """Statistics of the log-mel, classified."""
        model = load_audio_model(self.cfg, None, LAYER, self.args.device)
        extractor = FeatureExtractor(model, LOG_MEL, 'statistics')
        return self.classify('log-mel statistics', extractor)

    def classify(self, what: str, extractor) -> AudioSVMResult:
        self.dataset.full_init()  # here, not once in each worker
        loading = dict(num_workers=self.args.workers, batch_size=64)
        loader = DataLoader(self.dataset, collate_fn=pseudo_collate, **loading)
        clips = track(loader, '  sub-clips', transient=True)
        found = extractor.extract(clips).features
        print(f'{what}: {len(found)} sub-clips, {found.shape[1]} features')
        rows = found, self.dataset.clips[:, 0]
        about = self.labels, self.folds, self.sources
        options = self.settings['costs'], self.args.seed, self.args.jobs
        return cross_validate(*rows, *about, *options)

    def difference(self, result, others: list[AudioSVMResult]) -> dict:
        """By how much ``result`` is better than the mean of the others."""
        other = np.mean([o.right for o in others], axis=0)
        mean, low, high = paired_difference(result.right, other, self.sources)
        return dict(accuracy=mean, interval=[low, high])


def summary(result: AudioSVMResult) -> dict:
    """What is written down of a result."""
    arrays = ('predictions', 'right')
    return {k: v for k, v in asdict(result).items() if k not in arrays}


def baselines_of(run: Evaluation, main: AudioSVMResult, seeds) -> dict:
    """The same protocol with random weights and without a network."""
    log_mel = run.log_mel()
    difference = run.difference(main, [log_mel])
    found = dict(log_mel=dict(summary(log_mel), difference=difference))
    if not seeds:
        return found
    random = [run.network(None, seed) for seed in seeds]
    shares = [result.accuracy for result in random]
    found['random'] = dict(
        accuracy=statistics.mean(shares),
        accuracy_std=statistics.stdev(shares) if len(shares) > 1 else None,
        seeds=dict(zip(map(str, seeds), map(summary, random))),
        difference=run.difference(main, random),
    )
    return found


def result_of(args, argv, run: Evaluation, main: AudioSVMResult) -> dict:
    epoch = re.search(r'epoch_(\d+)', Path(args.checkpoint).name)
    found = summary(main)
    interval, folds = found.pop('interval'), found.pop('folds')
    settings = dict(run.settings, classes=len(run.classes))
    return dict(
        task='audio_classification',
        dataset=settings.pop('name'),
        model=run.cfg.model.audio_backbone.type,
        pretraining=args.pretraining or 'avts',
        checkpoint=args.checkpoint,
        metrics=found,
        intervals=dict(accuracy=interval),
        chance=dict(accuracy=1 / settings['classes']),
        parts={f'fold{f.fold}': f.accuracy for f in main.folds},
        folds=folds,
        baselines=baselines_of(run, main, args.random_seeds),
        settings=settings,
        seed=args.seed,
        epochs=int(epoch.group(1)) if epoch else None,
        config=args.config,
        command=shlex.join(['python', 'tools/eval_audio_svm.py', *argv]),
    )


def print_result(result: dict) -> None:
    """The accuracies in percent, and by how much they differ."""
    baselines = result['baselines']
    main = dict(result['metrics'], interval=result['intervals']['accuracy'])
    rows = {result['pretraining']: dict(main, folds=result['folds'])}
    for seed, found in baselines.get('random', {}).get('seeds', {}).items():
        rows[f'random weights {seed}'] = found
    rows['log-mel statistics'] = baselines['log_mel']
    texts = []
    for name, found in rows.items():
        std = found['accuracy_std']
        spread = '' if std is None else f' ± {percent(std)}'
        texts.append([name, *(percent(f['accuracy']) for f in found['folds'])])
        texts[-1].append(percent(found['accuracy']) + spread)
        texts[-1].append('–'.join(map(percent, found['interval'])))
        texts[-1].append(percent(found['inner_accuracy']))
    settings, chance = result['settings'], result['chance']['accuracy']
    seconds = settings['dataset']['clip_seconds']
    hop = settings['dataset'].get('hop_seconds') or seconds / 2
    folds = [f'fold {fold["fold"]}' for fold in result['folds']]
    table = table_of(
        f'{result["dataset"]}: {settings["layer"]}, pool {settings["pool"]}, '
        f'sub-clips of {seconds:g} s every {hop:g} s',
        'recordings recognised, in percent; ±: deviation over folds; '
        'interval: 95 %, over recordings; inner: within the training folds, '
        f'where C was chosen; chance is {percent(chance)}',
        ['features', *folds, 'mean', 'interval', 'inner'],
        texts,
    )
    Console(width=None if sys.stdout.isatty() else 120).print(table)
    for name, title in (('random', 'random weights'), ('log_mel', 'log-mel')):
        if name in baselines:
            found = baselines[name]['difference']
            bounds = found['accuracy'], *found['interval']
            gain, low, high = (f'{100 * bound:+.1f}' for bound in bounds)
            print(
                f'{result["pretraining"]} - {title}: {gain} ({low} to {high})'
            )


def main(argv=None) -> None:
    argv = sys.argv[1:] if argv is None else list(argv)
    args = parse_args(argv)
    try:
        cfg = read_config(args.config, args.cfg_options)
        run = Evaluation(cfg, settings_of(cfg, args), args)
        found = run.network(args.checkpoint)
        result = result_of(args, argv, run, found)
    except (ValueError, FileNotFoundError, MediaError) as error:
        sys.exit(f'eval_audio_svm: {error}')
    print_result(result)
    stem = f'{result["dataset"]}_{Path(cfg.filename).stem}'
    folder = args.work_dir or Path('work_dirs', 'audio_svm', stem)
    write_result(result, folder, args.json)
    judged = found.predictions >= 0
    truth, said = run.labels[judged], found.predictions[judged]
    every = range(len(run.classes))
    matrix = confusion_matrix(truth, said, labels=every)
    title = f'{result["dataset"]}, {result["settings"]["layer"]}: '
    title += f'{percent(found.accuracy)} % ({result["pretraining"]})'
    picture = folder / 'confusion.png'
    figure = draw_confusion(matrix, run.classes, title)
    print(f'picture: {save(figure, picture)}')


if __name__ == '__main__':
    main()
