"""The figures of the paper's tables, and how certain we are of them.

AVTS: Korbar, Tran and Torresani, *Cooperative Learning of Audio and Video
Models from Self-Supervised Synchronization*, NeurIPS 2018 (arXiv 1807.00230).
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

STATED = 'reported'
UNCONFIRMED = 'reported, unconfirmed'
PARTLY = 'reported, partly unconfirmed'


class PaperRow(NamedTuple):
    """One figure of the paper.

    Attributes:
        name (str): What was trained, and how.
        figure (float): Accuracy in percent.
        tag (str): How certain it is that the paper says so.
        measure (str): The measure of a run that stands beside it.
        wanted (Mapping): Facts about a run that make it a run of this row
            (:attr:`Run.facts`); none if it cannot be run.
        command (str): What produces it.
    """

    name: str
    figure: float
    tag: str
    measure: str
    wanted: Mapping[str, Any]
    command: str


class PaperTable(NamedTuple):
    """A table of the paper."""

    title: str
    note: str
    rows: Sequence[PaperRow]


class LaterMethod(NamedTuple):
    """A later method and its accuracies in percent, by data set."""

    name: str
    pretraining: str
    figures: Mapping[str, float]


def _sync(
    name: str, figure: float, config: str, method='avts', **facts
) -> PaperRow:
    return PaperRow(
        name,
        figure,
        UNCONFIRMED,
        'easy/accuracy',
        dict(
            task='synchronisation',
            dataset='kinetics',
            method=method,
            **facts,
        ),
        f'python tools/train.py configs/{config}.py',
    )


MIXED = 'easy : hard = 3 : 1'
SYNC = PaperTable(
    'Synchronisation on Kinetics',
    'Accuracy in % on held-out pairs with easy negatives.',
    (
        _sync('single stage, easy', 69.0, 'ablation/avts_easy', mix='easy'),
        _sync(f'single stage, {MIXED}', 58.9, 'ablation/avts_mix', mix=MIXED),
        _sync('single stage, hard', 52.3, 'ablation/avts_hard', mix='hard'),
        _sync(
            f'curriculum: easy, then {MIXED}',
            78.4,
            'avts_kinetics',
            mix=f'easy, then {MIXED}',
        ),
        _sync(
            'curriculum: easy, then hard',
            65.7,
            'ablation/avts_easy_then_hard',
            mix='easy, then hard',
        ),
        _sync('L3-Net', 74.3, 'l3net_kinetics', method='l3net'),
    ),
)

AUDIOSET = dict(start='avts', source='audioset')
KINETICS = dict(start='avts', source='kinetics')
SOUNDNET = dict(start='avts', source='soundnet')
CHECKPOINT = 'work_dirs/avts_{}/epoch_90.pth'


def _finetuning(
    dataset: str, name: str, figure: float, tag: str, **facts
) -> PaperRow:
    config = f'{dataset.lower()}_{facts["start"]}'
    command = f'python tools/finetune_splits.py configs/finetune/{config}.py'
    if 'source' in facts:
        command += f' --checkpoint {CHECKPOINT.format(facts["source"])}'
    return PaperRow(
        f'{dataset}: {name}',
        figure,
        tag,
        'accuracy',
        dict(
            task='action_recognition',
            dataset=dataset.lower(),
            model='mc3',
            **facts,
        ),
        command,
    )


# Scratch and AudioSet fit the gains in the abstract, 19.9 and 17.7.
FINETUNING = PaperTable(
    'Finetuning MC3 for action recognition',
    'Top-1 accuracy in %, mean of three splits.',
    tuple(
        _finetuning(dataset, name, figures[place], tag, **facts)
        for place, dataset in enumerate(('UCF101', 'HMDB51'))
        for name, figures, tag, facts in (
            ('from scratch', (69.1, 43.9), STATED, dict(start='scratch')),
            ('AVTS on Kinetics', (85.8, 56.9), STATED, KINETICS),
            ('AVTS on AudioSet', (89.0, 61.6), STATED, AUDIOSET),
            (
                'supervised on Kinetics',
                (90.5, 66.8),
                UNCONFIRMED,
                dict(start='supervised'),
            ),
        )
    ),
)


def _audio(dataset: str, name: str, figure: float, **facts) -> PaperRow:
    wanted = dict(
        task='audio_classification',
        dataset=dataset.lower().replace('-', ''),
        **facts,
    )
    command = ''
    if facts:
        weights = 'work_dirs/l3net_kinetics/epoch_90.pth'
        if 'source' in facts:
            weights = CHECKPOINT.format(facts['source'])
        config = f'configs/audio/{wanted["dataset"]}_svm'
        config += '.py' if 'source' in facts else '_l3net.py'
        command = f'python tools/eval_audio_svm.py {config} {weights}'
        if 'source' not in facts:
            command += ' --pretraining l3net'
    return PaperRow(
        f'{dataset}: {name}',
        figure,
        PARTLY,
        'accuracy',
        wanted if facts else {},
        command,
    )


AUDIO = PaperTable(
    'Sound classification by a linear SVM on frozen conv_5',
    'Accuracy in %; ESC-50: mean of five folds.',
    (
        _audio('ESC-50', 'AVTS on Kinetics', 76.7, **KINETICS),
        _audio('ESC-50', 'AVTS on AudioSet', 80.6, **AUDIOSET),
        _audio('ESC-50', 'AVTS on SoundNet', 82.3, **SOUNDNET),
        _audio('ESC-50', 'L3-Net', 79.3, method='l3net'),
        _audio('ESC-50', 'people', 81.3),
        _audio('DCASE2014', 'AVTS on Kinetics', 91.0, **KINETICS),
        _audio('DCASE2014', 'AVTS on AudioSet', 93.0, **AUDIOSET),
        _audio('DCASE2014', 'AVTS on SoundNet', 94.0, **SOUNDNET),
    ),
)

PAPER_TABLES = (SYNC, FINETUNING, AUDIO)

# As their own papers report them; not confirmed here.
LATER_DATASETS = {'ucf101': 'UCF101', 'hmdb51': 'HMDB51', 'esc50': 'ESC-50'}
LATER = (
    LaterMethod('XDC', 'AudioSet', dict(ucf101=93.0, hmdb51=63.7, esc50=84.8)),
    LaterMethod(
        'AVID+CMA', 'AudioSet', dict(ucf101=91.5, hmdb51=64.7, esc50=89.1)
    ),
    LaterMethod('GDT', 'Kinetics', dict(ucf101=90.9, hmdb51=62.3)),
    LaterMethod('GDT', 'IG65M', dict(ucf101=95.2, hmdb51=72.8)),
    LaterMethod('GDT', 'unclear', dict(esc50=88.5)),
    LaterMethod(
        'CrissCross', 'Kinetics', dict(ucf101=91.5, hmdb51=64.7, esc50=86.8)
    ),
    LaterMethod(
        'CrissCross', 'AudioSet', dict(ucf101=92.4, hmdb51=67.4, esc50=90.5)
    ),
)
