"""The configs for finetuning on UCF101 and HMDB51."""

import re
from pathlib import Path

import pytest
import torch
from mmaction.registry import MODELS
from mmengine import Config
from mmengine.registry import init_default_scope

CONFIGS = Path(__file__).resolve().parents[2] / 'configs' / 'finetune'
CLASSES = {'ucf101': 101, 'hmdb51': 51}
STARTS = ('scratch', 'avts', 'supervised')
NAMES = [f'{d}_{s}.py' for d in CLASSES for s in STARTS]


def load(name):
    return Config.fromfile(CONFIGS / name)


@pytest.mark.parametrize('name', NAMES)
def test_model_is_built(name):
    cfg = load(name)
    init_default_scope('mmaction')
    model = MODELS.build(cfg.model)
    classes = CLASSES[name.split('_')[0]]
    assert model.cls_head.fc_cls.weight.shape == (classes, 512)
    millions = sum(p.numel() for p in model.backbone.parameters()) / 1e6
    assert millions == pytest.approx(11.5, abs=0.06)
    assert model.cls_head.average_clips == 'prob'


@pytest.mark.parametrize('name', NAMES)
def test_data(name):
    cfg = load(name)
    dataset = name.split('_')[0]
    assert cfg.dataset_name == dataset
    lists = dict(train='train_split1', val='test_split1', test='test_split1')
    for part, ann_file in lists.items():
        data = cfg[f'{part}_dataloader'].dataset
        assert data.data_root == f'data/{dataset}'
        assert data.ann_file == f'{ann_file}.txt'
        assert data.type == 'VideoDataset'
        clips = data.pipeline[1]
        assert (clips.type, clips.clip_len) == ('SampleFrames', 25)
        assert clips.get('test_mode', False) == (part != 'train')
        assert clips.get('num_clips', 1) == (10 if part == 'test' else 1)


@pytest.mark.parametrize('name', NAMES)
def test_no_checkpoint_is_chosen_on_the_test_part(name):
    assert load(name).default_hooks.checkpoint.save_best is None


@pytest.mark.parametrize('dataset', CLASSES)
def test_starts_differ_in_the_weights_alone(dataset):
    scratch, avts, supervised = (load(f'{dataset}_{s}.py') for s in STARTS)
    assert 'init_cfg' not in scratch.model.backbone
    for cfg, start in ((avts, 'avts'), (supervised, 'supervised')):
        assert cfg.pretraining == start
        init = cfg.model.backbone.pop('init_cfg')
        assert init.type == 'PretrainedTower'
        assert init.checkpoint.endswith('.pth')
    # torchvision's weights want the pixels that they were trained with.
    ours = scratch.model.data_preprocessor
    theirs = supervised.model.data_preprocessor
    assert theirs.mean[0] == pytest.approx(255 * 0.43216, abs=1e-3)
    assert theirs.std[2] == pytest.approx(255 * 0.216989, abs=1e-3)
    supervised.model.data_preprocessor = ours
    for cfg in (avts, supervised):
        cfg.pretraining = None
        assert cfg.to_dict() == scratch.to_dict()


def test_pixels_are_those_of_pretraining():
    """One clip through both data preprocessors."""
    avts = Config.fromfile(CONFIGS.parent / 'avts_kinetics.py')
    init_default_scope('mmaction')
    ours = MODELS.build(load('ucf101_avts.py').model.data_preprocessor)
    theirs = MODELS.build(avts.model.data_preprocessor)
    clip = torch.randint(0, 256, (3, 4, 8, 8), dtype=torch.uint8)
    one = ours(dict(inputs=[clip[None]], data_samples=None))['inputs']
    two = theirs(dict(inputs=dict(video=[clip])))['inputs']['video']
    assert one.shape == (1, 1, 3, 4, 8, 8)
    torch.testing.assert_close(one[0], two)


def test_both_towers():
    cfg = load('av_ucf101.py')
    init_default_scope('mmaction')
    model = MODELS.build(cfg.model)
    assert model.cls_head.fc['both'].weight.shape == (101, 512)
    for part, clips in dict(train=1, val=1, test=10).items():
        data = cfg[f'{part}_dataloader']
        assert data.collate_fn.type == 'stack_inputs'
        assert data.dataset.type == 'VideoDataset'
        load_clips, sound = data.dataset.pipeline[:2]
        assert load_clips.get('num_clips', 1) == clips
        assert load_clips.get('test_mode', False) == (part != 'train')
        assert load_clips.sound and sound.optional


def test_ones_own_of_both_towers(tmp_path):
    """The example of docs/finetuning_av.md."""
    text = (CONFIGS.parents[1] / 'docs' / 'finetuning_av.md').read_text()
    blocks = re.findall(r'```python\n(.*?)```', text, re.DOTALL)
    (text,) = (b for b in blocks if "_base_ = 'av_" in b)
    base = str(CONFIGS / 'av_ucf101.py')
    (tmp_path / 'mine.py').write_text(text.replace('av_ucf101.py', base))
    cfg = Config.fromfile(tmp_path / 'mine.py')
    for part in ('train', 'val', 'test'):
        data = cfg[f'{part}_dataloader'].dataset
        ann_file = 'train.txt' if part == 'train' else 'test.txt'
        assert (data.data_root, data.ann_file) == ('data/mine', ann_file)
    assert cfg.model.cls_head.num_classes == 3
    assert cfg.model.init_cfg.type == 'PretrainedTower'
