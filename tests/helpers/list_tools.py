"""The scripts of tools/data, and what they look for."""

import runpy
from pathlib import Path
from types import SimpleNamespace

TOOLS = Path(__file__).resolve().parents[2] / 'tools' / 'data'


def load(name):
    """A script by its path below tools/data."""
    return SimpleNamespace(**runpy.run_path(str(TOOLS / name)))


def touch(folder, *names):
    """Files that are there, of one byte."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b'x')
