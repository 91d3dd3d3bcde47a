"""The paper's tables, filled."""

from avts_mm.evaluation.report import build_report, to_markdown
from avts_mm.evaluation.report.runs import Broken

GRID = {'data/kinetics400': 'data/grid'}


def rows_of(report, title):
    (table,) = [t for t in report.tables if t.title.startswith(title)]
    for row in table.rows:
        assert len(row.cells) == len(table.columns)
    return table.rows


def test_without_runs_every_row_says_so(tmp_path):
    report = build_report([])
    for title in ('Synchronisation', 'Finetuning', 'Sound'):
        for row in rows_of(report, title):
            if 'people' not in row.cells[0]:
                assert row.cells[2] == 'not run'
                assert row.cells[4].startswith('`python tools/')
            assert [point.kind for point in row.points] == ['paper']
    assert rows_of(report, 'Later')[-1].cells[2:] == ('not run',) * 3
    assert len(report.tables) == 4


def test_a_run_stands_in_its_row(sync_run):
    runs = [
        sync_run('a', 0.7, seed=0, command='python tools/train.py x.py'),
        sync_run('b', 0.8, seed=1),
    ]
    report = build_report(runs)
    rows = rows_of(report, 'Synchronisation')
    (row,) = [row for row in rows if row.cells[2] != 'not run']
    assert row.cells == (
        'curriculum: easy, then easy : hard = 3 : 1',
        '78.4 (reported, unconfirmed)',
        '75.0 ± 7.1 (2 seeds)',
        'avts, 10 epochs, seeds 0, 1',
        '`python tools/train.py x.py`',
    )
    paper, ours = row.points
    assert (paper.value, round(ours.value, 3)) == (78.4, 75.0)
    assert len(report.tables) == 4  # no others


def test_two_ways_to_the_same_row_are_two_rows(sync_run):
    edits = {'margin=0.99': 'margin=2.0'}
    runs = [sync_run('a', 0.7), sync_run('b', 0.8, edits=edits)]
    rows = rows_of(build_report(runs), 'Synchronisation')
    found = [row.cells[2] for row in rows if row.cells[2] != 'not run']
    assert found == ['70.0', '80.0']
    assert len(rows) == 7


def test_runs_on_other_data_are_other_runs(sync_run):
    report = build_report([sync_run('a', edits=GRID)])
    assert all(
        row.cells[2] == 'not run' for row in rows_of(report, 'Synchronisation')
    )
    (row,) = rows_of(report, 'Other runs: synchronisation')
    assert row.cells == (
        'avts',
        'grid',
        'easy, then easy : hard = 3 : 1',
        '0.800',
        '0.900',
        '0.600',
        '0.700',
        '0.750',
        '10 epochs, seed 0',
        'avts.py, command not recorded',
    )
    assert [p.kind for p in row.points] == ['easy', 'hard', 'within_video']


def test_finetuning_by_where_the_weights_come_from(result_run):
    avts = dict(pretraining='avts', checkpoint='w/avts_audioset/e.pth')
    grid = dict(pretraining='avts', checkpoint='w/avts_grid/e.pth')
    report = build_report(
        [
            result_run('scratch'),
            result_run('avts', metrics=dict(accuracy=0.6), **avts),
            result_run('grid', **grid),
        ]
    )
    rows = rows_of(report, 'Finetuning')
    found = {r.cells[0]: r.cells[2] for r in rows if r.cells[2] != 'not run'}
    assert found == {
        'UCF101: from scratch': '50.0 ± 2.0 (3 splits)',
        'UCF101: AVTS on AudioSet': '60.0 ± 2.0 (3 splits)',
    }
    (row,) = rows_of(report, 'Other runs')
    assert row.cells[2] == 'accuracy 50.0 ± 2.0 (3 splits)'
    later = rows_of(report, 'Later')[-1]
    assert later.cells == (
        'AVTS, ours',
        'AudioSet',
        '60.0 ± 2.0 (3 splits)',
        'not run',
        'not run',
    )


def test_a_validation_while_finetuning_is_not_the_test(result_run):
    run = result_run('a')
    run.logged = True
    report = build_report([run])
    assert all(
        row.cells[2] == 'not run' for row in rows_of(report, 'Finetuning')
    )
    assert len(rows_of(report, 'Other runs')) == 1


def test_sound_with_its_baselines_and_retrieval(result_run):
    esc10 = dict(
        task='audio_classification',
        dataset='esc10',
        pretraining='avts',
        baselines=dict(log_mel=dict(accuracy=0.4)),
    )
    ranks = {'video_to_audio/clip/R@1': 0.04, 'a/median_rank': 17.0}
    report = build_report(
        [
            result_run('a', **esc10),
            result_run('b', task='retrieval', metrics=ranks, parts={}),
        ]
    )
    found = [row.cells[2] for row in rows_of(report, 'Other runs')]
    assert sorted(found) == [
        'accuracy 50.0 ± 2.0 (3 splits); log mel/accuracy 40.0',
        'video to audio/clip/R@1 4.0; a/median rank 17.0',
    ]


def test_markdown(sync_run, tmp_path):
    run = sync_run('a', command='python x.py | tee log')
    broken = [Broken(tmp_path / 'b', 'not finished')]
    text = to_markdown(build_report([run], broken))
    assert '1 finished runs; 1 folders left out.' in text
    assert f'- `{tmp_path / "b"}`: not finished' in text
    # Every line of a table has as many cells as its heading.
    for block in text.split('\n\n'):
        lines = [li for li in block.splitlines() if li.startswith('|')]
        assert len({li.replace('\\|', '').count('|') for li in lines}) <= 1
    assert 'python x.py \\| tee log' in text
