"""Moving the sound of a film against its picture, without re-encoding.

The packets of all tracks are copied as they are; what changes are the times
of one audio track. Everything is measured on the clock of the readers, so
that what they find to be apart comes out together.
"""

import errno
import math
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import av

from .containers import MediaInfo, error_cause, open_container
from .errors import MediaError
from .film_copy import FilmCopy, outside
from .probe import probe
from .tracks import FORMATS, kind_of, unsupported


class ShiftedSound(NamedTuple):
    """What :func:`shift_sound` did.

    Attributes:
        seconds (float): By how much earlier the sound is heard: what was
            asked for, rounded to one sample. Matroska and webm count
            milliseconds: there, as source or target, single packets are up
            to 0.5 ms off this, without drift.
        dropped (float): Seconds of sound lost because they would be heard
            before the film begins.
        left_out (tuple[str]): Kinds of tracks, other than picture, sound and
            subtitles, that the target does not hold.
    """

    seconds: float
    dropped: float
    left_out: tuple[str, ...]


def shift_sound(
    source: str, target: str, seconds: float, audio_track: int = 0
) -> ShiftedSound:
    """Write a copy of a film in which the sound is heard earlier or later.

    No packet is encoded anew; pictures, the other audio tracks, subtitles,
    chapters, metadata and rotation stay as they are. Sound that would be
    heard before the film begins is hidden exactly in mp4 and mov (by an edit
    list), and left out elsewhere, by whole packets (of 20 to 100 ms, mostly)
    unless it is PCM.

    Args:
        source (str): The film.
        target (str): The file to write; its ending (``.mp4``, ``.m4v``,
            ``.mov``, ``.mkv``, ``.webm``, ``.ts``, ``.avi``) chooses the
            container. It is written under another name and renamed when
            complete.
        seconds (float): How much earlier the sound is heard relative to the
            picture; negative for later.
        audio_track (int): Which of several audio tracks is moved, counted
            from 0.

    Returns:
        ShiftedSound: The shift that was achieved, and what was lost.

    Raises:
        MediaError: The film cannot be read, has no pictures or not this
            sound, the sound would come to lie wholly outside the pictures
            (``'too_short'``), or the container cannot hold the film
            (``'unsupported'``) or cannot be written (``'unwritable'``).
            Nothing is left of a new target then.
    """
    source, target = os.fspath(source), os.fspath(target)
    if not math.isfinite(seconds):
        raise ValueError(f'{source}: cannot move the sound by {seconds} s')
    info = probe(source, audio_track=audio_track)
    _check(info, target, seconds)
    with _whole(target) as part, open_container(source) as film:
        copy = FilmCopy(film, info, target, seconds)
        copy.write(part)
        dropped = copy.verify(part, audio_track)
    return ShiftedSound(
        round(-copy.moved, 9), round(dropped, 6), tuple(copy.left_out)
    )


def _check(info: MediaInfo, target: str, seconds: float) -> None:
    """Refuse what cannot succeed, before anything is written."""
    path = info.path
    kind = 'pictures' if info.video_codec is None else 'sound'
    if info.video_codec is None or info.audio_codec is None:
        raise MediaError(
            f'{path}: has no {kind}, so that there is nothing to move '
            'against each other; choose another file',
            path,
            'no_video' if kind == 'pictures' else 'no_audio',
        )
    if os.path.exists(target) and os.path.samefile(path, target):
        raise MediaError(
            f'{target}: is the film itself; give the copy another name',
            target,
            'unwritable',
        )
    if kind_of(target) is None:
        raise unsupported(
            target,
            'the ending of the name does not tell a known container',
            f'end it with one of {", ".join(FORMATS)}',
        )
    avi = info.container == 'avi', kind_of(target) == 'avi'
    if avi == (True, False) and info.has_b_frames:
        pcm = info.audio_codec.startswith('pcm')
        raise unsupported(
            target,
            'the AVI file does not tell when its B-frames are shown',
            'write .avi instead' if pcm else 're-encode the film first',
        )
    if avi == (False, True):
        raise unsupported(
            target, 'AVI has no times for pictures', 'write .mkv instead'
        )
    begin = info.audio_start - info.video_start
    if (
        seconds >= begin + info.audio_duration > 0
        or begin - seconds >= info.video_duration > 0
    ):
        raise outside(path, seconds)


@contextmanager
def _whole(target: str) -> Iterator[str]:
    """A name to write to, which becomes ``target`` if all goes well."""
    # Absolute, so that no name passes for one with a protocol.
    folder, name = os.path.split(os.path.abspath(target))
    ending = os.path.splitext(name)[1]
    part = os.path.join(folder, f'.{uuid.uuid4().hex[:12]}.part{ending}')
    try:
        yield part
        os.replace(part, target)
    except (av.FFmpegError, OSError) as error:
        cause = error_cause(error)
        if isinstance(error, OSError) and error.errno != errno.EINVAL:
            raise MediaError(
                f'{target}: cannot be written ({cause}); choose another '
                'folder or make room',
                target,
                'unwritable',
            ) from None
        remedy = '' if kind_of(target) == 'matroska' else 'write .mkv, or '
        raise unsupported(
            target,
            f'the container does not accept its packets: {cause}',
            f'{remedy}convert the film first',
        ) from None
    finally:
        if os.path.exists(part):
            os.remove(part)
