"""tools/analysis_tools/report.py on work directories."""

import json
import shlex
from pathlib import Path

import pytest
from matplotlib.image import imread
from tool_modules import load_tool

ROOT = Path(__file__).resolve().parents[2]
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
GRID = {'data/kinetics400': 'data/grid'}
MARGIN = {'margin=0.99': 'margin=2.0'}
HEAD = "head=dict(loss=dict(margin=0.99), type='AVContrastiveHead')"
FUSION = {HEAD: "head=dict(type='FusionHead')"}
AVTS = dict(pretraining='avts', checkpoint='w/avts_audioset/e.pth')


tool = load_tool('analysis_tools/report')


@pytest.fixture
def sync_dir(tmp_path):
    """Make the work directory of a synchronisation run.

    ``edits`` replaces parts of its config.
    """

    def make(name, accuracy=0.8, seed=0, edits=None, **keys):
        config = CONFIG.replace('seed=0', f'seed={seed}')
        for old, new in (edits or {}).items():
            assert old in config
            config = config.replace(old, new)
        folder = tmp_path / name
        (folder / '20260101_000000').mkdir(parents=True)
        result = dict(keys, within_video=0.75, seed=seed, epochs=10)
        result['easy'] = dict(accuracy=accuracy, auc=0.9)
        result['hard'] = dict(accuracy=0.6, auc=0.7)
        (folder / 'result.json').write_text(json.dumps(result))
        (folder / 'avts.py').write_text(config)
        return folder

    return make


