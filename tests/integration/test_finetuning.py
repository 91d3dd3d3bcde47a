"""From pretraining to figures on three splits, as a user goes."""

import json
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from media_files import render
from mmengine import Config
from mmengine.runner import Runner

from avts_mm.weights import CheckpointError

ROOT = Path(__file__).resolve().parents[2]
CLASSES = ('clap', 'drink', 'sit_up')
SMALL = {
    'model.backbone.base_channels': 2,
    'model.cls_head.in_channels': 16,
    'train_dataloader.batch_size': 2,
    'train_dataloader.num_workers': 0,
    'train_dataloader.persistent_workers': False,
    'train_dataloader.dataset.pipeline.1.clip_len': 5,
    'train_dataloader.dataset.pipeline.3.scale': (-1, 36),
    'train_dataloader.dataset.pipeline.4.input_size': 32,
    'train_dataloader.dataset.pipeline.5.scale': (32, 32),
    'train_cfg.max_epochs': 1,
    'train_cfg.val_interval': 1,
    'param_scheduler': None,
}
for loader in ('val', 'test'):
    SMALL[f'{loader}_dataloader.num_workers'] = 0
    SMALL[f'{loader}_dataloader.persistent_workers'] = False
    SMALL[f'{loader}_dataloader.dataset.pipeline.1.clip_len'] = 5
    SMALL[f'{loader}_dataloader.dataset.pipeline.3.scale'] = (-1, 36)
    SMALL[f'{loader}_dataloader.dataset.pipeline.4.crop_size'] = 32
OPTIONS = [f'{key}={value}'.replace(' ', '') for key, value in SMALL.items()]


@pytest.fixture(scope='module')
def pretrained(corpus, tmp_path_factory):
    """A checkpoint of AVTS after an epoch."""
    folder = tmp_path_factory.mktemp('pretrained')
    cfg = Config.fromfile(ROOT / 'configs' / 'avts_demo.py')
    cfg.work_dir = str(folder)
    cfg.experiment_name = folder.name
    cfg.log_level = 'WARNING'
    cfg.model.video_backbone.base_channels = 2
    cfg.model.audio_backbone.channels = (2, 2, 4, 4, 4)
    cfg.model.video_neck.in_channels = 16
    cfg.model.audio_neck.in_channels = 4
    cfg.train_dataloader.dataset.data_root = str(corpus.root)
    cfg.train_dataloader.num_workers = 0
    cfg.train_dataloader.persistent_workers = False
    cfg.train_cfg.max_epochs = 1
    cfg.train_cfg.pop('val_interval')
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    cfg.default_hooks.progress = cfg.default_hooks.report = None
    Runner.from_cfg(cfg).train()
    return folder / 'epoch_1.pth'


