"""Work directories to report on."""

import json

import pytest

from avts_mm.evaluation.report.runs import read_run

CONFIG = """\
custom_hooks = [
    dict(stages=[
        dict(begin=0, mix=dict(easy=1)),
        dict(begin=5, mix=dict(easy=3, hard=1)),
    ], type='CurriculumHook'),
    dict(type='SyncReportHook'),
]
load_from = None
model = dict(
    head=dict(loss=dict(margin=0.99), type='AVContrastiveHead'),
    video_backbone=dict(type='MC3'))
randomness = dict(seed=0)
train_cfg = dict(max_epochs=10, type='EpochBasedTrainLoop')
train_dataloader = dict(
    dataset=dict(data_root='data/kinetics400'), num_workers=2)
val_dataloader = dict(dataset=dict(data_root='data/kinetics400'))
work_dir = 'work_dirs/a'
"""


@pytest.fixture
def sync_dir(tmp_path):
    """Make the work directory of a synchronisation run.

    ``edits`` replaces parts of its config.
    """

    def make(name, accuracy=0.8, seed=0, edits=None, stem='avts', **keys):
        config = CONFIG.replace('seed=0', f'seed={seed}')
        for old, new in (edits or {}).items():
            assert old in config
            config = config.replace(old, new)
        folder = tmp_path / name
        (folder / '20260101_000000').mkdir(parents=True)
        result = dict(
            easy=dict(accuracy=accuracy, auc=0.9),
            hard=dict(accuracy=0.6, auc=0.7),
            within_video=0.75,
            seed=seed,
            epochs=10,
            seconds=1.0,
            **keys,
        )
        (folder / 'result.json').write_text(json.dumps(result))
        (folder / f'{stem}.py').write_text(config)
        return folder

    return make


@pytest.fixture
def result_dir(tmp_path):
    """Make the work directory of another evaluation."""

    def make(name, **keys):
        folder = tmp_path / name
        folder.mkdir(parents=True)
        result = dict(
            task='action_recognition',
            dataset='ucf101',
            model='MC3',
            pretraining=None,
            checkpoint=None,
            metrics=dict(accuracy=0.5, accuracy_std=0.02),
            parts=dict(split1=0.48, split2=0.5, split3=0.52),
            seed=0,
            epochs=60,
            config='configs/finetune/ucf101_scratch.py',
            command='python tools/finetune_splits.py c.py --seed 0',
        )
        (folder / 'result.json').write_text(json.dumps({**result, **keys}))
        return folder

    return make


@pytest.fixture
def sync_run(sync_dir):
    return lambda *args, **keys: read_run(sync_dir(*args, **keys))


@pytest.fixture
def result_run(result_dir):
    return lambda *args, **keys: read_run(result_dir(*args, **keys))
