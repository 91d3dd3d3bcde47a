"""tools/finetune_splits.py, its trainings replaced by notes of them."""

import json
import runpy
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def tool(tmp_path, monkeypatch):
    """The tool, and ``calls``: the command lines that it starts."""
    names = runpy.run_path(str(ROOT / 'tools' / 'finetune_splits.py'))
    tool = SimpleNamespace(**names, calls=[], fail=None)
    accuracy = iter([0.5, 0.8, 0.65, 0.9])

    def run(command):
        name = next(Path(c).name for c in command if c.endswith('.py'))
        start = command.index(str(ROOT / 'tools' / name))
        arguments = command[start + 1 :]
        tool.calls.append((name, arguments, command[:start]))
        folder = Path(arguments[arguments.index('--work-dir') + 1])
        if tool.fail == (name, folder.name):
            return SimpleNamespace(returncode=3)
        if name == 'train.py':
            path = folder / 'epoch_60.pth'
            meta = dict(seed=0, epoch=60)
            torch.save(dict(meta=meta, state_dict={}), path)
            (folder / 'last_checkpoint').write_text(f'/moved/{path.name}')
        else:
            path = Path(arguments[arguments.index('--json') + 1])
            figures = {'acc/top1': next(accuracy), 'acc/top5': 1.0}
            if 'av_' in arguments[0]:
                keys = ('acc/both_top1', 'acc/both_top5')
                figures = dict(zip(keys, figures.values()))
                figures['acc/sound_top1'] = 0.1
            path.write_text(json.dumps(figures))
        return SimpleNamespace(returncode=0)

    place = names['main'].__globals__
    monkeypatch.setitem(place, 'subprocess', SimpleNamespace(run=run))
    monkeypatch.chdir(tmp_path)
    data = tmp_path / 'data' / 'ucf101'
    data.mkdir(parents=True)
    for n in (1, 2, 3):
        for part in ('train', 'test'):
            (data / f'{part}_split{n}.txt').touch()
    tool.scratch = str(ROOT / 'configs' / 'finetune' / 'ucf101_scratch.py')
    tool.avts = str(ROOT / 'configs' / 'finetune' / 'ucf101_avts.py')
    return tool


def result(folder='work_dirs/ucf101_scratch'):
    return json.loads(Path(folder, 'result.json').read_text())


def test_three_splits(tool, capsys):
    tool.main([tool.scratch])
    assert [c[0] for c in tool.calls] == ['train.py', 'test.py'] * 3
    for n, (train, test) in enumerate(zip(tool.calls[::2], tool.calls[1::2])):
        for _, arguments, _ in (train, test):
            options = arguments[arguments.index('--cfg-options') + 1 :]
            parts = dict(test='test', train='train', val='test')
            assert sorted(options) == [
                f'{loader}_dataloader.dataset.ann_file={p}_split{n + 1}.txt'
                for loader, p in parts.items()
            ]
        assert '--resume' not in train[1]
        assert train[1][train[1].index('--seed') + 1] == '0'
        assert test[1][1].endswith(f'split{n + 1}/epoch_60.pth')
    found = result()
    assert found['parts'] == dict(split1=0.5, split2=0.8, split3=0.65)
    assert found['metrics']['accuracy'] == pytest.approx(0.65)
    assert found['metrics']['accuracy_std'] == pytest.approx(0.15)
    assert found['metrics']['top5_std'] == 0
    assert (found['seed'], found['epochs']) == (0, 60)
    assert found['pretraining'] is found['checkpoint'] is None
    assert (found['dataset'], found['model']) == ('ucf101', 'MC3')
    assert found['command'].startswith('python tools/finetune_splits.py')
    assert '65.0 ± 15.0 %' in capsys.readouterr().out