@pytest.fixture(scope='module')
def actions(tmp_path_factory):
    """A small HMDB51: AVI files, and lists that our tool has made."""
    root = tmp_path_factory.mktemp('actions') / 'hmdb51'
    official = root / 'official'
    official.mkdir(parents=True)
    for action in CLASSES:
        (root / 'videos' / action).mkdir(parents=True)
        names = [f'#{n}_(x)_{action};[{n}]!.avi' for n in range(6)]
        for n, name in enumerate(names):
            render(
                root / 'videos' / action / name,
                video='mpeg4',
                audio=None,
                fps=30,
                seconds=0.5 + 0.5 * n,  # shorter than a clip, too
                events=(),
                b_frames=n % 2,
            )
        for split in (1, 2, 3):
            codes = [2 if n // 2 == split - 1 else 1 for n in range(6)]
            path = official / f'{action}_test_split{split}.txt'
            path.write_text(
                ''.join(f'{n} {c} \n' for n, c in zip(names, codes))
            )
    tool = runpy.run_path(str(ROOT / 'tools/data/hmdb51/build_lists.py'))
    arguments = ['--videos', str(root / 'videos'), '--out', str(root)]
    assert tool['main']([str(official), *arguments]) == 0
    return root


@pytest.fixture
def build(actions, tmp_path):
    """A function that makes a Runner of a config for finetuning."""

    def make(name, run='run', **changes):
        cfg = Config.fromfile(ROOT / 'configs' / 'finetune' / name)
        cfg.merge_from_dict(SMALL)
        for loader in ('train', 'val', 'test'):
            dataset = cfg[f'{loader}_dataloader'].dataset
            dataset.data_root = str(actions)
        cfg.work_dir = str(tmp_path / run)
        cfg.experiment_name = f'{tmp_path.name}_{run}'
        cfg.randomness = dict(seed=0)
        cfg.env_cfg.dist_cfg.backend = 'gloo'
        cfg.merge_from_dict(changes)
        return Runner.from_cfg(cfg)

    return make


def run_tool(*args, cwd=ROOT):
    done = subprocess.run(
        [sys.executable, *map(str, args)],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=800,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout + done.stderr


def tower_of(path):
    state = torch.load(path, weights_only=True)['state_dict']
    prefix = 'video_backbone.'
    return {
        key.removeprefix(prefix): value
        for key, value in state.items()
        if key.startswith(prefix)
    }


def same(tower, backbone):
    state = backbone.state_dict()
    assert tower.keys() == state.keys() and tower
    return all(torch.equal(value, state[key]) for key, value in tower.items())


STILL = {
    'optim_wrapper.optimizer.lr': 0.0,
    'optim_wrapper.optimizer.weight_decay': 0.0,
    'model.backbone.frozen_stages': 4,  # statistics, too
    'val_cfg': None,
    'val_dataloader': None,
    'val_evaluator': None,
}


def test_pretrained_weights_arrive(build, pretrained, tmp_path):
    place = {'model.backbone.init_cfg.checkpoint': str(pretrained)}
    runner = build('hmdb51_avts.py', **place, **STILL)
    tower = tower_of(pretrained)
    assert not same(tower, runner.model.backbone)
    runner.train()
    assert runner.iter == 6  # 12 videos, 2 at a time
    assert same(tower, runner.model.backbone)
    (log,) = (tmp_path / 'run').glob('*/*.log')
    number = len([k for k in tower if not k.endswith('num_batches_tracked')])
    assert re.search(
        rf'{number} of {number} tensors of MC3.* from \S+epoch_1.pth '
        r'\(video_backbone\.\)',
        log.read_text(),
    )


def test_scratch_is_random(build, pretrained):
    runner = build('hmdb51_scratch.py', **STILL)
    runner.train()
    assert not same(tower_of(pretrained), runner.model.backbone)


def test_all_layers_learn(build, pretrained):
    place = {'model.backbone.init_cfg.checkpoint': str(pretrained)}
    runner = build('hmdb51_avts.py', **place)
    runner.train()
    before = tower_of(pretrained)
    after = runner.model.backbone.state_dict()
    moved = [not torch.equal(before[key], after[key]) for key in before]
    assert all(moved)
    assert runner.message_hub.get_scalar('val/acc/top1').current() <= 1


def test_nothing_matched_is_an_error(build, pretrained, tmp_path):
    path = str(tmp_path / 'other.pth')
    torch.save(dict(state_dict={'encoder.weight': torch.zeros(3)}), path)
    place = {'model.backbone.init_cfg.checkpoint': path}
    with pytest.raises(CheckpointError, match=r'other\.pth'):
        build('hmdb51_avts.py', **place, **STILL).train()
    # A synchronisation checkpoint has no backbone of that name.
    runner = build('hmdb51_scratch.py', load_from=str(pretrained), **STILL)
    with pytest.raises(CheckpointError, match=r'epoch_1\.pth.*PretrainedTow'):
        runner.train()


@pytest.mark.parametrize('name', ['avts', 'supervised'])
def test_missing_checkpoint_is_named(name, build, tmp_path):
    path = str(tmp_path / 'gone.pth')
    place = {'model.backbone.init_cfg.checkpoint': path}
    runner = build(f'hmdb51_{name}.py', **place, **STILL)
    with pytest.raises(FileNotFoundError, match=r'gone\.pth'):
        runner.train()


def test_frozen_stages(build, pretrained):
    place = {'model.backbone.init_cfg.checkpoint': str(pretrained)}
    runner = build(
        'hmdb51_avts.py',
        **place,
        **{
            **STILL,
            **{
                'optim_wrapper.optimizer.lr': 0.1,
            },
        },
    )
    runner.train()
    assert same(tower_of(pretrained), runner.model.backbone)
    head = runner.model.cls_head.fc_cls
    assert head.weight.requires_grad and head.bias.abs().max() > 0


@pytest.fixture
def example(tmp_path, actions, pretrained):
    """The config of docs/finetuning.md, with all that it names in place."""
    text = (ROOT / 'docs' / 'finetuning.md').read_text()
    blocks = re.findall(r'```python\n(.*?)```', text, re.DOTALL)
    (text,) = (b for b in blocks if "_base_ = 'ucf101_avts" in b)
    assert len([line for line in text.splitlines() if line.strip()]) <= 16
    shutil.copytree(ROOT / 'configs', tmp_path / 'configs')
    (tmp_path / 'configs' / 'finetune' / 'mine.py').write_text(text)
    mine = tmp_path / 'data' / 'mine'
    shutil.copytree(actions, mine)
    shutil.copy(mine / 'train_split1.txt', mine / 'train.txt')
    shutil.copy(mine / 'test_split1.txt', mine / 'test.txt')
    (checkpoint,) = re.findall(r"checkpoint='(.*?)'", text)
    checkpoint = tmp_path / checkpoint
    checkpoint.parent.mkdir(parents=True)
    shutil.copy(pretrained, checkpoint)
    return tmp_path


@pytest.mark.timeout(1800)
def test_ten_lines_of_ones_own(example):
    config = 'configs/finetune/mine.py'
    common = ['--cfg-options', *OPTIONS]
    out = run_tool(ROOT / 'tools/train.py', config, *common, cwd=example)
    assert '(video_backbone.)' in out
    checkpoint = 'work_dirs/mine/epoch_1.pth'
    run_tool(
        *(ROOT / 'tools/test.py', config, checkpoint),
        *('--json', 'test.json', '--dump', 'test.pkl', *common),
        cwd=example,
    )
    figures = json.loads((example / 'test.json').read_text())
    assert 0 <= figures['acc/top1'] <= 1
    assert figures['acc/top5'] == 1  # of three classes


def test_test_averages_ten_clips(build, pretrained):
    """The test's probabilities are the mean of those of each clip."""
    place = {'model.backbone.init_cfg.checkpoint': str(pretrained)}
    runner = build('hmdb51_avts.py', **place)
    model = runner.model.eval()
    batch = next(iter(runner.build_dataloader(runner._test_dataloader)))
    (clips,) = batch['inputs']
    assert clips.shape == (10, 3, 5, 32, 32)
    with torch.no_grad():
        (sample,) = model.test_step(batch)
        single = []
        for clip in clips:
            data = dict(inputs=[clip[None]], data_samples=[sample.clone()])
            single.append(model.test_step(data)[0].pred_score)
    mean = torch.stack(single).mean(0)
    torch.testing.assert_close(sample.pred_score, mean)
    assert float(sample.pred_score.sum()) == pytest.approx(1)


def test_three_splits(actions, pretrained, tmp_path, monkeypatch, capsys):
    tool = runpy.run_path(str(ROOT / 'tools' / 'finetune_splits.py'))
    started = []

    def run(command):
        """Here, since another process takes seconds to import all."""
        _, path, *arguments = command
        started.append(Path(path).name)
        runpy.run_path(path)['main'](arguments)
        return SimpleNamespace(returncode=0)

    place = tool['main'].__globals__
    monkeypatch.setitem(place, 'subprocess', SimpleNamespace(run=run))
    roots = [
        f'{loader}_dataloader.dataset.data_root={actions}'
        for loader in ('train', 'val', 'test')
    ]
    command = [
        str(ROOT / 'configs' / 'finetune' / 'hmdb51_avts.py'),
        *('--checkpoint', str(pretrained), '--work-dir', str(tmp_path)),
        *('--no-validate', '--cfg-options', *OPTIONS, *roots),
        'model.cls_head.num_classes=3',
    ]
    tool['main'](command)
    assert started == ['train.py', 'test.py'] * 3
    result = json.loads((tmp_path / 'result.json').read_text())
    parts = [result['parts'][f'split{n}'] for n in (1, 2, 3)]
    for n, accuracy in enumerate(parts, 1):
        folder = tmp_path / f'split{n}'
        tested = json.loads((folder / 'test.json').read_text())
        assert accuracy == tested['acc/top1']
        cfg = Config.fromfile(folder / 'hmdb51_avts.py')
        train = cfg.train_dataloader.dataset.ann_file
        assert train == f'train_split{n}.txt'
        cfg = Config.fromfile(folder / 'test' / 'hmdb51_avts.py')
        test = cfg.test_dataloader.dataset
        assert test.ann_file == f'test_split{n}.txt'
        assert test.pipeline[1].num_clips == 10
    mean = sum(parts) / 3
    std = (sum((p - mean) ** 2 for p in parts) / 2) ** 0.5
    assert result['metrics']['accuracy'] == pytest.approx(mean)
    assert result['metrics']['accuracy_std'] == pytest.approx(std)
    assert (result['task'], result['dataset'], result['pretraining']) == (
        'action_recognition',
        'hmdb51',
        'avts',
    )
    assert (result['seed'], result['epochs']) == (0, 1)
    assert f'{100 * mean:.1f} ± {100 * std:.1f} %' in capsys.readouterr().out

    tool['main'](command)  # nothing is done again
    assert len(started) == 6
