"""Nothing opens a pickle but :mod:`avts_mm.weights.reading`.

The source is searched as Python reads it, not as text: under whatever name a
loader is imported, and also where it is only handed on.
"""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
READER = Path('avts_mm/weights/reading.py')
# Takes the dumps of one's own tests, as mmaction2's report_accuracy.py does.
OWN_DUMPS = Path('tools/analysis_tools/late_fusion.py')
# Each can run what a file says, whatever its arguments are.
LOADERS = {
    f'{module}.{name}'
    for module, names in {
        'pickle': ('load', 'loads', 'Unpickler'),
        '_pickle': ('load', 'loads', 'Unpickler'),
        'cloudpickle': ('load', 'loads'),
        'dill': ('load', 'loads'),
        'joblib': ('load',),
        'marshal': ('load', 'loads'),
        'mmengine': ('load',),
        'mmengine.fileio': ('load',),
        'pandas': ('read_pickle',),
        'shelve': ('open',),
        'torch': ('load',),
        'torch.serialization': ('load',),
        'torch.hub': ('load', 'load_state_dict_from_url'),
        'torch.jit': ('load',),
        'torch.package': ('PackageImporter',),
        'torch.utils.model_zoo': ('load_url',),
        'yaml': ('load', 'full_load', 'unsafe_load'),
    }.items()
    for name in names
}
BUILTINS = {'eval', 'exec'}


def names_of(tree):
    """Local name -> what it stands for, of all imports of a file."""
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                first = alias.name.split('.')[0]
                names[alias.asname or first] = (
                    alias.name if alias.asname else first
                )
        elif isinstance(node, ast.ImportFrom) and not node.level:
            for alias in node.names:
                name = f'{node.module}.{alias.name}'
                names[alias.asname or alias.name] = name
    return names


def dotted(node, names):
    """What an expression names, such as ``torch.load``; '' if nothing."""
    if isinstance(node, ast.Name):
        return names.get(node.id, node.id if node.id in BUILTINS else '')
    if isinstance(node, ast.Attribute):
        owner = dotted(node.value, names)
        return owner and f'{owner}.{node.attr}'
    if (
        isinstance(node, ast.Call)
        and getattr(node.func, 'id', '') == 'getattr'
        and isinstance(node.args[1], ast.Constant)
    ):
        owner = dotted(node.args[0], names)
        return owner and f'{owner}.{node.args[1].value}'
    return ''


def loads(source):
    """Lines of a source that could run what a file says."""
    tree = ast.parse(source)
    names = names_of(tree)
    found = []
    for node in ast.walk(tree):
        name = dotted(node, names)
        if name in LOADERS | BUILTINS or (
            isinstance(node, ast.ImportFrom)
            and not node.level
            and any(f'{node.module}.{a.name}' in LOADERS for a in node.names)
        ):
            found.append(node.lineno)
        for keyword in getattr(node, 'keywords', ()):
            value = getattr(keyword.value, 'value', None)
            if (keyword.arg, value) == ('weights_only', False) or (
                keyword.arg == 'allow_pickle' and value is not False
            ):
                found.append(node.lineno)
    return sorted(set(found))


@pytest.mark.parametrize(
    'source',
    [
        'import torch\ntorch.load(p, weights_only=True)',
        'import torch as t\nf = t.load',
        'from torch import load as read',
        'from torch.hub import load_state_dict_from_url',
        'import torch.jit\ntorch.jit.load(p)',
        'import functools, pickle\nfunctools.partial(pickle.loads)',
        'import torch\ngetattr(torch, "load")(p)',
        'import numpy as np\nnp.load(p, allow_pickle=True)',
        'import numpy as np\nnp.load(p, allow_pickle=flag)',
        'anything(p, weights_only=False)',
        'import mmengine\nmmengine.load(p)',
        'from mmengine.fileio import load',
        'import joblib\njoblib.load(p)',
        'eval(text)',
    ],
)
def test_the_search_finds_it(source):
    assert loads(source) == [len(source.splitlines())]


def test_one_place_opens_pickles():
    paths = [ROOT / 'setup.py']
    for folder in ('avts_mm', 'configs', 'demo', 'tools'):
        paths += (ROOT / folder).rglob('*.py')
    assert len(paths) > 100
    found = {
        path.relative_to(ROOT): lines
        for path in paths
        if (lines := loads(path.read_text(encoding='utf-8')))
    }
    assert found.keys() == {READER, OWN_DUMPS}
    # An address, a file.
    assert len(found[READER]) == 2
