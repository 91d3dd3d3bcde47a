"""Work directories are found, read, and told apart."""

import pytest

from avts_mm.evaluation.report import collect_runs

FUSION = {
    "head=dict(loss=dict(margin=0.99), type='AVContrastiveHead')": (
        "head=dict(type='FusionHead')"
    )
}
L3 = {**FUSION, "type='MC3'": "type='L3VGG'"}
HOOK = {"type='CurriculumHook'": "type='OtherHook'"}


def test_facts_and_measures_of_a_synchronisation(sync_run):
    run = sync_run('a', accuracy=0.8)
    assert run.facts == dict(
        task='synchronisation',
        data='kinetics400',
        dataset='kinetics',
        method='avts',
        mix='easy, then easy : hard = 3 : 1',
    )
    assert run.measures == {
        'easy/accuracy': 0.8,
        'easy/auc': 0.9,
        'hard/accuracy': 0.6,
        'hard/auc': 0.7,
        'within_video': 0.75,
    }
    assert run.command == 'avts.py, command not recorded'


@pytest.mark.parametrize(
    'edits, fact, value',
    [
        (FUSION, 'method', 'cross-entropy'),
        (L3, 'method', 'l3net'),
        ({'begin=5, mix=dict(easy=3,': 'begin=5, mix=dict('}, 'mix', None),
        ({'easy=3, hard=1': 'easy=1, hard=0'}, 'mix', 'easy'),
        (
            {**HOOK, 'num_workers=2': 'sampler=dict(mix=dict(hard=1))'},
            'mix',
            0,
        ),
        ({'data/kinetics400': '/data/GRID/'}, 'dataset', 'grid'),
    ],
)
def test_facts_follow_the_config(sync_run, edits, fact, value):
    run = sync_run('a', edits=edits)
    expected = {None: 'easy, then hard', 0: 'hard'}.get(value, value)
    assert run.facts[fact] == expected


@pytest.mark.parametrize(
    'keys, facts',
    [
        (dict(), dict(start='scratch', source='')),
        (
            dict(pretraining='avts', checkpoint='w/avts_kinetics/e.pth'),
            dict(start='avts', source='kinetics'),
        ),
        (
            dict(pretraining='avts', checkpoint='model_mc3_as.pt'),
            dict(start='avts', source='audioset'),
        ),
        (
            dict(pretraining='avts', checkpoint='w/avts_grid/e.pth'),
            dict(start='avts', source=''),
        ),
        (
            dict(pretraining='supervised on Kinetics', dataset='HMDB-51'),
            dict(start='supervised', dataset='hmdb51', data='HMDB-51'),
        ),
        (
            dict(pretraining='avts', config='audio/esc50_svm_l3net.py'),
            dict(start='l3net', method='l3net'),
        ),
        (dict(pretraining='xdc'), dict(start='xdc')),
    ],
)
def test_facts_of_other_evaluations(result_run, keys, facts):
    run = result_run('a', **keys)
    assert facts.items() <= run.facts.items()


def test_baselines_are_measures(result_run):
    baselines = dict(
        random=dict(accuracy=0.3, accuracy_std=0.01, seeds={'0': {}}),
        log_mel=dict(accuracy=0.4),
    )
    run = result_run('a', baselines=baselines)
    assert run.measures['random/accuracy'] == 0.3
    assert run.measures['log_mel/accuracy'] == 0.4
    assert run.parts == dict(split1=0.48, split2=0.5, split3=0.52)


def test_search_is_recursive_and_names_what_it_leaves_out(
    tmp_path, sync_dir, result_dir
):
    good = [sync_dir('x/a'), result_dir('y/b')]
    # Splits belong to the run above them, a run below another does not.
    split = result_dir('y/b_part')
    split.rename(good[1] / 'split1')
    (good[1] / 'split1' / 'result.json').unlink()
    (good[1] / 'split1' / '20260101_000000').mkdir()
    inner = sync_dir('x/a/inner')
    faults = {}
    for name, text in {
        'cut': '{"easy": {"acc',
        'list': '[]',
        'empty': '{}',
        'odd': '{"metrics": {"accuracy": 0.5}}',
        'nothing': '{"task": "knn", "metrics": {"accuracy": null}}',
    }.items():
        folder = tmp_path / 'x' / name
        folder.mkdir()
        (folder / 'result.json').write_text(text)
        faults[folder] = 'result'
    unfinished = tmp_path / 'x' / 'unfinished'
    (unfinished / '20260101_000000').mkdir(parents=True)
    faults[unfinished] = 'no training'
    config = sync_dir('x/config')
    (config / 'avts.py').write_text('model = dict(')
    faults[config] = r'avts.py'
    (tmp_path / 'unrelated').mkdir()

    runs, broken = collect_runs([tmp_path, tmp_path / 'x'])
    assert [run.folder for run in runs] == [good[0], inner, good[1]]
    assert {b.folder for b in broken} == set(faults)
    for fault in broken:
        assert faults[fault.folder] in fault.reason


def test_finished_logs_are_a_run(tmp_path, sync_dir):
    folder = sync_dir('a')
    (folder / 'result.json').unlink()
    logs = folder / '20260101_000000' / 'vis_data'
    logs.mkdir()
    (logs / 'scalars.json').write_text('{"sync/easy/auc": 0.9, "step": 10}')
    (run,), broken = collect_runs([folder])
    assert run.logged and not broken
    assert run.measures == {'easy/auc': 0.9}


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match='nowhere'):
        collect_runs([tmp_path / 'nowhere'])
