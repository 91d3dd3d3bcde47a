"""Command line of tools/train.py."""

from types import SimpleNamespace

import pytest
import torch
from mmengine.config import Config
from tool_modules import load_tool

tool = load_tool('train')


@pytest.fixture
def merged(monkeypatch):
    monkeypatch.setenv('LOCAL_RANK', '0')

    def merge(*arguments, **settings):
        validation = dict(
            val_cfg=dict(),
            val_dataloader=dict(batch_size=2),
            val_evaluator=dict(type='SyncMetric'),
        )
        wrapper = dict(optimizer=dict(type='SGD', lr=0.1))
        cfg = Config(dict(validation, optim_wrapper=wrapper) | settings)
        tool.merge_args(cfg, tool.parse_args(['configs/a_b.py', *arguments]))
        return cfg

    return merge


def test_defaults_leave_the_config_alone(merged):
    cfg = merged(randomness=dict(seed=5))
    assert cfg.work_dir == 'work_dirs/a_b'
    assert cfg.launcher == 'none'
    assert cfg.randomness == dict(seed=5)
    assert cfg.val_cfg == dict()
    assert 'resume' not in cfg
    assert 'type' not in cfg.optim_wrapper


def test_work_dir_and_cfg_options(merged):
    options = ('--cfg-options', 'optim_wrapper.optimizer.lr=0.5', 'a=[1,2]')
    cfg = merged('--work-dir', 'w', *options, work_dir='own')
    assert cfg.work_dir == 'w' and merged(work_dir='own').work_dir == 'own'
    assert cfg.optim_wrapper.optimizer.lr == 0.5
    assert cfg.a == [1, 2]


def test_randomness(merged):
    flags = ['--seed', '7', '--diff-rank-seed', '--deterministic']
    expected = dict(seed=7, diff_rank_seed=True, deterministic=True)
    assert merged(*flags).randomness == expected
    cfg = merged('--seed', '0', randomness=dict(seed=5))
    assert cfg.randomness == dict(seed=0)


def test_resume(merged, tmp_path):
    cfg = merged('--resume', load_from='pretrained.pth')
    assert cfg.resume
    assert cfg.load_from is None  # nothing to go on from
    folder = tmp_path / 'run'
    folder.mkdir()
    torch.save({}, folder / 'epoch_1.pth')
    cfg = merged('--resume', load_from='p.pth', work_dir=str(folder))
    assert cfg.load_from == str(folder / 'epoch_1.pth')
    path = tmp_path / 'epoch_1.pth'
    path.touch()
    cfg = merged('--resume', str(path))
    assert cfg.resume
    assert cfg.load_from == str(path)
    with pytest.raises(SystemExit, match=r'gone\.pth: no such checkpoint'):
        merged('--resume', 'gone.pth')


def test_no_validate(merged):
    cfg = merged('--no-validate')
    assert cfg.val_cfg is cfg.val_dataloader is cfg.val_evaluator is None


def test_auto_scale_lr(merged):
    cfg = merged('--auto-scale-lr', auto_scale_lr=dict(base_batch_size=64))
    assert cfg.auto_scale_lr == dict(base_batch_size=64, enable=True)
    with pytest.raises(SystemExit, match='base_batch_size'):
        merged('--auto-scale-lr')


def test_amp(merged, monkeypatch):
    monkeypatch.setattr('mmengine.device.get_device', lambda: 'cuda')
    supported = 'torch.cuda.is_bf16_supported'
    monkeypatch.setattr(supported, lambda including_emulation: True)
    assert merged('--amp').optim_wrapper.type == 'BFloat16OptimWrapper'
    monkeypatch.setattr(supported, lambda including_emulation: False)
    wrapper = merged('--amp').optim_wrapper
    assert wrapper.type == 'AmpOptimWrapper'
    assert wrapper.loss_scale == 'dynamic'
    with pytest.raises(SystemExit, match='ApexOptimWrapper'):
        merged('--amp', optim_wrapper=dict(type='ApexOptimWrapper'))
    own = dict(type='BFloat16OptimWrapper')
    assert merged('--amp', optim_wrapper=own).optim_wrapper == own
    monkeypatch.setattr('mmengine.device.get_device', lambda: 'cpu')
    half = dict(type='AmpOptimWrapper', loss_scale='dynamic')
    for wrapper in (dict(), half):
        cfg = merged('--amp', optim_wrapper=wrapper)
        assert cfg.optim_wrapper == dict(type='BFloat16OptimWrapper')


def test_missing_config_is_one_sentence():
    with pytest.raises(SystemExit, match=r'^gone\.py: no such config;'):
        tool.main(['gone.py'])


def test_local_rank(monkeypatch):
    monkeypatch.delenv('LOCAL_RANK', raising=False)
    monkeypatch.setattr(tool.os, 'environ', dict(tool.os.environ))
    tool.parse_args(['a.py', '--local-rank', '3'])
    assert tool.os.environ['LOCAL_RANK'] == '3'


@pytest.fixture
def labelled(tmp_path):
    """A list of two videos, and the config of a training on them."""
    (tmp_path / 'a').mkdir()
    for name in ('a/#1;[x].avi', 'b.avi'):
        (tmp_path / name).touch()
    path = tmp_path / 'list.txt'
    path.write_text('a/#1;[x].avi 0\nb.avi 1\n')
    data = dict(
        type='VideoDataset', data_root=str(tmp_path), ann_file='list.txt'
    )
    repeated = dict(type='RepeatDataset', times=2, dataset=data)
    model = dict(cls_head=dict(num_classes=2))
    cfg = Config(dict(model=model, train_dataloader=dict(dataset=repeated)))
    return SimpleNamespace(path=path, cfg=cfg)


def test_labelled_videos_are_there(labelled):
    tool.check_videos(labelled.cfg)
    labelled.path.write_text('#1;[x].avi 0\n')
    labelled.cfg.train_dataloader.dataset.dataset.data_prefix = dict(video='a')
    tool.check_videos(labelled.cfg)


@pytest.mark.parametrize(
    'text, message',
    [
        (None, r'list\.txt: no such list of videos'),
        ('b.avi 0\ngone.avi 1\n', r'1 of 2 videos .*the first is .*gone\.avi'),
        ('b.avi 0\nb.avi 2\n', r'line 2: .*num_classes=2'),
        ('b.avi\n', r"line 1: .*\"path label\".*not 'b\.avi'"),
        ('b.avi -1\n', r'line 1: .*a number from 0'),
        ('my b.avi 1\n', r'line 1: .*without spaces'),
    ],
)
def test_wrong_lists_of_videos(labelled, text, message):
    labelled.path.write_text(text or '')
    if text is None:
        labelled.path.unlink()
    with pytest.raises(SystemExit, match=message):
        tool.check_videos(labelled.cfg)


def test_videos_that_cannot_be_read(labelled):
    lists = tool.check_videos(labelled.cfg)
    with pytest.raises(
        SystemExit, match=r'list\.txt: 2 of 2 .*first: .*\.avi'
    ):
        tool.look_at_videos(lists)
    tool.look_at_videos({})


def test_blanks_after_the_delimiter(labelled):
    data = labelled.cfg.train_dataloader.dataset.dataset
    data.delimiter = ','
    labelled.path.write_text('b.avi, 1\nb.avi,0\n')
    assert len(tool.check_videos(labelled.cfg)[labelled.path]) == 2