FINETUNED = dict(
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


@pytest.fixture
def result_dir(tmp_path):
    """Make the work directory of another evaluation."""

    def make(name, **keys):
        folder = tmp_path / name
        folder.mkdir(parents=True)
        result = json.dumps(FINETUNED | keys)
        (folder / 'result.json').write_text(result)
        return folder

    return make


@pytest.fixture
def groups(tmp_path):
    """The groups of all runs, by name."""

    def read():
        runs, broken = tool.collect_runs([tmp_path])
        assert not broken
        return {g['name']: g for g in tool.group_runs(runs)}

    return read


@pytest.fixture
def rows(tmp_path):
    """The texts of a table, of rows that are not 'not run'."""

    def read(title):
        tables = tool.build_tables(tool.collect_runs([tmp_path])[0])
        cells = [t.cells for t in tables if t.title == title]
        if not cells:
            return []
        found = cells[0].to_dict('records')
        return [
            row for row in found if row.get('ours') not in ('not run', '–')
        ]

    return read


# Work directories.


HOOKS = """custom_hooks = [
    dict(stages="""
NAMED = 'default_hooks = dict(curriculum=dict(stages='
LATER = """'),
    dict(type='SyncReportHook'),
]"""
L3NET = {**FUSION, "type='MC3'": "type='L3VGG'"}
NO_HOOK = {"type='CurriculumHook'": "type='OtherHook'"}
SAMPLER = {'num_workers=2': 'sampler=dict(mix=dict(hard=1))'}


@pytest.mark.parametrize(
    'edits, fact, value',
    [
        ({}, 'dataset', 'kinetics'),
        ({'data/kinetics400': '/data/GRID/'}, 'dataset', 'grid'),
        (FUSION, 'method', 'cross-entropy'),
        (L3NET, 'method', 'l3net'),
        ({'easy=3, hard=1': 'easy=1, hard=0'}, 'mix', 'easy'),
        ({**NO_HOOK, **SAMPLER}, 'mix', 'hard'),
        (
            {HOOKS: NAMED, LATER: "'))"},
            'mix',
            'easy, then easy : hard = 3 : 1',
        ),
    ],
)
def test_facts_of_a_training(groups, sync_dir, edits, fact, value):
    sync_dir('a', edits=edits)
    (group,) = groups().values()
    assert group[fact] == value
    assert group['command'] == 'avts.py, command not recorded'


@pytest.mark.parametrize(
    'pretraining, checkpoint, start, source',
    [
        (None, None, 'scratch', ''),
        ('avts', 'w/avts_kinetics/e.pth', 'avts', 'kinetics'),
        ('avts', 'model_mc3_as.pt', 'avts', 'audioset'),
        ('avts', 'w/avts_grid/e.pth', 'avts', ''),
        ('avts', 'w/l3net_kinetics/e.pth', 'l3net', 'kinetics'),
        ('supervised on Kinetics', None, 'supervised', ''),
        ('xdc', None, 'xdc', ''),
    ],
)
def test_where_weights_come_from(
    groups, result_dir, pretraining, checkpoint, start, source
):
    weights = dict(pretraining=pretraining, checkpoint=checkpoint)
    result_dir('a', dataset='HMDB-51', **weights)
    (group,) = groups().values()
    assert (group['start'], group['source']) == (start, source)
    assert (group['dataset'], group['data']) == ('hmdb51', 'HMDB-51')
    assert group['method'] == ('l3net' if start == 'l3net' else 'avts')


def test_search_names_what_it_leaves_out(tmp_path, sync_dir, result_dir):
    good = [sync_dir('x/a'), sync_dir('x/a/inner'), result_dir('y/b')]
    # Splits belong to the run above them, a run below another does not.
    (good[2] / 'split1' / '20260101_000000').mkdir(parents=True)
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
    faults[unfinished] = 'no result.json'
    config = sync_dir('x/config')
    (config / 'avts.py').write_text('model = dict(')
    faults[config] = 'avts.py'
    (tmp_path / 'unrelated').mkdir()
    runs, broken = tool.collect_runs([tmp_path, tmp_path / 'x'])
    assert len(runs) == len(good)
    assert set(broken) == set(faults)
    for folder, reason in broken.items():
        assert faults[folder] in reason


# Groups.


def test_seeds_of_one_config_are_one_group(groups, sync_dir):
    where = {'data/kinetics400': '/mnt/kinetics400', "'work_dirs/a'": "'b'"}
    hooks = {"dict(type='SyncReportHook')": "dict(type='ProgressBarHook')"}
    sync_dir('a1', 0.9, 1, edits={**where, **hooks, 'num_workers=2': 'x=2'})
    sync_dir('a0', 0.7, 0, edits={'num_workers=2': 'x=2'})
    (group,) = groups().values()
    assert group['name'] == 'avts' and group['seed'] == 0
    figure = group['figures'].loc['easy/accuracy']
    assert figure.value == pytest.approx(0.8)
    assert figure.spread == pytest.approx(0.1414, abs=1e-4)
    assert figure.of == '2 seeds'
    assert group['extent'] == '10 epochs, seeds 0, 1'
    assert 'super_hard/auc' not in group['figures'].index


def test_settings_that_differ_are_mentioned(groups, sync_dir):
    sync_dir('a')
    sync_dir('b', seed=1)
    sync_dir('c', edits=MARGIN)
    assert sorted(groups()) == [
        'avts (loss.margin=0.99)',
        'avts (loss.margin=2.0)',
    ]
    edits = {"type='MC3'": "type='MC3', base_channels=8"}
    edits['load_from = None'] = "load_from = 'seed0.pth'"
    sync_dir('d', edits={**MARGIN, **edits})
    found = groups()
    assert sorted(found) == [
        'avts',
        'avts (load_from=given, loss.margin=2.0, 1 more)',
        'avts (loss.margin=2.0)',
    ]
    assert found['avts']['extent'] == '10 epochs, seeds 0, 1'
    sync_dir('e', edits=GRID)
    assert 'avts (dataset=grid)' in groups()


def test_commands_that_differ_in_seed_and_files_are_alike(groups, result_dir):
    command = 'python tools/eval.py c.py {0}.pth --seed {0} --work-dir=w{0}'
    for n, options in enumerate(('', '', ' --layer conv_4')):
        result_dir(f'{n}', seed=n, command=command.format(n) + options)
    name = 'action recognition, MC3, no pretraining (--layer={})'
    found = groups()
    assert sorted(found) == [name.format('conv_4'), name.format('none')]
    alike = found[name.format('none')]
    assert alike['extent'] == '60 epochs, seeds 0, 1'
    assert alike['command'] == f'`{command.format(0)}`'


# Tables.


def test_without_runs_every_row_says_so():
    tables = tool.build_tables([])
    assert len(tables) == 4
    paper = tool.pd.concat([t.cells for t in tables[:3]])
    runnable = paper[~paper[''].str.contains('people')]
    assert len(runnable) == 21 and (runnable.ours == 'not run').all()
    figures = [p['paper'][0] for t in tables[:3] for p in t.points]
    assert all(40 < figure < 100 for figure in figures)
    for command in runnable.command:
        words = shlex.split(command.strip('`'))
        files = [w for w in words if w.startswith(('tools/', 'configs/'))]
        assert len(files) == 2
        for file in files:
            assert (ROOT / file).is_file(), file
    # Gains over scratch, as the abstract has them.
    by_name = dict(zip(paper[''], figures))
    for dataset, gain in (('UCF101', 19.9), ('HMDB51', 17.7)):
        scratch = by_name[f'{dataset}: from scratch']
        audioset = by_name[f'{dataset}: AVTS on AudioSet']
        assert audioset - scratch == pytest.approx(gain)


def test_trainings_stand_in_their_row(rows, sync_dir):
    sync_dir('a', 0.7, command='python tools/train.py x.py | tee log')
    sync_dir('b', 0.8, seed=1)
    sync_dir('c', 0.9, edits=MARGIN)  # another way to the same row
    found = rows('Synchronisation on Kinetics')
    assert [row['ours'] for row in found] == ['75.0 ± 7.1 (2 seeds)', '90.0']
    assert found[0] == {
        '': 'curriculum: easy, then easy : hard = 3 : 1',
        'paper': '78.4 (reported, unconfirmed)',
        'ours': '75.0 ± 7.1 (2 seeds)',
        'data, epochs, seeds': 'avts (loss.margin=0.99), 10 epochs, '
        'seeds 0, 1',
        'command': '`python tools/train.py x.py | tee log`',
    }


def test_trainings_on_other_data_are_other_runs(rows, sync_dir):
    sync_dir('a', edits=GRID, intervals={'easy/auc': [0.85, 0.94]})
    assert not rows('Synchronisation on Kinetics')
    (row,) = rows('Other runs: synchronisation')
    assert (row[''], row['data']) == ('avts', 'grid')
    assert row['negatives'] == 'easy, then easy : hard = 3 : 1'
    assert row['easy/auc'] == '90.0 (85.0–94.0)'
    assert row['within_video'] == '75.0'
    assert row['epochs, seeds'] == '10 epochs, seed 0'
    assert row['command'] == 'avts.py, command not recorded'


def test_finetuning_by_where_the_weights_come_from(rows, result_dir):
    result_dir('scratch')
    result_dir('avts', **{**AVTS, 'metrics': dict(accuracy=0.6)})
    result_dir('grid', pretraining='avts', checkpoint='w/avts_grid/e.pth')
    found = rows('Finetuning MC3 for action recognition')
    assert {row['']: row['ours'] for row in found} == {
        'UCF101: from scratch': '50.0 ± 2.0 (3 splits)',
        'UCF101: AVTS on AudioSet': '60.0 ± 2.0 (3 splits)',
    }
    (row,) = rows('Other runs: action recognition')
    assert row['accuracy'] == '50.0 ± 2.0 (3 splits)'


def test_sound_with_its_baselines_and_retrieval(rows, result_dir):
    random = dict(accuracy=0.3, accuracy_std=0.01, seeds={'0': {}, '1': {}})
    result_dir(
        'a',
        task='audio_classification',
        dataset='esc10',
        pretraining='avts',
        metrics=dict(accuracy=0.5),
        parts=dict(fold1=0.4, fold2=0.6),
        baselines=dict(log_mel=dict(accuracy=0.4), random=random),
    )
    ranks = {'video_to_audio/clip/R@1': 0.04, 'a/median_rank': 17.0}
    result_dir('b', task='retrieval', metrics=ranks, parts={})
    (row,) = rows('Other runs: audio classification')
    assert row['accuracy'] == '50.0 ± 14.1 (2 folds)'
    assert row['log_mel/accuracy'] == '40.0'
    assert row['random/accuracy'] == '30.0 ± 1.0 (2 seeds)'
    (row,) = rows('Other runs: retrieval')
    assert row['video_to_audio/clip/R@1'] == '4.0'
    assert row['a/median_rank'] == '17.0'


def test_markdown_and_picture(tmp_path, sync_dir, result_dir, capsys):
    sync_dir('a', edits=GRID, command='python x.py | tee log')
    result_dir('b')
    (result_dir('c') / 'result.json').write_text('{')
    out, picture = tmp_path / 'new' / 'r.md', tmp_path / 'new' / 'r.png'
    tool.main([str(tmp_path), '--out', str(out), '--picture', str(picture)])
    said = capsys.readouterr().out
    assert '2 finished runs, 1 left out' in said
    assert str(tmp_path / 'c') in said
    text = out.read_text()
    assert f'- `{tmp_path / "c"}`: result.json cannot be read' in text
    assert 'python x.py \\| tee log' in text
    # Every line of a table has as many cells as its heading.
    for block in text.split('\n\n'):
        lines = [li for li in block.splitlines() if li.startswith('|')]
        assert len({li.replace('\\|', '').count('|') for li in lines}) <= 1
    assert min(imread(picture).shape[:2]) > 1000
    tool.main([str(tmp_path / 'b')])
    assert capsys.readouterr().out.startswith('# Report\n')
    with pytest.raises(SystemExit, match='nowhere: no such folder'):
        tool.main([str(tmp_path / 'nowhere')])
