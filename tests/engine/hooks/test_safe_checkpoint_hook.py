"""Checkpoints: order of writing and deleting, failures, state of ranks."""

import errno
import os
from pathlib import Path

import pytest
import torch
from mmengine.hooks import Hook

from avts_mm.engine.hooks import safe_checkpoint_hook
from avts_mm.engine.hooks.safe_checkpoint_hook import SafeCheckpointHook
from avts_mm.weights import CheckpointError


class Listing(Hook):
    """Notes the checkpoints that there are whenever a file gets its name."""

    def __init__(self, monkeypatch, folder):
        self.seen, self.fail = [], []
        replace = os.replace

        def note(old, new):
            name = Path(new).name
            if any(part in name for part in self.fail):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            self.seen.append(
                (name, sorted(p.name for p in folder.glob('*.pth')))
            )
            replace(old, new)

        monkeypatch.setattr('os.replace', note)

    def names(self):
        return [name for name, _ in self.seen if name != 'last_checkpoint']


@pytest.fixture
def work(tmp_path):
    return tmp_path / 'work'


@pytest.fixture
def listing(monkeypatch, work):
    return Listing(monkeypatch, work)


@pytest.fixture
def train(toy_runner):
    """Trains three epochs of four iterations with settings of the hook."""

    def make(*hooks, resume=False, **settings):
        checkpoint = dict(type='SafeCheckpointHook', interval=1, **settings)
        runner = toy_runner(
            default_hooks=dict(checkpoint=checkpoint),
            train_cfg=dict(type='ResumableEpochLoop', max_epochs=3),
            custom_hooks=list(hooks),
            resume=resume,
        )
        runner.errors = []
        runner.logger.error = runner.errors.append
        runner.train()
        return runner

    return make


def checkpoints(folder):
    return sorted(path.name for path in folder.glob('*.pth*'))


def test_the_old_goes_when_the_new_is_there(train, listing, work):
    train(max_keep_ckpts=1)
    assert listing.seen == [
        ('epoch_1.pth', []),
        ('last_checkpoint', ['epoch_1.pth']),
        ('epoch_2.pth', ['epoch_1.pth']),
        ('last_checkpoint', ['epoch_1.pth', 'epoch_2.pth']),
        ('epoch_3.pth', ['epoch_2.pth']),
        ('last_checkpoint', ['epoch_2.pth', 'epoch_3.pth']),
    ]
    assert checkpoints(work) == ['epoch_3.pth']
    last = (work / 'last_checkpoint').read_text()
    assert last == str(work / 'epoch_3.pth')


def test_within_an_epoch(train, listing, work):
    train(mid_epoch_interval=3, max_keep_ckpts=2)
    assert listing.names() == [
        'resume.pth',  # of 3 iterations
        'epoch_1.pth',
        'resume.pth',  # of 6
        'epoch_2.pth',
        'resume.pth',  # of 9
        'resume.pth',  # of 12
        'epoch_3.pth',
    ]
    assert checkpoints(work) == ['epoch_2.pth', 'epoch_3.pth']


def test_a_failed_save_is_tried_again(train, listing, work):
    listing.fail = ['epoch_2']
    runner = train(max_keep_ckpts=1)
    (told,) = runner.errors
    assert 'epoch_2.pth could not be written: No space left' in told
    assert checkpoints(work) == ['epoch_3.pth']
    kept = torch.load(work / 'epoch_3.pth', weights_only=True)
    info = kept['message_hub']['runtime_info']
    assert info['keep_ckpt_ids'] == [3]


def test_the_last_save_must_not_fail(train, listing, work):
    listing.fail = ['epoch_2', 'epoch_3']
    with pytest.raises(OSError, match='No space left'):
        train(max_keep_ckpts=1)
    assert checkpoints(work) == ['epoch_1.pth']
    last = (work / 'last_checkpoint').read_text()
    assert last == str(work / 'epoch_1.pth')


def test_leftovers_are_removed(train, work):
    work.mkdir()
    (work / 'epoch_9.pth.partial').write_bytes(b'half')
    train()
    assert checkpoints(work) == ['epoch_1.pth', 'epoch_2.pth', 'epoch_3.pth']


class Scores(Hook):
    """Gives CheckpointHook the results of validations."""

    priority = 'LOWEST'

    def __init__(self, *scores):
        self.scores = scores

    def after_train_epoch(self, runner):
        hook = next(
            h for h in runner.hooks if isinstance(h, SafeCheckpointHook)
        )
        score = self.scores[runner.epoch]
        runner.train_loop._epoch += 1
        hook.after_val_epoch(runner, {'easy/auc': score, 'hard/auc': 1.0})
        runner.train_loop._epoch -= 1


