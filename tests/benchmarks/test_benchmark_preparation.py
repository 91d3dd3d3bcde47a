"""What the benchmark of preparation tells of two films."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.nightly
def test_figures(tmp_path):
    pytest.importorskip('psutil')
    report = tmp_path / 'preparation.json'
    tool = ROOT / 'benchmarks' / 'benchmark_preparation.py'
    command = [sys.executable, tool, '--work-dir', tmp_path]
    command += ['--json', report, '--videos', '1', '--films', '2']
    done = subprocess.run(
        [*command, '--rounds', '1'],
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert 'shards / job' in done.stdout
    figures = json.loads(report.read_text())
    assert figures['films']['pool']['per_second']['median'] > 0
    ratio = figures['ratios']['shards / job']['per_cpu_second']
    assert 0.2 < ratio['median'] < 5
    assert not (tmp_path / 'out').exists()
