"""The tool that measures the statistics of log-mel spectrograms."""

import json
import runpy
import sys
from pathlib import Path

import pytest
import torch
from mmengine import Config

from avts_mm.models import LogMel

ROOT = Path(__file__).resolve().parents[2]


def test_statistics_make_the_input_standard(corpus, tmp_path, monkeypatch):
    cfg = Config.fromfile(ROOT / 'configs' / 'avts_demo.py')
    cfg.train_dataloader.dataset.data_root = str(corpus.root)
    config, figures = tmp_path / 'config.py', tmp_path / 'stats.json'
    cfg.dump(config)
    tool = ROOT / 'tools' / 'analysis_tools' / 'log_mel_stats.py'
    arguments = [str(config), '--number', '40', '--json', str(figures)]
    monkeypatch.setattr(sys, 'argv', [str(tool), *arguments])
    runpy.run_path(str(tool), run_name='__main__')
    found = json.loads(figures.read_text())
    assert found['clips'] == 40

    # The clips cover most of the corpus, whose sound is held against it.
    from avts_mm.media import open_audio

    waves = []
    for path in sorted(Path(corpus.root).glob('videos/train_*.wav')):
        with open_audio(str(path)) as reader:
            waves.append(torch.from_numpy(reader.read(0.0, 3.0, 16000)))
    image = LogMel(n_fft=512)(torch.stack(waves))
    assert found['mean'] == pytest.approx(image.mean().item(), abs=0.5)
    assert found['std'] == pytest.approx(image.std().item(), abs=0.5)
