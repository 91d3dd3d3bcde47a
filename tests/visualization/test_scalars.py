"""What a run has logged, with all its resumptions."""

import pytest

from avts_mm.visualization import read_history


def test_resumed_run_is_whole(tmp_path, write_run):
    write_run(tmp_path / '20260101_000000', range(4), loss=1.0)
    # Epoch 4 was not finished, nor saved: it is done again.
    write_run(tmp_path / '20260101_010000', range(3, 6), loss=2.0)
    history = read_history(tmp_path)
    assert history.losses == [
        (0.5 * i, 1.0 if i <= 6 else 2.0) for i in range(1, 13)
    ]
    assert history.epoch_means() == [
        (float(epoch), 1.0 if epoch < 4 else 2.0) for epoch in range(1, 7)
    ]
    assert [x for x, _ in history.results['hard/auc']] == [1, 2, 3, 4, 5, 6]


def test_new_run_in_an_old_folder(tmp_path, write_run):
    write_run(tmp_path / '20260101_000000', range(8), loss=1.0)
    write_run(tmp_path / '20260101_010000', range(2), loss=2.0)
    history = read_history(tmp_path)
    assert {loss for _, loss in history.losses} == {2.0}
    assert len(history.results['within_video']) == 2


@pytest.mark.parametrize('prefix', ['', 'sync/', 'val/sync/'])
def test_prefixes(tmp_path, write_run, prefix):
    write_run(tmp_path / 'run', range(1), prefix=prefix, time=1.0)
    assert read_history(tmp_path).results == {
        'easy/accuracy': [(1.0, 0.7)],
        'easy/auc': [(1.0, 0.8)],
        'hard/auc': [(1.0, 0.5)],
        'within_video': [(1.0, 0.6)],
    }


def test_log_of_a_killed_run(tmp_path, write_run):
    write_run(tmp_path / 'run', range(2))
    file = tmp_path / 'run' / 'vis_data' / 'scalars.json'
    file.write_text(file.read_text() + '\n3\n{"loss": 0.')
    assert len(read_history(tmp_path).losses) == 4
