"""The tool that draws what a model has learned."""

import sys
from pathlib import Path

import pytest
from tool_modules import load_tool

from avts_mm.media import probe

tool = load_tool('visualizations/draw_sync_pictures')


@pytest.fixture
def run(small_steps, tmp_path, monkeypatch, capsys):
    """Runs the tool with random weights; its status and what it printed."""

    def run(*arguments):
        out = ['--output-dir', str(tmp_path / 'out')]
        options = ['', *small_steps, *arguments, *out]
        monkeypatch.setattr(sys, 'argv', options)
        return tool.main(), *capsys.readouterr()

    return run


def names(printed):
    paths = [Path(line) for line in printed.splitlines() if 'out/' in line]
    assert all(path.stat().st_size > 5000 for path in paths)
    return sorted(path.stem for path in paths)


def test_validation_clips(run):
    code, printed, _ = run('--clips', '6')
    assert code == 0
    pictures = ['heat_map', 'pictures_for_sounds', 'similarity']
    assert names(printed) == [*pictures, 'sounds_for_pictures']


def test_films(run, corpus, tmp_path):
    film = corpus.root / 'videos' / 'val_0001.mp4'
    text = tmp_path / 'text.mp4'
    text.write_text('no film')
    options = ('--late', '0.2', str(text), str(film), '--seconds', '2')
    code, printed, errors = run(*options)
    assert code == 1 and 'text.mp4' in errors
    kinds = ('curve', 'drift', 'heat_map', 'heat_map', 'similarity')
    assert names(printed) == [f'val_0001_{kind}' for kind in kinds]
    video = tmp_path / 'out' / 'val_0001_heat_map.mp4'
    assert probe(str(video)).video_duration == pytest.approx(2, abs=0.05)
