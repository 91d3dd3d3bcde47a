"""The configs for recognising the command words of GRID."""

from pathlib import Path

import pytest
import torch
from mmengine import Config
from mmengine.runner import Runner

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'


def small(name, corpus, tmp_path):
    """The config at the size of the embedded corpus."""
    cfg = Config.fromfile(CONFIGS / 'finetune' / name)
    if name == 'av_grid.py':
        cfg.model.video_backbone.base_channels = 2
        cfg.model.audio_backbone.channels = (2, 2, 4, 4, 4)
        cfg.model.cls_head.in_channels = (16, 4)
    else:
        cfg.model.backbone.base_channels = 2
        cfg.model.cls_head.in_channels = 16
    cfg.model.cls_head.num_classes = 9
    for loader in (cfg.train_dataloader, cfg.val_dataloader):
        loader.update(batch_size=2, num_workers=0, persistent_workers=False)
        loader.dataset.data_root = str(corpus.root)
    cfg.train_dataloader.dataset.ann_file = str(corpus.train)
    cfg.val_dataloader.dataset.ann_file = str(corpus.val)
    cfg.train_dataloader.dataset.label_share = 0.5
    cfg.test_dataloader = cfg.val_dataloader
    cfg.train_cfg.update(max_iters=2, val_interval=2)
    cfg.work_dir = str(tmp_path)
    cfg.env_cfg.dist_cfg.backend = 'gloo'
    cfg.log_level = 'WARNING'
    cfg.experiment_name = f'{tmp_path.name}_{name}'
    return cfg


def test_from_scratch(corpus, tmp_path):
    runner = Runner.from_cfg(small('grid_scratch.py', corpus, tmp_path))
    runner.train()
    assert runner.iter == 2
    assert (tmp_path / 'iter_2.pth').is_file()
    assert 0 <= runner.message_hub.get_scalar('val/acc/top1').current() <= 1
    assert len(runner.train_dataloader.dataset) < 12


def test_from_avts(corpus, tmp_path):
    from mmaction.registry import MODELS

    pretrained = Config.fromfile(CONFIGS / 'avts_grid.py')
    pretrained.model.video_backbone.base_channels = 2
    pretrained.model.video_neck.in_channels = 16
    torch.manual_seed(7)
    avts = MODELS.build(pretrained.model)
    torch.save(dict(state_dict=avts.state_dict()), tmp_path / 'avts.pth')
    cfg = small('grid_avts.py', corpus, tmp_path)
    cfg.model.backbone.init_cfg.checkpoint = str(tmp_path / 'avts.pth')
    cfg.optim_wrapper.optimizer.lr = 0.0
    cfg.optim_wrapper.optimizer.weight_decay = 0.0
    runner = Runner.from_cfg(cfg)
    runner.train()
    for name, value in avts.video_backbone.named_parameters():
        own = runner.model.backbone.get_parameter(name)
        torch.testing.assert_close(own, value)


def test_both_together(corpus, tmp_path):
    cfg = small('av_grid.py', corpus, tmp_path)
    cfg.model.init_cfg = None
    for loader in (cfg.train_dataloader, cfg.val_dataloader):
        babble = loader.dataset.pipeline[2]
        babble.update(data_root=str(corpus.root), ann_file=str(corpus.train))
    cfg.val_dataloader.dataset.pipeline[2].snr = -5
    runner = Runner.from_cfg(cfg)
    before = [p.detach().clone() for p in runner.model.parameters()]
    runner.train()
    after = list(runner.model.parameters())
    moved = [not torch.equal(a, b) for a, b in zip(before, after)]
    assert sum(moved) > 0.8 * len(moved)
    for way in ('both', 'picture', 'sound'):
        found = runner.message_hub.get_scalar(f'val/acc/{way}_top1').current()
        assert 0 <= found <= 1


@pytest.mark.parametrize(
    ('word', 'classes'), [(None, 25), ('digit', 10), ('command', 4)]
)
def test_the_word_is_one_word(monkeypatch, word, classes):
    if word:
        monkeypatch.setenv('GRID_WORD', word)
    cfg = Config.fromfile(CONFIGS / 'finetune' / 'av_grid.py')
    assert cfg.model.cls_head.num_classes == classes
    lists = {
        part: cfg[f'{part}_dataloader'].dataset.ann_file
        for part in ('train', 'val', 'test')
    }
    word = word or 'letter'
    own = f'{word}_val.csv'
    assert lists == dict(train=f'{word}_train.csv', val=own, test=own)


def test_the_towers_of_pretraining():
    for name, start in (
        ('av_grid', 'avts_grid'),
        ('av_ucf101', 'avts_kinetics'),
    ):
        own = Config.fromfile(CONFIGS / 'finetune' / f'{name}.py').model
        theirs = Config.fromfile(CONFIGS / f'{start}.py').model
        for part in ('data_preprocessor', 'video_backbone', 'audio_backbone'):
            assert own[part].to_dict() == theirs[part].to_dict()
        assert own.init_cfg.type == 'PretrainedTower'


def test_the_same_network_and_crop_as_in_pretraining():
    pretrained = Config.fromfile(CONFIGS / 'avts_grid.py')
    cfg = Config.fromfile(CONFIGS / 'finetune' / 'grid_avts.py')
    tower, own = pretrained.model.video_backbone, cfg.model.backbone
    for key in ('type', 'variant', 'base_channels'):
        assert own[key] == tower[key]
    steps = [
        {step.type: step for step in config.train_dataloader.dataset.pipeline}
        for config in (pretrained, cfg)
    ]
    for kind in ('RegionCrop', 'Resize', 'Flip'):
        assert steps[0][kind] == steps[1][kind]
    clips = steps[1]['LoadVideoClips']
    assert clips.num_frames == steps[0]['LoadAVFrames'].num_frames
    assert clips.clip_seconds == (
        pretrained.train_dataloader.dataset.clip_seconds
    )
