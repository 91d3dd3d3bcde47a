"""Judge features that tools/extract_features.py has written.

python tools/eval_features.py knn train_video.npz val_video.npz
python tools/eval_features.py probe train_audio.npz val_audio.npz
python tools/eval_features.py retrieval val_video.npz val_audio.npz
"""

import argparse
import shlex
import sys
from pathlib import Path

from avts_mm.apis import Features
from avts_mm.evaluation.functional.classification import (
    classification_measures,
    knn_scores,
    probe_scores,
)
from avts_mm.evaluation.functional.retrieval import (
    rank_gallery,
    retrieval_measures,
)

import numpy as np
from eval_results import (
    add_result_arguments,
    percent,
    table_of,
    write_result,
)
from rich.console import Console

# What two files must have in common to be of one network.
NETWORK = ('config', 'checkpoint', 'seed')
LAYER = (*NETWORK, 'layer', 'pool', 'normalize')
CLIPS = ('clips_per_video', 'clip_seconds')
NAMES = {
    'accuracy': 'accuracy, a decision per video',
    'clip_accuracy': 'accuracy, a decision per clip',
    'mean_class_accuracy': 'mean accuracy of the classes',
    'video_to_audio': 'sound by picture',
    'audio_to_video': 'picture by sound',
}


def parse_args(argv=None) -> argparse.Namespace:
    common = argparse.ArgumentParser(add_help=False)
    add_result_arguments(common)
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    tasks = parser.add_subparsers(dest='task', required=True)

    knn = tasks.add_parser(
        'knn', parents=[common], help='classes by nearest training clips'
    )
    probe = tasks.add_parser(
        'probe', parents=[common], help='classes by logistic regression'
    )
    for command in (knn, probe):
        command.add_argument('train', type=Path, metavar='TRAIN')
        command.add_argument('test', type=Path, metavar='TEST')
    knn.add_argument('--k', type=int, default=20, help='default 20')
    knn.add_argument(
        '--temperature',
        type=float,
        default=0.07,
        help='weights of neighbours are exp(cosine similarity / this); 0 '
        'gives all the same weight (default 0.07)',
    )
    probe.add_argument(
        '--C',
        type=float,
        nargs='+',
        default=[1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0],
        help='inverse strengths of regularisation, one of which is chosen by '
        'cross-validation over training videos (default 1e-4 to 10)',
    )
    retrieval = tasks.add_parser(
        'retrieval', parents=[common], help='sound by picture, and back'
    )
    retrieval.add_argument('video', type=Path, metavar='VIDEO')
    retrieval.add_argument('audio', type=Path, metavar='AUDIO')
    return parser.parse_args(argv)


def check_same(
    files: dict[str, Features], keys: tuple[str, ...], remedy: str
) -> None:
    """Two files must agree in some of their metadata."""
    (one, first), (other, second) = files.items()
    for key in keys:
        values = [f.metadata.get(key) for f in (first, second)]
        if values[0] != values[1]:
            raise ValueError(
                f'{one} and {other} differ in their {key}, {values[0]} and '
                f'{values[1]}; {remedy}'
            )


def check_classes(train: Features, test: Features, args) -> None:
    """Training and test files must be labelled, comparable and disjoint."""
    for path, features in ((args.train, train), (args.test, test)):
        missing = np.flatnonzero(features.labels < 0)
        if len(missing):
            raise ValueError(
                f'{path}: {len(missing)} of {len(features)} clips have no '
                f'label, the first is of {features.names[missing[0]]}; add '
                'the column label to the annotation'
            )
    both = sorted(set(train.names) & set(test.names))
    if both:
        raise ValueError(
            f'{len(both)} videos are in {args.train} as well as in '
            f'{args.test}, such as {both[0]}; a test needs videos of its own'
        )
    files = {str(args.train): train, str(args.test): test}
    check_same(files, LAYER, 'extract both with the same options')


def match_clips(video: Features, audio: Features, args) -> list[int]:
    """Rows of the audio file in the order of the video file."""
    pictures, sounds = (
        list(zip(file.names, np.round(file.starts, 6).tolist()))
        for file in (video, audio)
    )
    single = sorted(set(pictures) ^ set(sounds))
    if single:
        name, start = single[0]
        raise ValueError(
            f'{args.video} and {args.audio} are not of the same clips: '
            f'{len(single)} are in one of them alone, such as {name} at '
            f'{start:g} s; extract both with the same options --split, '
            '--ann-file and --clips'
        )
    places = {key: row for row, key in enumerate(sounds)}
    return [places[key] for key in pictures]


