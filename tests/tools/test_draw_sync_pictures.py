"""The tool that draws what a model has learned."""

import runpy
import sys
from pathlib import Path

import pytest
import torch
from mmaction.registry import MODELS
from mmengine import Config

from avts_mm.media import probe

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / 'tools' / 'visualizations' / 'draw_sync_pictures.py'


@pytest.fixture
def run(corpus, tmp_path, monkeypatch, capsys):
    """Runs the tool with a model of random weights; what it printed."""
    cfg = Config.fromfile(ROOT / 'configs' / 'avts_demo_steps.py')
    cfg.merge_from_dict(
        {
            'model.video_backbone.base_channels': 2,
            'model.video_neck.in_channels': 16,
            'model.audio_backbone.channels': (2, 2, 4, 4, 4),
            'model.audio_neck.in_channels': 4,
            'val_dataloader.dataset.data_root': str(corpus.root),
        }
    )
    torch.manual_seed(0)
    model = MODELS.build(cfg.model)
    cfg.dump(tmp_path / 'config.py')
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'model.pth')

    def run(*arguments):
        paths = [str(tmp_path / 'config.py'), str(tmp_path / 'model.pth')]
        out = ['--output-dir', str(tmp_path / 'out')]
        monkeypatch.setattr(sys, 'argv', [str(TOOL), *paths, *arguments, *out])
        with pytest.raises(SystemExit) as exit:
            runpy.run_path(str(TOOL), run_name='__main__')
        return exit.value.code, *capsys.readouterr()

    return run


def names(printed):
    paths = [Path(line) for line in printed.splitlines() if 'out/' in line]
    assert all(path.stat().st_size > 5000 for path in paths)
    return sorted(path.name for path in paths)


def test_validation_clips(run):
    code, printed, _ = run('--clips', '6')
    assert code == 0
    assert names(printed) == [
        'heat_map.png',
        'pictures_for_sounds.png',
        'similarity.png',
        'sounds_for_pictures.png',
    ]


def test_films(run, corpus, tmp_path):
    film = corpus.root / 'videos' / 'val_0001.mp4'
    text = tmp_path / 'text.mp4'
    text.write_text('no film')
    code, printed, errors = run(
        '--late', '0.2', str(text), str(film), '--seconds', '2'
    )
    assert code == 1 and 'text.mp4' in errors
    assert names(printed) == [
        f'val_0001_{name}'
        for name in (
            'curve.png',
            'drift.png',
            'heat_map.mp4',
            'heat_map.png',
            'similarity.png',
        )
    ]
    video = tmp_path / 'out' / 'val_0001_heat_map.mp4'
    assert probe(str(video)).video_duration == pytest.approx(2, abs=0.05)
