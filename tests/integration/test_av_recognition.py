"""Films, some of them silent, through a config, training and the tools."""

import json
import pickle
import runpy
from pathlib import Path

import pytest
import torch
from media_files import render

ROOT = Path(__file__).resolve().parents[2]
CLASSES = 3


@pytest.fixture(scope='module')
def films(tmp_path_factory):
    """Half of the classes of UCF101 have no sound."""
    root = tmp_path_factory.mktemp('films')
    lines = []
    for number in range(6):
        name, label = f'{number}.avi', number % CLASSES
        audio = None if label == 1 else 'pcm_s16le'
        render(root / name, 'mpeg4', audio, seconds=1.5, events=(number + 2,))
        lines.append(f'{name} {label}\n')
    for split in ('train', 'test'):
        (root / f'{split}_split1.txt').write_text(''.join(lines))
    return root


@pytest.fixture
def options(films):
    changed = {
        'model.init_cfg': None,
        'model.video_backbone.base_channels': 2,
        'model.audio_backbone.channels': '(2,2,4,4,4)',
        'model.cls_head.in_channels': '(16,4)',
        'model.cls_head.num_classes': CLASSES,
        'train_cfg.max_epochs': 1,
        'param_scheduler': None,
        'train_dataloader.batch_size': 3,
        'train_dataloader.dataset.pipeline.3.input_size': 32,
        'train_dataloader.dataset.pipeline.4.scale': '(32,32)',
        'test_dataloader.dataset.pipeline.3.crop_size': 32,
        'test_dataloader.dataset.pipeline.0.num_clips': 2,
        'test_dataloader.batch_size': 4,
    }
    for loader in ('train', 'val', 'test'):
        place = f'{loader}_dataloader'
        changed[f'{place}.num_workers'] = 0
        changed[f'{place}.persistent_workers'] = False
        changed[f'{place}.dataset.data_root'] = films
        changed[f'{place}.dataset.pipeline.0.num_frames'] = 4
        changed[f'{place}.dataset.pipeline.2.scale'] = '(-1,36)'
    return [f'{key}={value}' for key, value in changed.items()]


@pytest.fixture
def run(tmp_path, options, monkeypatch):
    """Runs a tool in this process."""
    monkeypatch.setenv('LOCAL_RANK', '0')

    def run(name, *arguments):
        main = runpy.run_path(str(ROOT / 'tools' / name))['main']
        return main(list(map(str, arguments)))

    config = ROOT / 'configs' / 'finetune' / 'av_ucf101.py'
    common = ['--work-dir', tmp_path / 'run', '--cfg-options', *options]
    run('train.py', config, '--no-validate', *common)

    def test(*more, name):
        files = tmp_path / f'{name}.json', tmp_path / f'{name}.pkl'
        outputs = ('--json', files[0], '--dump', files[1])
        checkpoint = tmp_path / 'run' / 'epoch_1.pth'
        run('test.py', config, checkpoint, *outputs, *common, *more)
        return json.loads(files[0].read_text()), files[1]

    return run, test


def test_three_answers_at_once_and_late_fusion(run, tmp_path, capsys):
    run, test = run
    metrics, path = test(name='each')
    ways = ('both', 'picture', 'sound')
    assert {f'acc/{way}_top1' for way in ways} <= set(metrics)
    with open(path, 'rb') as file:
        each = pickle.load(file)
    for sample in each:
        score = sample['pred_score']
        silent = int(sample['gt_label']) == 1
        assert sample.get('with_sound', True) != silent
        assert torch.equal(score['both'], score['picture']) == silent
        assert torch.equal(score['sound'], score['picture']) == silent

    apart = {}
    for way in ('picture', 'sound'):
        own, apart[way] = test(f'model.test_cfg.modality={way}', name=way)
        assert own['acc/top1'] == metrics[f'acc/{way}_top1']
    late = tmp_path / 'new' / 'late.json'
    tool = 'analysis_tools/late_fusion.py'
    assert run(tool, *apart.values(), '--json', late) == 0
    mean = [
        (x['pred_score']['picture'] + x['pred_score']['sound']) / 2
        for x in each
    ]
    right = [
        int(score.argmax()) == int(x['gt_label'])
        for score, x in zip(mean, each)
    ]
    figures = json.loads(late.read_text())
    assert figures['acc/late_top1'] == pytest.approx(sum(right) / len(right))
    weighted = (*apart.values(), '--weights', 0, 1)
    assert run(tool, *weighted, '--json', late) == 0
    figures = json.loads(late.read_text())
    assert figures['acc/late_top1'] == metrics['acc/sound_top1']

    assert run(tool, path, apart['sound']) == 1
    assert 'each.pkl: holds the scores of both' in capsys.readouterr().err
    assert run(tool, *apart.values(), '--weights', 1) == 1
    with open(apart['sound'], 'rb') as file:
        content = pickle.load(file)[::-1]
    apart['sound'].write_bytes(pickle.dumps(content))
    assert run(tool, *apart.values()) == 1
    assert 'another list' in capsys.readouterr().err
