"""The mix of negatives follows the epoch, also after resume."""

import json
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest

from avts_mm.engine import CurriculumHook, mix_at

STAGES = [
    dict(begin=0, mix=dict(easy=1)),
    dict(begin=2, mix=dict(easy=3, hard=1)),
    dict(begin=3, mix=dict(hard=1)),
]
CURRICULUM = [dict(type='CurriculumHook', stages=STAGES)]
# Counts of (positive, easy, hard) in each batch of 8, by epoch.
EXPECTED = [(4, 4, 0), (4, 4, 0), (4, 3, 1), (4, 0, 4)]


def test_mix_at():
    mixes = [mix_at(STAGES, epoch) for epoch in range(5)]
    assert mixes == [
        dict(easy=1),
        dict(easy=1),
        dict(easy=3, hard=1),
        dict(hard=1),
        dict(hard=1),
    ]
    mixes[0]['easy'] = 5
    assert STAGES[0]['mix'] == dict(easy=1)


@pytest.mark.parametrize(
    'stages, message',
    [
        ([], 'should be a list'),
        (dict(begin=0, mix=dict(easy=1)), 'should be a list'),
        ([dict(begin=1, mix=dict(easy=1))], 'should begin at 0'),
        ([dict(begin=0)], r'should be dict\(begin'),
        ([dict(begin=0, mix=dict(easy=1), end=3)], r'should be dict\(begin'),
        ([dict(begin=0.0, mix=dict(easy=1))], 'epoch number'),
        ([STAGES[0], STAGES[2], STAGES[1]], 'in order'),
        ([STAGES[0], STAGES[0]], 'in order'),
    ],
)
def test_wrong_stages(stages, message):
    with pytest.raises(ValueError, match=message):
        CurriculumHook(stages)


@pytest.mark.parametrize('workers', [0, 2])
def test_batches_follow_the_epoch(toy_runner, workers):
    runner = toy_runner(max_epochs=4, workers=workers, custom_hooks=CURRICULUM)
    runner.train()
    check_batches(runner.model.batches, range(4))


def check_batches(batches, epochs):
    assert len(batches) == 4 * len(epochs)
    assert {epoch for epoch, _ in batches} == set(epochs)
    for epoch, kinds in batches:
        counts = Counter(kinds)
        assert tuple(counts[k] for k in range(3)) == EXPECTED[epoch]


def test_resume_after_a_switch(toy_runner):
    toy_runner(max_epochs=3, custom_hooks=CURRICULUM).train()
    resumed = toy_runner(max_epochs=4, custom_hooks=CURRICULUM, resume=True)
    resumed.train()
    check_batches(resumed.model.batches, [3])


def test_shares_are_logged(toy_runner):
    runner = toy_runner(max_epochs=4, custom_hooks=CURRICULUM)
    lines = []
    runner.logger.info = lines.append
    runner.train()
    scalars = Path(runner.log_dir, 'vis_data', 'scalars.json')
    logs = [json.loads(line) for line in scalars.read_text().splitlines()]
    shares = {
        log['epoch']: (log['negatives_easy'], log['negatives_hard'])
        for log in logs
    }
    assert shares == {1: (1, 0), 2: (1, 0), 3: (0.75, 0.25), 4: (0, 1)}
    assert [line for line in lines if line.startswith('Curriculum')] == [
        'Curriculum: negatives from epoch 1 on are easy alone',
        'Curriculum: negatives from epoch 3 on are easy : hard = 3 : 1',
        'Curriculum: negatives from epoch 4 on are hard alone',
    ]


def test_a_head_that_weighs_the_kinds_is_told(toy_runner):
    runner = toy_runner(max_epochs=3, custom_hooks=CURRICULUM)
    told = []
    runner.model.head = SimpleNamespace(set_mix=told.append)
    runner.train()
    assert told == [stage['mix'] for stage in (STAGES[0], *STAGES[:2])]


def test_a_wrong_mix_is_found_before_training(toy_runner):
    stages = [*STAGES, dict(begin=50, mix=dict(harder=1))]
    runner = toy_runner(
        custom_hooks=[dict(type='CurriculumHook', stages=stages)]
    )
    with pytest.raises(ValueError, match="unknown kind of pair 'harder'"):
        runner.train()
    assert not runner.model.batches


def test_wrong_sampler(toy_runner):
    runner = toy_runner(
        sampler=dict(type='DefaultSampler', shuffle=True),
        custom_hooks=CURRICULUM,
    )
    with pytest.raises(TypeError, match=r'set_mix.*got DefaultSampler'):
        runner.train()


def test_needs_epochs(toy_runner):
    runner = toy_runner(
        custom_hooks=CURRICULUM,
        train_cfg=dict(by_epoch=False, max_iters=4),
    )
    with pytest.raises(TypeError, match='ResumableEpochLoop'):
        runner.train()
