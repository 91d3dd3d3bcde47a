"""What could not be read is counted exactly, also over a resume."""

import csv
from collections import Counter
from pathlib import Path

import pytest

from avts_mm.engine import UnreadableFilesHook
from avts_mm.media import MediaError

BAD = {'v3.mp4': 'empty', 'v5.mp4': 'undecodable', 'v6.wav': 'missing'}


@pytest.fixture
def bad_dataset(toy_dataset):
    """The toy data set, in which three files cannot be read."""
    pack = toy_dataset.pipeline.transforms[0]

    def read(results):
        for path in (results['video_path'], results['audio_path']):
            if path in BAD:
                raise MediaError(f'{path}: broken', path, BAD[path])
        return pack(results)

    toy_dataset.pipeline.transforms[0] = read
    return toy_dataset


def hooks(**kwargs):
    """Arguments of the Runner."""
    return [dict(type='UnreadableFilesHook', **kwargs)]


def the_hook(runner):
    return next(h for h in runner.hooks if isinstance(h, UnreadableFilesHook))


def lines(runner, rank=0):
    path = Path(runner.work_dir, f'unreadable_rank{rank}.csv')
    with open(path, newline='', encoding='utf-8') as file:
        return list(csv.DictReader(file))


def planned(runner, epochs):
    """What the plans of some epochs come to, counted without a Runner."""
    counts = Counter()
    loader = runner.train_dataloader
    for epoch in epochs:
        loader.sampler.set_epoch(epoch)
        for pair in loader.sampler:
            sample = loader.dataset[pair]['data_samples']
            counts.update((path, why) for path, why, _ in sample.skipped)
    return counts


@pytest.mark.parametrize('workers', [0, 2])
def test_counts_are_exact(toy_runner, bad_dataset, workers):
    runner = toy_runner(workers=workers, custom_hooks=hooks(max_share=1))
    runner.train()
    expected = planned(runner, range(3))
    assert sum(expected.values()) > 6
    assert {reason for _, reason in expected} == set(BAD.values())
    found = lines(runner)
    assert Counter((x['path'], x['reason']) for x in found) == expected
    assert the_hook(runner).counts == expected
    # The message is there once.
    messages = Counter(x['message'] for x in found if x['message'])
    assert messages == {f'{path}: broken': 1 for path, _ in expected}
    iterations = [int(x['iteration']) for x in found]
    assert iterations == sorted(iterations) and iterations[-1] < 12


def test_a_resumed_training_counts_nothing_twice(toy_runner, bad_dataset):
    runner = toy_runner(max_epochs=2, custom_hooks=hooks(max_share=1))
    runner.train()
    work_dir = Path(runner.work_dir)
    # It was killed while it wrote a line of the third epoch, and had more
    # ranks than the one that goes on.
    with open(work_dir / 'unreadable_rank0.csv', 'a') as file:
        file.write('9,v3.mp4,empty,\n10,v5.mp4,undeco')
    (work_dir / 'unreadable_rank1.csv').write_text(
        'iteration,path,reason,message\n'
        '2,"a, b.mp4",silent,silent as the grave\n'
        '8,"a, b.mp4",silent,\n'
    )
    runner = toy_runner(custom_hooks=hooks(max_share=1), resume=True)
    runner.train()
    expected = planned(runner, range(3))
    expected['a, b.mp4', 'silent'] = 1
    assert the_hook(runner).counts == expected
    found = lines(runner)
    assert Counter((x['path'], x['reason']) for x in found) == expected
    assert not (work_dir / 'unreadable_rank1.csv').exists()
    # A new training in the same folder begins with nothing.
    runner = toy_runner(max_epochs=1, custom_hooks=hooks(max_share=1))
    runner.train()
    assert the_hook(runner).counts == planned(runner, range(1))


def test_the_log_tells_the_counts(toy_runner, bad_dataset):
    runner = toy_runner(
        custom_hooks=hooks(max_share=1), max_epochs=2, log_level='INFO'
    )
    runner.train()
    (log,) = Path(runner.work_dir).glob('*/*.log')
    told = [x for x in log.read_text().splitlines() if 'Unreadable files' in x]
    reasons = Counter()
    for (_, reason), times in planned(runner, range(2)).items():
        reasons[reason] += times
    for reason, times in reasons.items():
        assert f'{times} {reason}' in told[-1]
    assert f'training: 3, met {reasons.total()} times' in told[-1]
    # Each epoch that had something to tell, and the end.
    assert len(told) == 1 + sum(bool(planned(runner, [e])) for e in range(2))


def test_nothing_to_tell(toy_runner):
    runner = toy_runner(custom_hooks=hooks(), log_level='INFO', max_epochs=1)
    runner.train()
    (log,) = Path(runner.work_dir).glob('*/*.log')
    told = [x for x in log.read_text().splitlines() if 'Unreadable files' in x]
    assert len(told) == 1 and told[0].endswith(
        'Unreadable files in the whole training: none'
    )
    assert not list(Path(runner.work_dir).glob('unreadable*'))


def test_too_large_a_share_stops(toy_runner, bad_dataset):
    limits = dict(max_share=0.05, min_samples=40, interval=1)
    runner = toy_runner(custom_hooks=hooks(**limits))
    with pytest.raises(RuntimeError, match='of the last 40 samples') as error:
        runner.train()
    assert runner.iter == 4  # 5 batches of 8: an epoch has 32 samples
    assert 'max_share' in str(error.value)
    assert 'unreadable_rank*.csv' in str(error.value)
    for limits in (
        dict(max_share=0.5, min_samples=40, interval=1),
        dict(max_share=0.05, min_samples=97, interval=1),
    ):
        toy_runner(custom_hooks=hooks(**limits)).train()


def test_a_share_is_that_of_the_epoch(toy_dataset, toy_runner):
    """Ten good epochs do not make up for a disk that fails now."""
    pack = toy_dataset.pipeline.transforms[0]
    state = dict(runner=None)

    def read(results):
        path = results['video_path']
        if state['runner'].epoch == 3 and path < 'v2':
            raise MediaError(f'{path}: broken', path, 'missing')
        return pack(results)

    toy_dataset.pipeline.transforms[0] = read
    limits = dict(max_share=0.3, min_samples=32)
    runner = state['runner'] = toy_runner(
        custom_hooks=hooks(**limits), max_epochs=9
    )
    with pytest.raises(RuntimeError, match='of the last 32 samples'):
        runner.train()
    assert runner.epoch == 3


def test_a_full_disk_stops_nothing(toy_runner, bad_dataset, monkeypatch):
    def full(*args):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(
        'avts_mm.engine.hooks.unreadable_files_hook._format', full
    )
    runner = toy_runner(custom_hooks=hooks(max_share=1))
    runner.train()
    assert the_hook(runner).counts == planned(runner, range(3))
