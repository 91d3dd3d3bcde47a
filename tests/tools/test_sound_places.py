"""The tool that measures where maps of the sound point."""

import json
import runpy
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from mmaction.registry import MODELS
from mmengine import Config

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / 'tools' / 'analysis_tools' / 'sound_places.py'


@pytest.fixture
def arguments(corpus, tmp_path):
    """A config and a checkpoint of random weights."""
    cfg = Config.fromfile(ROOT / 'configs' / 'avts_demo_steps.py')
    cfg.merge_from_dict(
        {
            'model.video_backbone.base_channels': 2,
            'model.video_neck.in_channels': 16,
            'model.audio_backbone.channels': (2, 2, 4, 4, 4),
            'model.audio_neck.in_channels': 4,
        }
    )
    torch.manual_seed(0)
    model = MODELS.build(cfg.model)
    cfg.dump(tmp_path / 'config.py')
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'model.pth')
    return [
        str(tmp_path / 'config.py'),
        str(tmp_path / 'model.pth'),
        '--data-root',
        str(corpus.root),
    ]


def run(monkeypatch, arguments):
    monkeypatch.setattr(sys, 'argv', [str(TOOL), *arguments])
    runpy.run_path(str(TOOL), run_name='__main__')


def test_figures(arguments, tmp_path, monkeypatch, capsys):
    path = tmp_path / 'figures.json'
    run(monkeypatch, [*arguments, '--clips', '5', '--json', str(path)])
    figures = json.loads(path.read_text())
    assert figures['clips'] == 5 and figures['strikes'] > 20
    for name in ('map', 'other_sound', 'change', 'chance'):
        for kind in ('all', 'alone'):
            share, low, high = figures[name][kind]
            assert 0 <= low <= share <= high <= 1
    # The struck plate lights up; random weights know nothing.
    assert figures['change']['alone'][0] > 0.8
    assert 0.25 < figures['chance']['all'][0] < 0.55
    assert figures['map']['all'][0] < 0.75
    assert (
        f'{figures["strikes"]} strikes of 5 clips' in capsys.readouterr().out
    )


def test_strikes_are_those_of_the_scene(corpus):
    strikes_of = runpy.run_path(str(TOOL))['strikes_of']
    params = json.loads((corpus.root / 'corpus.json').read_text())['params']
    strikes = strikes_of(0, params, 0.04)
    assert strikes.step.between(10, 65).all()
    lanes = strikes[['left', 'right']].drop_duplicates().sort_values('left')
    assert 2 <= len(lanes) <= 3
    assert np.diff(lanes.to_numpy().reshape(-1)).min() > -1e-9


def test_hits_are_in_the_lane_at_the_step():
    hits_of = runpy.run_path(str(TOOL))['hits_of']
    maps = np.zeros((3, 2, 4))
    maps[0, 1, 3] = maps[1, 0, 0] = -1
    # Of the last, the place's middle, 0.125, lies beside the lane.
    strikes = pd.DataFrame(
        dict(
            step=[0, 0, 1, 1],
            left=[0.5, 0.0, 0.0, 0.2],
            right=[1.0, 0.5, 0.5, 0.6],
        )
    )
    assert hits_of(maps, strikes).tolist() == [True, False, True, False]


def test_without_corpus(arguments, tmp_path, monkeypatch):
    arguments[-1] = str(tmp_path / 'nowhere')
    with pytest.raises(SystemExit, match='make_synthetic_corpus'):
        run(monkeypatch, arguments)
