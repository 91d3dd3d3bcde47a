"""The figures of a GPU: one part does not stop the others."""

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / 'benchmarks' / 'measure_gpu.sh'
# Prints its words instead of measuring; the benchmark of loaders fails.
FAKE = """#!/bin/sh
printf '%s ' "$@"
case "$*" in *benchmark_loader*) exit 3;; esac
"""


@pytest.fixture
def measure(tmp_path):
    fake = tmp_path / 'python'
    fake.write_text(FAKE)
    fake.chmod(0o755)
    settings = ('LIMIT', 'OPTIONS', 'REPEATS', 'STEPS')
    clean = {k: v for k, v in os.environ.items() if k not in settings}

    def run(*arguments, **variables):
        done = subprocess.run(
            ['bash', str(SCRIPT), *map(str, arguments)],
            env=dict(clean, PYTHON=str(fake), WORKERS='3', **variables),
            capture_output=True,
            text=True,
        )
        words = {
            path.stem: path.read_text().split()
            for path in (tmp_path / 'out').glob('*.log')
        }
        return done, words

    return run


def test_parts(measure, tmp_path):
    (tmp_path / 'grid').mkdir()
    done, words = measure(tmp_path / 'out', tmp_path / 'grid')
    assert done.returncode == 1
    assert done.stderr == 'failed: loader\n'
    assert set(words) == {
        *('step_112', 'grid', 'torchvision', 'step_224'),
        *('loader', 'fed', 'plan'),
    }
    for part in words.values():
        files = [part[2], *(word for word in part if 'configs/' in word)]
        assert len(files) == 2
        assert all((SCRIPT.parents[1] / name).is_file() for name in files)
    assert f'{tmp_path}/out/step_112.json' in words['step_112']
    root = f'train_dataloader.dataset.data_root={tmp_path}/grid'
    assert root in words['grid']
    assert 'train_dataloader.num_workers=3' in words['fed']


def test_without_grid_and_with_options(measure, tmp_path):
    _, words = measure(tmp_path / 'out', OPTIONS='a.b=1 c=2', STEPS='7')
    assert 'grid' not in words
    step = words['step_224']
    assert step[step.index('--steps') + 1] == '7'
    assert step[-3:] == ['--cfg-options', 'a.b=1', 'c=2']


def test_usage(measure):
    done, words = measure()
    assert done.returncode == 2 and 'usage' in done.stderr and not words
