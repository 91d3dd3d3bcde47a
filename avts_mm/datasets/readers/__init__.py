"""Readers of pictures and sound that keep to presentation times."""

from .audio import open_audio
from .errors import MediaError
from .media_info import MediaInfo
from .planar import PlanarPicture
from .probe import probe
from .time_limit import check_limit, map_in_helper, read_within
from .video import open_video

__all__ = [
    'MediaError',
    'MediaInfo',
    'PlanarPicture',
    'check_limit',
    'map_in_helper',
    'open_audio',
    'open_video',
    'probe',
    'read_within',
]