def test_best(train, listing, work):
    train(
        Scores(0.5, 0.4, 0.7),
        save_best='easy/auc',
        rule='greater',
        max_keep_ckpts=1,
    )
    best = [seen for seen in listing.seen if seen[0].startswith('best')]
    assert best == [
        ('best_easy_auc_epoch_1.pth', ['epoch_1.pth']),
        (
            'best_easy_auc_epoch_3.pth',
            ['best_easy_auc_epoch_1.pth', 'epoch_3.pth'],
        ),
    ]
    assert checkpoints(work) == ['best_easy_auc_epoch_3.pth', 'epoch_3.pth']
    kept = torch.load(work / 'epoch_3.pth', weights_only=True)
    assert kept['message_hub']['runtime_info']['best_score'] == 0.7


def test_several_best(train, work):
    train(
        Scores(0.5, 0.4, 0.7),
        save_best=['easy/auc', 'hard/auc'],
        rule='greater',
        max_keep_ckpts=1,
    )
    assert checkpoints(work) == [
        'best_easy_auc_epoch_3.pth',
        'best_hard_auc_epoch_1.pth',
        'epoch_3.pth',
    ]


def test_the_best_that_cannot_be_saved(train, listing, work):
    listing.fail = ['best_easy_auc_epoch_2']
    runner = train(
        Scores(0.5, 0.8, 0.7),
        save_best='easy/auc',
        rule='greater',
        max_keep_ckpts=1,
    )
    assert 'The best checkpoint could not be written' in runner.errors[0]
    # The score that has no checkpoint does not count.
    assert checkpoints(work) == ['best_easy_auc_epoch_3.pth', 'epoch_3.pth']


def test_each_rank_has_its_own_state(toy_runner, monkeypatch):
    for name in ('find_state_dict', 'fit_model'):
        monkeypatch.setattr(
            safe_checkpoint_hook, name, lambda *args: dict(mean=0, weight=5)
        )
    hook = SafeCheckpointHook()
    runner = toy_runner(max_epochs=1, resume=True)
    ranks = [
        dict(buffers=dict(mean=rank), info={'epoch_loss': rank})
        for rank in range(2)
    ]

    def loaded(world_size, rank=1):
        monkeypatch.setattr(
            safe_checkpoint_hook, 'get_dist_info', lambda: (rank, world_size)
        )
        checkpoint = dict(
            state_dict=dict(mean=0, weight=5),
            message_hub=dict(runtime_info={'epoch_loss': 0, 'x': 5}),
            ranks=ranks,
        )
        hook.after_load_checkpoint(runner, checkpoint)
        return checkpoint

    own = loaded(2)
    assert own['state_dict'] == dict(mean=1, weight=5)
    info = own['message_hub']['runtime_info']
    assert info == {'epoch_loss': 1, 'x': 5}
    # Of another number of ranks there is only what they have in common.
    assert loaded(4)['state_dict']['mean'] == 0
    runner._resume = False
    assert loaded(2)['state_dict']['mean'] == 0


@pytest.mark.parametrize('resume', [True, False])
def test_a_checkpoint_of_another_model(toy_runner, tmp_path, resume):
    path = tmp_path / 'avts.pth'
    tower = {'video_backbone.stem.0.weight': torch.zeros(3)}
    torch.save(dict(state_dict=tower, meta=dict(epoch=1)), path)
    runner = toy_runner(
        default_hooks=dict(checkpoint=dict(type='SafeCheckpointHook')),
        load_from=str(path),
        resume=resume,
    )
    with pytest.raises(CheckpointError, match=r'avts\.pth.*PretrainedTower'):
        runner.train()


@pytest.mark.parametrize('prefix', ['', 'module._orig_mod.', 'model.'])
def test_load_from(toy_runner, tmp_path, prefix):
    path = tmp_path / 'x.pth'
    torch.save({f'{prefix}weight': torch.full((1,), 5.0)}, path)

    def train(model=None, **settings):
        hook = dict(type='SafeCheckpointHook', **settings)
        hooks = dict(checkpoint=hook)
        runner = toy_runner(default_hooks=hooks, load_from=str(path))
        if model is not None:
            runner.model.more = model
        runner.train()
        return runner.model

    assert train().weight.item() == 5
    with pytest.raises(CheckpointError, match=r'x\.pth: 2 of 3.*strict=False'):
        train(torch.nn.Linear(1, 1))
    assert train(torch.nn.Linear(1, 1), strict=False).weight.item() == 5
