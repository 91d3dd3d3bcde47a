"""What the benchmark of storages tells of two films."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.nightly
def test_figures(tmp_path):
    pytest.importorskip('aiohttp')
    report = tmp_path / 'storage.json'
    command = [sys.executable, ROOT / 'benchmarks' / 'benchmark_storage.py']
    command += ['--work-dir', tmp_path, '--json', report, '--videos', '2']
    command += ['--rounds', '2', '--seconds', '0.05']
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=400, check=False
    )
    assert done.returncode == 0, done.stderr
    assert 'http / files' in done.stdout
    figures = json.loads(report.read_text())
    prepared, raw = figures['prepared'], figures['raw']
    # One for the picture, one for the sound, unless both were just read.
    assert 1 < prepared['requests'] <= 2
    assert 1 <= raw['requests'] <= 2
    assert 300 < prepared['kilobytes'] < 1500
    for found in (
        prepared['tar_vs_files'],
        *(folder['http_vs_files'] for folder in (prepared, raw)),
    ):
        for ratio in found.values():
            assert 0 < ratio['min'] <= ratio['median'] <= ratio['max']
