"""Checkpoint files, and towers found in them.

The one place that reads a checkpoint into tensors; everything else asks here.
"""

from .foreign import VideoTower, find_video_tower, our_name
from .initializer import PretrainedTower
from .reading import (
    CheckpointError,
    load_checkpoint,
    load_state_dict,
    state_dict_of,
)
from .towers import TowerMatch, find_tower, load_tower

__all__ = [
    'CheckpointError',
    'PretrainedTower',
    'TowerMatch',
    'VideoTower',
    'find_tower',
    'find_video_tower',
    'load_checkpoint',
    'load_state_dict',
    'load_tower',
    'our_name',
    'state_dict_of',
]
