"""What a wheel brings, used in a folder where nothing else is."""

import os
import shutil
import site
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.nightly, pytest.mark.timeout(900)]


@pytest.fixture(scope='module')
def installed(tmp_path_factory):
    """A function that runs a command of a fresh environment.

    What avts_mm requires comes from the environment of the tests: it is named
    in a file there, so that of its own such files none is read, such as that
    of a clone installed with ``pip install -e``.
    """
    folder = tmp_path_factory.mktemp('installed')
    source = folder / 'source'
    for name in ('avts_mm', 'configs', 'tools', 'demo'):
        shutil.copytree(ROOT / name, source / name)
    for name in ('setup.py', 'pyproject.toml', 'model-index.yml'):
        shutil.copy(ROOT / name, source)
    env = {k: v for k, v in os.environ.items() if k != 'PYTHONPATH'}
    pip = [sys.executable, '-m', 'pip', '--disable-pip-version-check']
    make = ['wheel', '-q', '--no-deps', '--no-build-isolation', '-w']
    subprocess.run([*pip, *make, folder, source], check=True)
    shutil.rmtree(source)
    (wheel,) = folder.glob('*.whl')
    home = folder / 'venv'
    venv = [sys.executable, '-m', 'venv', '--without-pip', home]
    subprocess.run(venv, check=True)
    python = home / 'bin' / 'python'
    add = ['install', '-q', '--no-deps', '--no-index', wheel]
    subprocess.run([*pip, '--python', python, *add], check=True, env=env)
    scheme = dict(base=str(home), platbase=str(home))
    target = Path(sysconfig.get_path('purelib', 'venv', scheme))
    others = '\n'.join(site.getsitepackages())
    (target / 'others.pth').write_text(others)
    empty = folder / 'empty'
    empty.mkdir()

    def run(command, *arguments):
        done = subprocess.run(
            [home / 'bin' / command, *map(str, arguments)],
            cwd=empty,
            env=env,
            capture_output=True,
            text=True,
            timeout=800,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    run.empty = empty
    run.package = target / 'avts_mm'
    return run


def test_nothing_comes_from_a_clone(installed):
    place = installed(
        'python', '-c', 'import avts_mm; print(avts_mm.__file__)'
    )
    assert Path(place.strip()) == installed.package / '__init__.py'


def test_everything_is_there(installed):
    inside = installed.package / '.mim'
    for folder in ('configs', 'tools', 'demo'):
        files = {
            path.relative_to(ROOT)
            for path in (ROOT / folder).rglob('*')
            if path.suffix in ('.py', '.sh', '.md', '.csv', '.yml')
        }
        assert files and all((inside / path).is_file() for path in files)
    assert (inside / 'model-index.yml').is_file()


def test_bases_by_name(installed):
    (installed.empty / 'mine.py').write_text(
        "_base_ = 'avts_mm::avts_kinetics.py'\n"
    )
    (installed.empty / 'pure.py').write_text(
        'from mmengine.config import read_base\n\nwith read_base():\n'
        '    from avts_mm.configs.finetune.ucf101_avts import *\n'
    )
    code = """
import avts_mm
from mmengine import Config
from mmengine.hub import get_config
print(Config.fromfile('mine.py').model.type)
print(Config.fromfile('pure.py').model.type)
print(get_config('avts_mm::finetune/ucf101_avts.py').model.type)
"""
    kinds = installed('python', '-c', code).split()
    assert kinds == ['AVTS', 'Recognizer3D', 'Recognizer3D']


def test_corpus_and_training(installed):
    """The tools, from nothing to a checkpoint."""
    sizes = '--num-train', 8, '--num-val', 4, '--size', 32
    installed('avts', 'make_synthetic', 'data/avts_demo', *sizes)
    (installed.empty / 'small.py').write_text(
        "_base_ = 'avts_mm::avts_demo.py'\n"
        'model = dict(\n'
        '    video_backbone=dict(base_channels=2),\n'
        '    video_neck=dict(in_channels=16),\n'
        '    audio_backbone=dict(channels=(2, 2, 4, 4, 4)),\n'
        '    audio_neck=dict(in_channels=4),\n'
        ')\n'
        'train_cfg = dict(max_epochs=1)\n'
        'param_scheduler = None\n'
    )
    installed('avts', 'train', 'small.py')
    assert (installed.empty / 'work_dirs/small/epoch_1.pth').is_file()


def test_a_film_and_nothing_else(installed):
    """The model in the box answers without a config or a network."""
    assert (installed.package / 'apis/pretrained/avts_faces.md').is_file()
    films = sorted((installed.empty / 'data/avts_demo').rglob('*.mp4'))
    code = f"""
from avts_mm.apis import AVTSInferencer
(film,) = AVTSInferencer(device='cpu')({str(films[0])!r})['predictions']
print(film['verdict'], film['found_by'], sep='|')
"""
    verdict, found_by = installed('python', '-c', code).strip().split('|')
    assert verdict and found_by == 'motion'
