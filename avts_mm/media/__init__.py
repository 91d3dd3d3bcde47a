"""Files to pictures and sound at exact seconds, and back.

Knows nothing of pairs, data sets or training, and imports nothing of ours.
"""

from .audio import open_audio
from .film import ArrayFilm, FileFilm, as_film
from .media_info import MediaError, MediaInfo
from .options import Prepared, PrepareOptions
from .probe import probe
from .shift import ShiftedSound, shift_sound
from .sound import extract_sound
from .time_limit import check_limit, map_in_helper, read_within
from .transcode import transcode
from .video import open_video
from .writer import VideoWriter

__all__ = [
    'ArrayFilm',
    'FileFilm',
    'MediaError',
    'MediaInfo',
    'PrepareOptions',
    'Prepared',
    'ShiftedSound',
    'VideoWriter',
    'as_film',
    'check_limit',
    'extract_sound',
    'map_in_helper',
    'open_audio',
    'open_video',
    'probe',
    'read_within',
    'shift_sound',
    'transcode',
]