def test_finished_splits_are_kept(tool):
    tool.main([tool.scratch, '--splits', '1'])
    assert result()['metrics']['accuracy_std'] is None
    assert len(tool.calls) == 2
    tool.fail = ('train.py', 'split2')
    with pytest.raises(SystemExit, match=r'train\.py ended with 3'):
        tool.main([tool.scratch])
    tool.fail = ('test.py', 'test')
    with pytest.raises(SystemExit, match='goes on from there'):
        tool.main([tool.scratch])
    tool.fail = None
    tool.main([tool.scratch])
    kinds = [(c[0], '--resume' in c[1]) for c in tool.calls]
    anew, test = ('train.py', False), ('test.py', False)
    failed = [anew, anew, test, ('train.py', True)]
    assert kinds == [anew, test, *failed, test, anew, test]
    tool.main([tool.scratch])
    assert len(tool.calls) == len(kinds)
    assert len(result()['parts']) == 3


def test_other_settings_do_not_mix(tool):
    tool.main([tool.scratch, '--splits', '1'])
    option = 'optim_wrapper.optimizer.lr=0.5'
    with pytest.raises(SystemExit, match=r'split1 was begun.*lr=0\.5'):
        tool.main([tool.scratch, '--cfg-options', option])
    with pytest.raises(SystemExit, match='other settings'):
        tool.main([tool.scratch, '--amp'])
    tool.main([tool.scratch, '--work-dir', 'other', '--cfg-options', option])
    assert option in tool.calls[-1][1]


def test_another_checkpoint(tool):
    path = Path('mine.pth')
    torch.save({'video_backbone.stem.0.weight': torch.zeros(1)}, path)
    tool.main([tool.scratch, '--checkpoint', str(path)])
    options = tool.calls[0][1]
    assert 'model.backbone.init_cfg.type=PretrainedTower' in options
    assert 'model.backbone.init_cfg.checkpoint=mine.pth' in options
    assert result()['checkpoint'] == 'mine.pth'
    assert result()['pretraining'] == 'mine'
    # The same name, but other weights.
    torch.save({'video_backbone.stem.0.weight': torch.zeros(9)}, path)
    with pytest.raises(SystemExit, match=r'mine\.pth'):
        tool.main([tool.scratch, '--checkpoint', str(path)])


def test_pretraining_of_the_config(tool):
    tool.main([tool.avts, '--splits', '2'])
    found = result('work_dirs/ucf101_avts')
    assert found['pretraining'] == 'avts'
    assert found['checkpoint'] == 'work_dirs/avts_kinetics/epoch_90.pth'


def test_both_towers_of_a_checkpoint(tool):
    torch.save({'video_backbone.stem.0.weight': torch.zeros(1)}, 'mine.pth')
    config = str(ROOT / 'configs' / 'finetune' / 'av_ucf101.py')
    tool.main([config, '--checkpoint', 'mine.pth', '--splits', '1', '2'])
    assert 'model.init_cfg.checkpoint=mine.pth' in tool.calls[0][1]
    found = result('work_dirs/av_ucf101')
    assert found['parts'] == dict(split1=0.5, split2=0.8)
    assert (found['checkpoint'], found['model']) == ('mine.pth', 'MC3')


def test_several_gpus_and_arguments_for_training(tool):
    tool.main([tool.scratch, '--gpus', '4', '--amp', '--seed', '7'])
    (_, train, start), (_, test, same) = tool.calls[:2]
    assert start == same
    assert start[:3] == [sys.executable, '-m', 'torch.distributed.run']
    assert '--nproc_per_node=4' in start
    assert '--amp' in train and '--amp' not in test
    assert train[train.index('--seed') + 1] == '7'
    for arguments in (train, test):
        # Last, where --cfg-options does not swallow it.
        assert arguments[-2:] == ['--launcher', 'pytorch']


def test_mistakes_are_one_sentence(tool):
    with pytest.raises(SystemExit, match=r'^gone\.py: no such config'):
        tool.main(['gone.py'])
    with pytest.raises(SystemExit, match=r'^gone\.pth: no such checkpoint'):
        tool.main([tool.scratch, '--checkpoint', 'gone.pth'])
    with pytest.raises(SystemExit, match=r'train_split4\.txt: no such list'):
        tool.main([tool.scratch, '--splits', '1', '4'])
    with pytest.raises(SystemExit, match='names no lists of splits'):
        tool.main([tool.scratch, '--cfg-options', 'split_lists=None'])
    assert not tool.calls
