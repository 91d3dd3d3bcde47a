"""The tool that measures the statistics of log-mel spectrograms."""

import re
import sys
from pathlib import Path

import pytest
import torch
from mmengine import Config
from tool_modules import load_tool

from avts_mm.media import open_audio
from avts_mm.models import LogMel

ROOT = Path(__file__).resolve().parents[2]


def test_statistics_make_the_input_standard(
    corpus, tmp_path, monkeypatch, capsys
):
    cfg = Config.fromfile(ROOT / 'configs' / 'avts_demo.py')
    cfg.train_dataloader.dataset.data_root = str(corpus.root)
    config = tmp_path / 'config.py'
    cfg.dump(config)
    monkeypatch.setattr(sys, 'argv', ['', str(config), '--number', '40'])
    load_tool('analysis_tools/log_mel_stats').main()
    said = re.search(r'mean=(\S+), std=(\S+)\)', capsys.readouterr().out)
    # The clips cover most of the corpus, whose sound is held against it.
    waves = []
    for path in sorted(Path(corpus.root).glob('videos/train_*.wav')):
        with open_audio(str(path)) as reader:
            waves.append(torch.from_numpy(reader.read(0.0, 3.0, 16000)))
    image = LogMel(n_fft=512)(torch.stack(waves))
    assert float(said[1]) == pytest.approx(image.mean().item(), abs=0.5)
    assert float(said[2]) == pytest.approx(image.std().item(), abs=0.5)
