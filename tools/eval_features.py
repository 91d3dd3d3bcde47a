"""Judge features that tools/extract_features.py has written.

python tools/eval_features.py knn train_video.npz val_video.npz
python tools/eval_features.py probe train_audio.npz val_audio.npz
python tools/eval_features.py retrieval val_video.npz val_audio.npz
"""

import argparse
import json
import shlex
import sys
from pathlib import Path

# First, since it says in a sentence which package is missing or too old.
import avts_mm  # noqa: F401

# isort: split
import numpy as np
from rich.console import Console
from rich.table import Table

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

# What two files must have in common to be of one network.
NETWORK = ('config', 'checkpoint', 'seed')
LAYER = (*NETWORK, 'layer', 'pool', 'normalize')
CLIPS = ('clips_per_video', 'clip_seconds')
NAMES = {
    'accuracy': 'accuracy, a decision per video',
    'clip_accuracy': 'accuracy, a decision per clip',
    'mean_class_accuracy': 'mean accuracy of the classes',
}


def parse_args(argv=None) -> argparse.Namespace:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        '--work-dir', type=Path, help='folder to write result.json into'
    )
    common.add_argument('--json', type=Path, help='write the result here, too')
    common.add_argument(
        '--dataset', help="name for the result (default: the data_root's)"
    )
    common.add_argument(
        '--pretraining',
        help='how the weights came about, for the result (default: avts, or '
        'none for random weights)',
    )
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
    probe.add_argument('--folds', type=int, default=5, help='default 5')
    probe.add_argument(
        '--seed', type=int, default=0, help='of the folds (default 0)'
    )

    retrieval = tasks.add_parser(
        'retrieval', parents=[common], help='sound by picture, and back'
    )
    retrieval.add_argument('video', type=Path, metavar='VIDEO')
    retrieval.add_argument('audio', type=Path, metavar='AUDIO')
    retrieval.add_argument(
        '--metric',
        choices=['euclidean', 'cosine'],
        default='euclidean',
        help='euclidean is what AVTS is trained on (default)',
    )
    retrieval.add_argument(
        '--at', type=int, nargs='+', default=[1, 5, 10], help='default 1 5 10'
    )
    return parser.parse_args(argv)


def check_same(
    files: dict[str, Features], keys: tuple[str, ...], remedy: str
) -> None:
    """Two files must agree in some of their metadata.

    Raises:
        ValueError: They do not.
    """
    (one, first), (other, second) = files.items()
    for key in keys:
        values = [f.metadata.get(key) for f in (first, second)]
        if values[0] != values[1]:
            raise ValueError(
                f'{one} and {other} differ in their {key}, {values[0]} and '
                f'{values[1]}; {remedy}'
            )


def check_classes(train: Features, test: Features, args) -> None:
    """Training and test files must be labelled, comparable and disjoint.

    Raises:
        ValueError: They are not.
    """
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


def match_clips(video: Features, audio: Features, args) -> np.ndarray:
    """Rows of the audio file in the order of the video file.

    Raises:
        ValueError: The files are not of the same clips.
    """
    keys = [
        list(zip(f.names, np.round(f.starts, 6).tolist()))
        for f in (video, audio)
    ]
    places = {key: i for i, key in enumerate(keys[1])}
    missing = [key for key in keys[0] if key not in places]
    surplus = len(set(keys[1]) - set(keys[0]))
    if missing or surplus:
        name, start = missing[0] if missing else ('', 0)
        example = f', such as {name} at {start:g} s' if missing else ''
        raise ValueError(
            f'{args.video} and {args.audio} are not of the same clips: '
            f'{len(missing)} of {len(video)} clips have no sound{example}, '
            f'{surplus} sounds no picture; extract both with the same '
            'options --split, --ann-file and --clips'
        )
    if len(places) < len(audio) or len(audio) != len(video):
        raise ValueError(
            f'{args.audio}: {len(audio) - len(places)} clips are there more '
            'than once'
        )
    return np.array([places[key] for key in keys[0]])


