"""The benchmark of loaders: what it compares is comparable."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from loader_benchmark.contenders import (
    clip_length,
    decode_bare,
    host_transforms,
)
from mmengine.config import Config

from avts_mm.media import open_video, probe

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope='module')
def figures(tmp_path_factory):
    work_dir = tmp_path_factory.mktemp('loader')
    report = work_dir / 'new' / 'loader.json'
    command = [sys.executable, ROOT / 'benchmarks' / 'benchmark_loader.py']
    command += ['--work-dir', work_dir, '--json', report, '--videos', '2']
    command += ['--rounds', '2', '--seconds', '0.05', '--num-workers', '1']
    command += ['--only', 'prepared', 'prepared_whole', 'raw']
    command += ['mmaction2_raw', 'bare_prepared']
    command += ['--cfg-options', 'train_dataloader.batch_size=4']
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=400, check=False
    )
    assert done.returncode == 0, done.stderr
    return work_dir, json.loads(report.read_text()), done.stdout


@pytest.mark.nightly
def test_figures(figures):
    _, values, text = figures
    assert set(values['ratios']) == set(values['ratios_cpu'])
    assert len(values['ratios']) == 5
    assert 'prepared_vs_bare_prepared' in values['ratios']
    for value in values['ratios'].values():
        assert 0 < value['min'] <= value['median'] <= value['max']
    waiting = [rate['waiting']['min'] for rate in values['rates'].values()]
    assert len(waiting) == 5 and 0 <= min(waiting) <= 1
    assert 'prepared_vs_mmaction2_raw' in text


@pytest.mark.nightly
def test_files_are_as_promised(figures):
    root, *_ = figures
    raw = probe(str(root / 'raw' / 'videos' / '000.mp4'))
    assert (raw.width, raw.height, raw.fps) == (340, 256, 25)
    assert raw.has_b_frames and raw.audio_codec == 'aac'
    assert raw.video_duration == pytest.approx(10, abs=0.1)
    assert raw.audio_duration == pytest.approx(10, abs=0.1)
    size = (root / 'raw' / 'videos' / '000.mp4').stat().st_size
    assert 300 < size * 8 / 10 / 1000 < 700  # kbit/s with the sound


@pytest.mark.nightly
def test_bare_decoding_gives_the_same(figures):
    root, *_ = figures
    for corpus in ('raw', 'prepared'):
        path = str(root / corpus / 'videos' / '001.mp4')
        times = 3.21 + (np.arange(25) + 0.5) / 25
        with open_video(path, 'pyav') as reader:
            ours = reader.frames(times)
        np.testing.assert_array_equal(decode_bare(path, times[0], 25), ours)


def test_the_host_gets_our_transforms():
    cfg = Config.fromfile(ROOT / 'configs' / 'avts_kinetics_112.py')
    assert clip_length(cfg) == 25
    kept = host_transforms(cfg)
    types = [transform['type'] for transform in kept]
    assert types == ['MultiScaleCrop', 'Resize', 'Flip', 'FormatShape']
    # It has to carry them out itself.
    assert not any('lazy' in transform for transform in kept)
