"""Fixtures that the tests share."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

import avts_mm  # noqa: F401  it registers every component
from avts_mm.datasets.synthetic import make_corpus

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
    path = Path(__file__).parents[2] / 'shared' / 'data'
    if not path.is_dir():
        pytest.skip(f'no real recordings in {path}')
    return path
