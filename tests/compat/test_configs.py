"""Configs by name, as bases from anywhere, and in either style."""

from pathlib import Path

import pytest
from mmengine import Config
from mmengine.runner import Runner
from tool_modules import load_tool

from avts_mm.compat import configs, find_config, read_config

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
NAMES = sorted(
    str(path.relative_to(CONFIGS))
    for path in CONFIGS.rglob('*.py')
    if '_base_' not in path.parts
)


@pytest.mark.parametrize(
    'name, found',
    [
        ('avts_demo_steps', 'avts_demo_steps.py'),
        ('avts_demo_steps.py', 'avts_demo_steps.py'),
        ('avts_mm::avts_kinetics.py', 'avts_kinetics.py'),
        ('avts_mm::finetune/ucf101_avts', 'finetune/ucf101_avts.py'),
        ('ucf101_avts', 'finetune/ucf101_avts.py'),
        ('configs/finetune/ucf101_avts.py', 'finetune/ucf101_avts.py'),
    ],
)
def test_names(name, found, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert Path(find_config(name)) == CONFIGS / found
    own = tmp_path / name
    own.parent.mkdir(parents=True, exist_ok=True)
    own.write_text('')
    assert find_config(name) == name


@pytest.mark.parametrize(
    'name', ['', '.', '[', '*', '/', '/none', 'avts_mm::']
)
def test_no_such_config(name):
    with pytest.raises(FileNotFoundError, match='no such config'):
        find_config(name)


def test_folder_of_what_is_installed(tmp_path, monkeypatch):
    monkeypatch.setattr(configs, '_PACKAGE', tmp_path / 'avts_mm')
    assert configs.shipped('tools') == tmp_path / 'tools'
    inside = tmp_path / 'avts_mm' / '.mim' / 'tools'
    inside.mkdir(parents=True)
    assert configs.shipped('tools') == inside


@pytest.mark.parametrize('name', [*NAMES[::5], 'finetune/ucf101_avts.py'])
def test_base_in_either_style(name, tmp_path):
    wanted = Config.fromfile(CONFIGS / name).to_dict()
    text = tmp_path / 'text.py'
    text.write_text(f"_base_ = ['avts_mm::{name}']\n")
    module = name.removesuffix('.py').replace('/', '.')
    pure = tmp_path / 'pure.py'
    pure.write_text(
        'from mmengine.config import read_base\n\n'
        'with read_base():\n'
        f'    from avts_mm.configs.{module} import *\n'
    )
    if 'pure' not in name:  # a text has no imports
        assert Config.fromfile(text).to_dict() == wanted
    assert Config.fromfile(pure).to_dict() == wanted


def test_bases_of_unknown_packages_are_as_before(tmp_path):
    path = tmp_path / 'config.py'
    path.write_text("_base_ = 'mmnone::_base_/default_runtime.py'")
    with pytest.raises(AssertionError, match='does not support'):
        Config.fromfile(path)


def test_pure_python_is_read_as_names():
    pure = read_config('avts_demo_pure_python')
    assert pure.to_dict() == read_config('avts_demo').to_dict()
    assert 'AdamW' in pure.pretty_text


def test_a_name_that_means_another_class_is_not_put(tmp_path):
    path = tmp_path / 'config.py'
    path.write_text(
        'from argparse import Namespace\n'
        'from mmcv.transforms import Resize\n'
        'from mmaction.datasets import Resize as Ours\n\n'
        'pipeline = [dict(type=Resize), dict(type=Ours)]\n'
        'other = dict(part=(dict(type=Namespace),))\n'
    )
    cfg = read_config(path)
    theirs, ours = (step.type for step in cfg.pipeline)
    assert theirs.__module__.startswith('mmcv') and ours == 'Resize'
    assert cfg.other.part[0]['type'].__name__ == 'Namespace'


@pytest.mark.parametrize('name', ['avts_demo_pure_python', 'mine.py'])
def test_training_with_amp(name, tmp_path, corpus, monkeypatch):
    """The tool, on a config that imports what it names."""
    monkeypatch.chdir(tmp_path)
    Path('mine.py').write_text(
        'from mmengine.config import read_base\n'
        'from mmengine.optim import OptimWrapper\n'
        'from torch.optim import SGD\n\n'
        'with read_base():\n'
        '    from avts_mm.configs.avts_demo import *\n\n'
        'optim_wrapper = dict(\n'
        '    type=OptimWrapper, optimizer=dict(type=SGD, lr=0.1)\n'
        ')\n'
    )
    seen = []
    monkeypatch.setattr(
        Runner,
        'train',
        lambda runner: seen.append(
            runner.build_optim_wrapper(runner.cfg.optim_wrapper)
        ),
    )
    train = load_tool('train')
    train.main([name, '--amp', '--cfg-options', f'data_root={corpus.root}'])
    (wrapper,) = seen
    assert type(wrapper).__name__ == 'BFloat16OptimWrapper'
    assert Path('work_dirs', Path(name).stem).is_dir()