def evaluate_classes(args) -> tuple[dict, dict, Features]:
    """Measures of knn or probe, its settings, and the test file."""
    train, test = Features.load(args.train), Features.load(args.test)
    check_classes(train, test, args)
    if args.task == 'knn':
        scores, classes = knn_scores(
            train.features,
            train.labels,
            test.features,
            args.k,
            args.temperature or None,
        )
        settings = dict(k=args.k, temperature=args.temperature)
    else:
        scores, classes, chosen = probe_scores(
            train.features,
            train.labels,
            test.features,
            np.array(train.names),
            args.C,
            args.folds,
            args.seed,
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
    """Measures of both directions, the settings, and the video file."""
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
    if video.features.shape[1] != audio.features.shape[1]:
        raise ValueError(
            f'{args.video} has {video.features.shape[1]} values a clip, '
            f'{args.audio} {audio.features.shape[1]}; only embeddings '
            '(extracted with --layer neck) can be compared'
        )
    names = np.array(video.names)
    sound = audio.features[order]
    found = dict(metrics={}, intervals={}, chance={})
    for direction, pair in (
        ('video_to_audio', (video.features, sound)),
        ('audio_to_video', (sound, video.features)),
    ):
        rankings = rank_gallery(*pair, names, args.metric)
        for target, ranking in zip(('clip', 'video'), rankings):
            if target == 'video' and len(set(video.names)) == len(video):
                continue  # the same as the clip
            measures = retrieval_measures(ranking, args.at)
            for part, values in measures.items():
                for name, value in values.items():
                    found[part][f'{direction}/{target}/{name}'] = value
    return found, dict(metric=args.metric, gallery=len(video)), video


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
        dataset=args.dataset or about.get('dataset'),
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


def number(name: str, value: float) -> str:
    """Ranks as they are, shares in percent."""
    return f'{value:.1f}' if 'rank' in name else f'{100 * value:.1f}'


def table_of(result: dict) -> Table:
    settings = result['settings']
    details = [f'{settings["clips"]} clips of {settings["videos"]} videos']
    if result['task'] == 'retrieval':
        titles = {
            'video_to_audio': 'sound by picture',
            'audio_to_video': 'picture by sound',
        }
        details.append(f'{settings["metric"]} distance')
    else:
        titles = NAMES
        details.append(f'{settings["classes"]} classes')
        details.append(f'{settings["train_videos"]} training videos')
    if 'k' in settings:
        details.append(f'k = {settings["k"]}')
    if 'C' in settings:
        details.append(f'C = {settings["C"]:g}')
    table = Table(
        title=f'{result["task"].replace("_", " ")} on {result["dataset"]}, '
        f'{settings["layer"]}',
        title_justify='left',
        caption=f'{", ".join(details)}\nshares in percent; in brackets: 95 % '
        'confidence interval',
        caption_justify='left',
    )
    table.add_column('')
    table.add_column('measured', justify='right')
    table.add_column('chance', justify='right')
    previous = ''
    for name, value in result['metrics'].items():
        group, _, measure = name.rpartition('/')
        label = NAMES.get(name, name)
        if group:
            direction, _, target = group.partition('/')
            label = measure.replace('_', ' ')
            label = f'{titles[direction]}, same {target}: {label}'
            if previous and group != previous:
                table.add_section()
        previous = group
        text = number(name, value)
        if name in result['intervals']:
            low, high = result['intervals'][name]
            text += f' ({number(name, low)}–{number(name, high)})'
        table.add_row(label, text, number(name, result['chance'][name]))
    return table


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
    Console().print(table_of(result))
    paths = [args.work_dir / 'result.json'] if args.work_dir else []
    for path in [*paths, *([args.json] if args.json else [])]:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(result, indent=2) + '\n', encoding='utf-8')
        print(f'result: {path}')


if __name__ == '__main__':
    main()
