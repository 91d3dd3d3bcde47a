"""Tools as modules."""

import importlib
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parents[2] / 'tools'


def load_tool(name: str):
    """Import ``tools/name.py``, which may import its neighbours."""
    path = TOOLS / name
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(path.parent))
        return importlib.import_module(path.name)
