"""Whole trainings from a config, as a user starts them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmengine import Config
from mmengine.runner import Runner

from avts_mm.weights import load_state_dict

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def tiny(corpus, tmp_path):
    """A function that makes configs of two epochs, easy and then mixed."""

    def make(name, **changes):
        cfg = Config.fromfile(ROOT / 'configs' / 'avts_demo.py')
        cfg.work_dir = str(tmp_path / name)
        cfg.experiment_name = f'{tmp_path.name}_{name}'
        cfg.randomness = dict(seed=3)
        cfg.model.video_backbone.base_channels = 2
        cfg.model.audio_backbone.channels = (2, 2, 4, 4, 4)
        cfg.model.video_neck.in_channels = 16
        cfg.model.audio_neck.in_channels = 4
        for loader in (cfg.train_dataloader, cfg.val_dataloader):
            loader.batch_size = 8
            loader.dataset.data_root = str(corpus.root)
            loader.dataset.pipeline[0].num_frames = 5
        cfg.test_dataloader = cfg.val_dataloader
        cfg.train_cfg.max_epochs = 2
        cfg.train_dataloader.sampler.pairs_per_video = 4
        cfg.default_hooks.curriculum.stages = [
            dict(begin=0, mix=dict(easy=1)),
            dict(begin=1, mix=dict(easy=3, hard=1)),
        ]
        cfg.merge_from_dict(changes)
        return cfg

    return make


def run_tool(*args):
    done = subprocess.run(
        [sys.executable, *map(str, args)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout + done.stderr


def weights(work_dir, epoch=2):
    return load_state_dict(Path(work_dir) / f'epoch_{epoch}.pth')


@pytest.mark.timeout(900)
def test_train_resume_and_test_by_the_tools(tiny, tmp_path):
    cfg = tiny('run')
    config = tmp_path / 'tiny.py'
    cfg.dump(config)
    out = run_tool('tools/train.py', config)
    run = tmp_path / 'run'
    result = json.loads((run / 'result.json').read_text())
    assert {'within_video', 'seconds', 'command'} <= set(result)
    assert (result['seed'], result['epochs']) == (3, 2)
    for kind in ('easy', 'hard'):
        assert 0 <= result[kind]['auc'] <= 1
        assert 0 <= result[kind]['accuracy'] <= 1
    for name in ('distances.png', 'training_curve.png'):
        assert (run / name).stat().st_size > 5000
        assert name in out
    assert 'epoch_2.pth' in out and 'chance' in out

    # What was logged tells which negatives were drawn.
    (log,) = run.glob('*/vis_data/scalars.json')
    shares = {
        line['epoch']: line['negatives_hard']
        for line in map(json.loads, log.read_text().splitlines())
        if 'negatives_hard' in line
    }
    assert shares == {1: 0.0, 2: 0.25}

    # Going on for a third epoch draws what the curriculum says for it.
    out = run_tool(
        'tools/train.py',
        config,
        '--resume',
        '--cfg-options',
        'train_cfg.max_epochs=3',
    )
    assert (run / 'epoch_3.pth').is_file()
    assert json.loads((run / 'result.json').read_text())['epochs'] == 3

    figures = tmp_path / 'test.json'
    run_tool('tools/test.py', config, run / 'epoch_3.pth', '--json', figures)
    tested = json.loads(figures.read_text())
    expected = json.loads((run / 'result.json').read_text())
    name = next(k for k in tested if k.endswith('hard/auc'))
    assert tested[name] == pytest.approx(expected['hard']['auc'], abs=1e-6)


def test_workers_do_not_change_the_training(tiny):
    states = []
    for workers in (0, 1, 2, 4):
        cfg = tiny(
            f'workers{workers}',
            **{
                'train_dataloader.num_workers': workers,
                'train_dataloader.persistent_workers': workers > 0,
                'val_cfg': None,
                'val_dataloader': None,
                'val_evaluator': None,
                'log_level': 'WARNING',
            },
        )
        Runner.from_cfg(cfg).train()
        states.append(weights(cfg.work_dir))
    for state in states[1:]:
        assert states[0].keys() == state.keys()
        for key, value in states[0].items():
            assert torch.equal(value, state[key]), key


def test_another_seed_gives_another_training(tiny):
    states = []
    for seed in (1, 2):
        cfg = tiny(
            f'seed{seed}',
            **{
                'randomness.seed': seed,
                'train_cfg.max_epochs': 1,
                'val_cfg': None,
                'val_dataloader': None,
                'val_evaluator': None,
                'log_level': 'WARNING',
            },
        )
        Runner.from_cfg(cfg).train()
        states.append(weights(cfg.work_dir, 1))
    key = 'video_backbone.stem.0.weight'
    assert not torch.equal(states[0][key], states[1][key])


@pytest.mark.timeout(600)
def test_two_gloo_processes_share_the_pairs(tiny, tmp_path, run_script):
    cfg = tiny('two', **{'train_cfg.max_epochs': 1})
    config = tmp_path / 'two.py'
    cfg.dump(config)
    status, output = run_script('dist_train.sh', config, 2)
    assert status == 0, output[-3000:]
    result = json.loads((tmp_path / 'two' / 'result.json').read_text())
    assert 0 <= result['easy']['auc'] <= 1
    # A rank takes half of the 48 pairs of an epoch: 3 batches of 8.
    assert '[1][3/3]' in '\n'.join(
        p.read_text() for p in (tmp_path / 'two').glob('*/*.log')
    )