def evaluate_classes(args) -> tuple[dict, dict, Features]:
    """Measures, settings, and the file that was judged."""
    train, test = Features.load(args.train), Features.load(args.test)
    check_classes(train, test, args)
    arrays = train.features, train.labels, test.features
    if args.task == 'knn':
        scores, classes = knn_scores(*arrays, args.k, args.temperature or None)
        settings = dict(k=args.k, temperature=args.temperature)
    else:
        scores, classes, chosen = probe_scores(
            *arrays, np.array(train.names), args.C
        )
        settings = dict(C=chosen)
    found = classification_measures(
        scores, classes, test.labels, np.array(test.names), train.labels
    )
    settings.update(
        classes=len(classes),
        train_clips=len(train),
        train_videos=len(set(train.names)),
    )
    return found, settings, test


def evaluate_retrieval(args) -> tuple[dict, dict, Features]:
    video, audio = Features.load(args.video), Features.load(args.audio)
    towers = [f.metadata.get('tower') for f in (video, audio)]
    if towers != ['video', 'audio'] and None not in towers:
        raise ValueError(
            f'{args.video} is of the {towers[0]} tower and {args.audio} of '
            f'the {towers[1]} tower; give VIDEO first, then AUDIO'
        )
    order = match_clips(video, audio, args)
    files = {str(args.video): video, str(args.audio): audio}
    remedy = 'embeddings of two networks cannot be compared'
    check_same(files, NETWORK, remedy)
    sizes = [f.features.shape[1] for f in (video, audio)]
    if sizes[0] != sizes[1]:
        raise ValueError(
            f'{args.video} has {sizes[0]} values a clip, {args.audio} '
            f'{sizes[1]}; only embeddings (extracted with --layer neck) can '
            'be compared'
        )
    found: dict = dict(metrics={}, intervals={}, chance={})
    pair = video.features, audio.features[order]
    for direction in ('video_to_audio', 'audio_to_video'):
        rankings = rank_gallery(*pair, np.array(video.names))
        for target, ranking in zip(('clip', 'video'), rankings):
            if target == 'video' and len(set(video.names)) == len(video):
                continue  # the same as the clip
            for part, values in retrieval_measures(ranking).items():
                for name, value in values.items():
                    found[part][f'{direction}/{target}/{name}'] = value
        pair = pair[::-1]
    return found, dict(gallery=len(video)), video


def result_of(args, argv, found: dict, settings: dict, file: Features) -> dict:
    """The result as it is written: measures and where they come from."""
    about = file.metadata
    checkpoint = about.get('checkpoint')
    pretraining = args.pretraining
    if pretraining is None and checkpoint is not None:
        pretraining = 'avts'
    task = 'linear_probe' if args.task == 'probe' else args.task
    return dict(
        task=task,
        dataset=about.get('dataset'),
        model='AVTS' if task == 'retrieval' else about.get('backbone'),
        pretraining=pretraining,
        checkpoint=checkpoint,
        metrics=found['metrics'],
        intervals=found['intervals'],
        chance=found['chance'],
        parts={},
        settings=dict(
            settings,
            layer=about.get('layer'),
            clips=len(file),
            videos=len(set(file.names)),
            **{key: about.get(key) for key in CLIPS},
        ),
        seed=about.get('seed'),
        epochs=None,
        config=about.get('config'),
        command=shlex.join(['python', 'tools/eval_features.py', *argv]),
    )


def print_result(result: dict) -> None:
    settings = result['settings']
    details = [f'{settings["clips"]} clips of {settings["videos"]} videos']
    if result['task'] != 'retrieval':
        details.append(f'{settings["classes"]} classes')
        details.append(f'{settings["train_videos"]} training videos')
    details += [f'{k} = {settings[k]:g}' for k in ('k', 'C') if k in settings]
    rows = []
    for name, value in result['metrics'].items():
        direction, _, rest = name.partition('/')
        target, _, measure = rest.partition('/')
        title = NAMES.get(direction, name)
        if measure:
            title += f', same {target}: {measure.replace("_", " ")}'
        scale = 1 if 'rank' in name else 100
        interval = result['intervals'].get(name, ())
        chance = percent(result['chance'][name], scale=scale)
        rows.append((title, percent(value, *interval, scale=scale), chance))
    table = table_of(
        f'{result["task"].replace("_", " ")} on {result["dataset"]}, '
        f'{settings["layer"]}',
        f'{", ".join(details)}\nshares in percent; in brackets: 95 % '
        'confidence interval',
        ['', 'measured', 'chance'],
        rows,
    )
    Console().print(table)


def main(argv=None) -> None:
    argv = sys.argv[1:] if argv is None else argv
    args = parse_args(argv)
    retrieval = args.task == 'retrieval'
    evaluate = evaluate_retrieval if retrieval else evaluate_classes
    try:
        found, settings, file = evaluate(args)
    except (FileNotFoundError, ValueError, ImportError) as error:
        sys.exit(str(error))
    result = result_of(args, argv, found, settings, file)
    print_result(result)
    write_result(result, args.work_dir, args.json)


if __name__ == '__main__':
    main()
