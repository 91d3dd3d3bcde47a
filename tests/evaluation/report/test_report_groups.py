"""Runs that differ in their seed alone are taken together."""

import pytest

from avts_mm.evaluation.report.groups import Summary, group_runs

AUDIO = dict(
    task='audio_classification',
    dataset='esc10',
    parts=dict(fold1=0.4, fold2=0.6),
)


def test_seeds_of_one_config_are_one_group(sync_run):
    runs = [
        sync_run(f'a{seed}', accuracy, seed, edits={"'work_dirs/a'": "'b'"})
        for seed, accuracy in ((1, 0.9), (0, 0.7))
    ]
    (group,) = group_runs(runs)
    assert group.name == 'avts'
    assert [run.seed for run in group.runs] == [0, 1]
    mean, spread, of, _ = group.summary('easy/accuracy')
    assert mean == pytest.approx(0.8)
    assert spread == pytest.approx(0.1414, abs=1e-4)
    assert of == '2 seeds'
    assert group.extent() == '10 epochs, seeds 0, 1'
    assert group.summary('super_hard/auc') is None


def test_settings_that_differ_are_mentioned(sync_run):
    margin = {'margin=0.99': 'margin=2.0'}
    runs = [
        sync_run('a'),
        sync_run('b', seed=1),
        sync_run('c', edits=margin),
        sync_run('d', edits=margin, stem='other'),
    ]
    groups = group_runs(runs)
    assert [(g.name, len(g.runs)) for g in groups] == [
        ('avts (loss.margin=0.99)', 2),
        ('avts (loss.margin=2.0)', 2),
    ]


def test_many_differences_are_counted(sync_run):
    edits = {
        'margin=0.99': 'margin=2.0',
        "type='MC3'": "type='MC3', base_channels=8",
        'load_from = None': "load_from = 'a.pth'",
    }
    runs = [sync_run('a'), sync_run('b', seed=1), sync_run('c', edits=edits)]
    assert [g.name for g in group_runs(runs)] == [
        'avts',
        'avts (load_from=given, loss.margin=2.0, 1 more)',
    ]


def test_how_much_is_trained_on_is_mentioned_of_all(sync_run):
    few = {
        "root='data/kinetics400'), n": "root='data', label_share=0.1), n",
        'max_epochs=10': 'max_epochs=60',
        'margin=0.99': 'margin=2.0',
    }
    runs = [sync_run('a'), sync_run('b', seed=1), sync_run('c', edits=few)]
    assert sorted(g.name for g in group_runs(runs)) == [
        'avts (dataset.label_share=none, train_cfg.max_epochs=10)',
        'avts (loss.margin=2.0, dataset.label_share=0.1, 1 more)',
    ]


def test_other_data_are_another_group(sync_run):
    edits = {'data/kinetics400': 'data/grid'}
    groups = group_runs([sync_run('a'), sync_run('b', edits=edits)])
    assert [g.name for g in groups] == [
        'avts (dataset=grid)',
        'avts (dataset=kinetics)',
    ]


def test_where_data_lie_and_hooks_that_report_do_not_matter(sync_run):
    edits = {
        'data/kinetics400': '/mnt/kinetics400',
        'num_workers=2': 'num_workers=8',
        "dict(type='SyncReportHook')": "dict(type='ProgressBarHook')",
        'load_from = None': "load_from = 'seed1.pth'",
    }
    weights = {'load_from = None': "load_from = 'seed0.pth'"}
    runs = [
        sync_run('a', edits=weights),
        sync_run('b', seed=1, edits=edits),
        sync_run('c', seed=2),  # without weights: another thing
    ]
    assert sorted(len(g.runs) for g in group_runs(runs)) == [1, 2]


def test_splits_give_the_deviation_of_a_single_run(result_run):
    (group,) = group_runs([result_run('a')])
    assert group.summary('accuracy') == Summary(0.5, 0.02, '3 splits')
    assert group.summary('accuracy').text() == '50.0 ± 2.0 (3 splits)'
    run = result_run('b', metrics=dict(accuracy=0.5), **AUDIO)
    (group,) = group_runs([run])
    assert group.summary('accuracy').text() == '50.0 ± 14.1 (2 folds)'


def test_commands_that_differ_in_seed_and_files_are_alike(result_run):
    command = 'python tools/eval.py c.py {0}.pth --seed {0} --work-dir w{0}'
    runs = [
        result_run(f'{n}', seed=n, command=f'{command.format(n)}{options}')
        for n, options in enumerate(('', '', ' --layer conv_4'))
    ]
    groups = group_runs(runs)
    assert [len(group.runs) for group in groups] == [2, 1]
    assert groups[1].name.endswith('(--layer, conv_4)')
    assert groups[0].command == f'`{command.format(0)}`'


def test_interval_of_a_single_run(sync_run):
    run = sync_run('a', intervals={'easy/auc': [0.85, 0.94]})
    (group,) = group_runs([run])
    assert group.summary('easy/auc').text(1, 3) == '0.900 (0.850–0.940)'


def test_baselines_have_the_deviation_of_their_seeds(result_run):
    random = dict(accuracy=0.3, accuracy_std=0.01, seeds={'0': {}, '1': {}})
    (group,) = group_runs([result_run('a', baselines=dict(random=random))])
    assert group.summary('random/accuracy').text() == '30.0 ± 1.0 (2 seeds)'
