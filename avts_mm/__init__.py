"""Audio-visual temporal synchronisation as a plugin of MMAction2.

Importing the package makes the host stack usable (:mod:`avts_mm.compat`) and
registers every component, so that a config needs no more than
``custom_imports = dict(imports=['avts_mm'])``.
"""

from . import compat
from .version import __version__

compat.apply()

from . import datasets, engine, evaluation, models, weights  # noqa: E402

__all__ = [
    '__version__',
    'compat',
    'datasets',
    'engine',
    'evaluation',
    'models',
    'weights',
]
