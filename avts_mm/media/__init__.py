"""Files to pictures and sound at exact seconds, and back.

Knows nothing of pairs, data sets or training, and imports nothing of ours.
"""

from .audio import open_audio
from .containers import MediaInfo
from .errors import MediaError
from .film import ArrayFilm, FileFilm, as_film
from .options import Prepared, PrepareOptions
from .probe import probe
from .shift import ShiftedSound, shift_sound
from .sound import extract_sound
from .storage import locate
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
    'extract_sound',
    'locate',
    'open_audio',
    'open_video',
    'probe',
    'shift_sound',
    'transcode',
]
