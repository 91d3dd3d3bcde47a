"""Command line of tools/test.py."""

import json
import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.config import Config

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope='module')
def tool():
    path = ROOT / 'tools' / 'test.py'
    return SimpleNamespace(**runpy.run_path(str(path)))


@pytest.fixture
def merged(tool, monkeypatch):
    monkeypatch.setenv('LOCAL_RANK', '0')

    def merge(*arguments, **settings):
        cfg = Config(settings)
        arguments = ['configs/a_b.py', 'c.pth', *arguments]
        tool.merge_args(cfg, tool.parse_args(arguments))
        return cfg

    return merge


def test_checkpoint_and_work_dir(merged):
    cfg = merged(resume=True, load_from='other.pth')
    assert cfg.load_from == 'c.pth'
    assert not cfg.resume
    assert cfg.work_dir == 'work_dirs/a_b'
    assert merged('--work-dir', 'w', work_dir='own').work_dir == 'w'


def test_weights_must_fit_whatever_the_config_says(merged):
    hook = dict(type='mmaction.SafeCheckpointHook')
    loose = dict(type='SafeCheckpointHook', strict=False)
    for hooks in (None, dict(checkpoint=loose), dict(timer=dict(type='T'))):
        assert merged(default_hooks=hooks).default_hooks.checkpoint == hook


@pytest.mark.parametrize('as_list', [False, True])
def test_dump_is_one_more_evaluator(merged, as_list):
    metric = dict(type='SyncMetric')
    cfg = merged(
        '--dump', 'out.pkl', test_evaluator=[metric] if as_list else metric
    )
    assert cfg.test_evaluator == [
        metric,
        dict(type='DumpResults', out_file_path='out.pkl'),
    ]


def test_dump_wants_a_pickle(merged):
    with pytest.raises(SystemExit):
        merged('--dump', 'out.json', test_evaluator=dict())


def test_json(tool, tmp_path):
    path = tmp_path / 'new' / 'metrics.json'
    metrics = {
        'sync/auc': np.float32(0.5),
        'sync/accuracy': torch.tensor(0.25),
        'sync/count': 3,
        'sync/per_kind': np.array([1, 2]),
    }
    tool.write_json(metrics, str(path))
    assert json.loads(path.read_text()) == {
        'sync/auc': 0.5,
        'sync/accuracy': 0.25,
        'sync/count': 3,
        'sync/per_kind': [1, 2],
    }


def test_missing_files_are_one_sentence(tool, tmp_path):
    with pytest.raises(SystemExit, match=r'^gone\.py: no such config;'):
        tool.main(['gone.py', 'c.pth'])
    config = tmp_path / 'a.py'
    config.touch()
    with pytest.raises(SystemExit, match=r'^c\.pth: no such checkpoint;.*\.$'):
        tool.main([str(config), 'c.pth'])
