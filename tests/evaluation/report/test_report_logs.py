"""Trainings without a result.json are read from their logs."""

import json

import pytest

from avts_mm.evaluation.report.logs import read_logged_result


def write_logs(folder, *entries, time='20260101_000000'):
    logs = folder / time / 'vis_data'
    logs.mkdir(parents=True)
    lines = [json.dumps(entry) for entry in entries]
    (logs / 'scalars.json').write_text('\n'.join(lines) + '\n{"lr": 0.')


def test_last_validation_of_a_finished_training(tmp_path):
    write_logs(
        tmp_path,
        {'loss': 0.5, 'lr': 1, 'epoch': 1, 'iter': 9, 'step': 9},
        {'sync/easy/auc': 0.6, 'step': 1},
    )
    write_logs(
        tmp_path,
        {'sync/easy/auc': 0.7, 'sync/hard/accuracy': 0.8, 'step': 2},
        {
            'sync/easy/auc': 0.9,
            'sync/super_hard/auc': 0.5,
            'sync/within_video': 0.65,
            'sync/super_hard/within_video': 0.1,
            'step': 3,
        },
        {'warning/starvation': 1, 'step': 200},
        time='20260102_000000',
    )
    config = dict(train_cfg=dict(max_epochs=3), randomness=dict(seed=7))
    assert read_logged_result(tmp_path, config) == dict(
        task='synchronisation',
        easy=dict(auc=0.9),
        super_hard=dict(auc=0.5),
        within_video=0.65,
        seed=7,
        epochs=3,
    )


def test_trainings_by_iteration(tmp_path):
    # Without epochs, mmengine writes step 0 for every validation.
    write_logs(
        tmp_path,
        {'loss': 0.5, 'lr': 1, 'iter': 100, 'step': 100},
        {'acc/top1': 0.5, 'step': 0},
        {'loss': 0.5, 'lr': 1, 'iter': 200, 'step': 200},
        {'acc/top1': 0.75, 'step': 0},
    )
    backbone = dict(
        type='MC3',
        variant='mc3',
        init_cfg=dict(type='PretrainedTower', checkpoint='avts.pth'),
    )
    config = dict(
        train_cfg=dict(max_iters=200),
        model=dict(backbone=backbone),
        dataset_name='grid',
        pretraining='avts',
    )
    result = read_logged_result(tmp_path, config)
    assert result['metrics'] == dict(accuracy=0.75)
    assert (result['model'], result['dataset']) == ('MC3', 'grid')
    assert (result['checkpoint'], result['iterations']) == ('avts.pth', 200)
    config['train_cfg']['max_iters'] = 300
    with pytest.raises(ValueError, match='at 200 of 300'):
        read_logged_result(tmp_path, config)


@pytest.mark.parametrize(
    'entries, config, words',
    [
        ([], dict(train_cfg=dict(max_epochs=3)), 'no validation'),
        (
            [{'sync/easy/auc': 0.6, 'step': 2}],
            dict(train_cfg=dict(max_epochs=3)),
            'at 2 of 3',
        ),
        ([{'mAP': 0.6, 'step': 3}], dict(train_cfg=dict(max_epochs=3)), 'nei'),
        ([], {}, 'no training'),
    ],
)
def test_what_is_not_finished_says_so(tmp_path, entries, config, words):
    write_logs(tmp_path, *entries)
    with pytest.raises(ValueError, match=words):
        read_logged_result(tmp_path, config)
