"""Checkpoint files, and towers found in them.

The one place that reads a checkpoint into tensors; everything else asks here.
"""

from .reading import (
    CheckpointError,
    find_state_dict,
    load_checkpoint,
    load_state_dict,
)
from .towers import (
    PretrainedTower,
    TowerMatch,
    find_tower,
    fit_model,
    load_tower,
)

__all__ = [
    'CheckpointError',
    'PretrainedTower',
    'TowerMatch',
    'find_state_dict',
    'find_tower',
    'fit_model',
    'load_checkpoint',
    'load_state_dict',
    'load_tower',
]
