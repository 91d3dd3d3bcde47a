"""Installation: setup.py and the Makefile."""

import os
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import setuptools

from avts_mm.version import HOST_REQUIRES, __version__

ROOT = Path(__file__).parents[1]
MAKE = shutil.which('make')


@pytest.fixture
def arguments(monkeypatch):
    """What setup.py passes to ``setuptools.setup``."""
    seen = {}
    monkeypatch.setattr(setuptools, 'setup', lambda **kw: seen.update(kw))
    monkeypatch.chdir(ROOT)
    runpy.run_path('setup.py', run_name='__main__')
    return seen


def test_requirements_are_those_of_the_version_check(arguments):
    assert arguments['install_requires'] == [
        name + specifier for name, specifier in HOST_REQUIRES.items()
    ]
    assert 'torch>=2.6,<2.16' in arguments['install_requires']
    assert arguments['python_requires'] == '>=3.11,<3.14'
    assert arguments['version'] == __version__
    assert arguments['license'] == 'Apache-2.0'
    assert not any('mmcv>=' in r for r in arguments['install_requires'])


def test_every_package_is_found(arguments):
    packages = {
        '.'.join(path.parent.relative_to(ROOT).parts)
        for path in (ROOT / 'avts_mm').rglob('__init__.py')
    }
    assert packages == set(arguments['packages'])
    for path in (ROOT / 'avts_mm').rglob('*.py'):
        assert (path.parent / '__init__.py').exists(), path


def _make(folder, *words, **variables):
    env = dict(os.environ, **variables)
    # What the make that runs the tests was told reaches its children.
    text = (ROOT / 'Makefile').read_text()
    own = re.findall(r'^(\w+) *[?:]?=', text, re.MULTILINE)
    for name in ('MAKEFLAGS', 'MAKEOVERRIDES', 'MAKELEVEL', *own):
        if name not in variables and name != 'SHELL':
            env.pop(name, None)
    return subprocess.run(
        [MAKE, *words], cwd=folder, env=env, capture_output=True, text=True
    )


@pytest.fixture
def clone(tmp_path):
    """The files that `make venv` needs, without an environment."""
    if MAKE is None:
        pytest.skip('make is not installed')
    (tmp_path / 'avts_mm').mkdir()
    for name in ('Makefile', 'setup.py', 'avts_mm/version.py'):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def _fake_python(folder, *lines):
    path = folder / 'fake_python'
    path.write_text('\n'.join(['#!/bin/sh', *lines]) + '\n')
    path.chmod(0o755)
    return str(path)


def test_commands(clone):
    out = _make(clone, '-n', 'demo').stdout
    assert 'pip --disable-pip-version-check install torch==' in out
    assert '-m venv .venv' in out
    assert 'make_synthetic_corpus.py data/avts_demo' in out
    assert '--work-dir work_dirs/avts_demo' in out
    assert '--seed' not in out
    out = _make(clone, '-n', 'demo', 'SEED=3', 'TORCH=').stdout
    assert '--work-dir work_dirs/avts_demo_seed3' in out
    assert '--seed 3' in out
    assert 'install  -e .' in out
    out = _make(clone, '-n', 'test', 'PYTEST_ARGS=-k name').stdout
    assert "install -e '.[test]'" in out
    (command,) = [x for x in out.splitlines() if '-m pytest' in x]
    assert command.split('pytest')[1].split() == [
        *('-n', '2', '--dist', 'worksteal'),
        *('-k', 'name'),
    ]
    words = '-n', 'coverage', 'JOBS=4', 'PYTEST_ARGS=-k name'
    (command,) = [
        x for x in _make(clone, *words).stdout.splitlines() if 'pytest' in x
    ]
    assert '-n 4 --dist worksteal --cov -k name' in command
    out = _make(clone, '-n', 'nightly', 'JOBS=1').stdout
    assert '-m pytest -m nightly \n' in out.replace('  ', ' ')
    assert 'make newest' in out


def test_newest_of_everything(clone):
    """An environment of its own, in which nothing is pinned."""
    out = _make(clone, '-n', 'newest', 'TORCH=torch==2.6', 'JOBS=1').stdout
    assert 'rm -rf .venv-newest' in out
    assert '.venv-newest/bin/python -m pip' in out
    assert 'install  -e .' in out and 'torch==' not in out
    assert '.venv-newest/bin/python -m pytest' in out


def test_second_call_installs_nothing(clone):
    _fake_python(clone, 'exit 0')
    (clone / '.venv' / 'bin').mkdir(parents=True)
    (clone / 'fake_python').rename(clone / '.venv' / 'bin' / 'python')
    assert 'pip' in _make(clone, 'venv').stdout
    assert 'pip' not in _make(clone, 'venv').stdout
    newer = (clone / '.venv' / '.ready').stat().st_mtime + 10
    os.utime(clone / 'setup.py', (newer, newer))
    assert 'pip' in _make(clone, 'venv').stdout


def test_missing_venv_module_is_one_sentence(clone):
    python = _fake_python(
        clone,
        'case "$2" in *ensurepip*) exit 1;; esac',
        f'exec {sys.executable} "$@"',
    )
    run = _make(clone, 'venv', f'PYTHON={python}')
    assert run.returncode != 0
    assert 'apt-get install python3-venv, then make again.' in run.stderr
    assert not (clone / '.venv').exists()


@pytest.mark.parametrize('python', ['no-such-python', 'fake'])
def test_wrong_python_is_one_sentence(clone, python):
    if python == 'fake':
        python = _fake_python(clone, 'exit 1')
    run = _make(clone, 'venv', f'PYTHON={python}')
    assert run.returncode != 0
    assert 'needs Python 3.11 to 3.13' in run.stderr
    assert not (clone / '.venv').exists()


def test_headless_opencv_where_cv2_does_not_load(clone):
    (clone / '.venv' / 'bin').mkdir(parents=True)
    python = _fake_python(
        clone,
        'case "$2" in',
        '"import cv2") exit 1;;',
        '*importlib.metadata*) echo 5.0.0.93;;',
        'esac',
    )
    Path(python).rename(clone / '.venv' / 'bin' / 'python')
    out = _make(clone, 'venv').stdout
    assert (
        'install --force-reinstall --no-deps '
        'opencv-contrib-python-headless==' in out
    )
