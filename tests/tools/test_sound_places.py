"""The tool that measures where maps of the sound point."""

import json
import re
import sys

import numpy as np
import pandas as pd
import pytest
from tool_modules import load_tool

tool = load_tool('analysis_tools/sound_places')


@pytest.fixture
def run(small_steps, monkeypatch):
    def run(data_root):
        options = ['', *small_steps, '--data-root', str(data_root)]
        monkeypatch.setattr(sys, 'argv', options)
        tool.main()

    return run


def test_figures(run, corpus, capsys):
    run(corpus.root)
    printed = capsys.readouterr().out
    assert re.search(r'\d\d+ strikes of 8 clips', printed)
    number = r'(\d\.\d+)'
    share = rf'{number} \({number}–{number}\)'
    found = {}
    for name, title in tool.NAMES.items():
        cells = re.search(rf'{title}\D*{share}\D*{share}', printed).groups()
        found[name] = np.array(cells, float).reshape(2, 3)
        share_, low, high = found[name].T
        assert (low <= share_).all() and (share_ <= high).all()
    # The struck plate lights up; random weights know nothing.
    assert found['change'][1, 0] > 0.8
    assert 0.25 < found['chance'][0, 0] < 0.55
    assert found['map'][0, 0] < 0.75


def test_strikes_are_those_of_the_scene(corpus):
    params = json.loads((corpus.root / 'corpus.json').read_text())['params']
    strikes = tool.strikes_of(0, params, 0.04)
    assert strikes.step.between(10, 65).all()
    lanes = strikes[['left', 'right']].drop_duplicates().sort_values('left')
    assert 2 <= len(lanes) <= 3
    assert np.diff(lanes.to_numpy().reshape(-1)).min() > -1e-9


def test_hits_are_in_the_lane_at_the_step():
    maps = np.zeros((3, 2, 4))
    maps[0, 1, 3] = maps[1, 0, 0] = -1
    # Of the last, the place's middle, 0.125, lies beside the lane.
    lanes = dict(left=[0.5, 0.0, 0.0, 0.2], right=[1.0, 0.5, 0.5, 0.6])
    strikes = pd.DataFrame(dict(step=[0, 0, 1, 1], **lanes))
    hits = tool.hits_of(maps, strikes)
    assert hits.tolist() == [True, False, True, False]


def test_without_corpus(run, tmp_path):
    with pytest.raises(SystemExit, match='make_synthetic_corpus'):
        run(tmp_path / 'nowhere')
