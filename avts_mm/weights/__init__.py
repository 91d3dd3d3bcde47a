"""Checkpoint files, and towers found in them.

The one place that reads a checkpoint into tensors; everything else asks here.
"""

from .reading import (
    CheckpointError,
    load_checkpoint,
    load_state_dict,
)
from .towers import (
    PretrainedTower,
    TowerMatch,
    check_fits,
    find_tower,
    load_tower,
)

__all__ = [
    'CheckpointError',
    'PretrainedTower',
    'TowerMatch',
    'check_fits',
    'find_tower',
    'load_checkpoint',
    'load_state_dict',
    'load_tower',
]
