"""Fixtures that the tests share."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from media_files import render

import avts_mm  # noqa: F401  it registers every component
from avts_mm.media import shift_sound
from avts_mm.synthetic.corpus import make_corpus

ROOT = Path(__file__).parents[1]

# What torchrun sets, and the scripts decide themselves.
OF_LAUNCHERS = (
    'LOCAL_RANK',
    'MASTER_ADDR',
    'MASTER_PORT',
    'OMP_NUM_THREADS',
    'RANK',
    'TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD',
    'WORLD_SIZE',
)

# Test runners give every worker one core; more threads only get in the way.
torch.set_num_threads(1)


@pytest.fixture(scope='session')
def corpus(tmp_path_factory):
    """A small embedded corpus: 12 + 8 clips of 3 s, 32 pixels.

    ``root``, ``train`` and ``val`` are paths of the folder and of its two
    annotation files.
    """
    root = tmp_path_factory.mktemp('corpus')
    paths = make_corpus(root, 12, 8, seed=0, size=32, seconds=3.0)
    return SimpleNamespace(
        root=root, train=Path(paths['train']), val=Path(paths['val'])
    )


@pytest.fixture(scope='session')
def shared_data():
    """The folder of real recordings, which not everyone has."""
    path = ROOT.parent / 'shared' / 'data'
    if not path.is_dir():
        pytest.skip(f'no real recordings in {path}')
    return path


@pytest.fixture(scope='session')
def late_film(tmp_path_factory):
    """A film whose sound is 0.24 s late."""
    folder = tmp_path_factory.mktemp('films')
    path = str(folder / 'die Straße, late.mp4')
    events = (19, 41, 50, 76, 81, 105, 128, 140)
    render(folder / 'a.mp4', seconds=6, events=events, rate=16000)
    shift_sound(folder / 'a.mp4', path, -0.24)
    return path


@pytest.fixture
def start_script():
    """Starts a script of ``tools`` as on a machine without a GPU.

    ``modules`` are folders to import from, keyword arguments environment
    variables. What still runs after the test is killed.
    """
    started = []

    def start(name, *arguments, cwd=ROOT, modules=(), **variables):
        with socket.socket() as probe:
            probe.bind(('127.0.0.1', 0))
            port = str(probe.getsockname()[1])
        inherited = dict(os.environ)
        for variable in OF_LAUNCHERS:
            inherited.pop(variable, None)
        settings = dict(
            CUDA_VISIBLE_DEVICES='-1',
            PORT=port,
            PYTHON=sys.executable,
            PYTHONPATH=os.pathsep.join(map(str, [*modules, ROOT])),
        )
        process = subprocess.Popen(
            ['bash', str(ROOT / 'tools' / name), *map(str, arguments)],
            cwd=cwd,
            env={**inherited, **settings, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


@pytest.fixture
def run_script(start_script):
    """The same, run to its end; gives the exit status and the output."""

    def run(*arguments, **kwargs):
        process = start_script(*arguments, **kwargs)
        output, _ = process.communicate(timeout=500)
        return process.returncode, output

    return run
