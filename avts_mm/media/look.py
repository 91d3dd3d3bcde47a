"""Whether the files of a list can be used, by their heads alone."""

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

from .audio import open_audio
from .audio_reader import EDGE
from .containers import (
    container_name,
    damaged,
    no_pictures,
    no_sound,
    open_container,
)
from .errors import MediaError
from .storage import file_status
from .tracks import choose_audio, choose_video

# Seconds by which an annotated end may lie behind the end that a head tells.
_TOLERANCE = 0.5
_THREADS = min(32, 4 * (os.cpu_count() or 1))


def look_at(
    video: str, audio: str = '', end: float = 0.0, prepared_bytes: int = 0
) -> None:
    """Look whether a video and its sound can be read, quickly.

    Decodes nothing: damage in the middle of a file is not seen.

    Args:
        video (str): The file with the pictures.
        audio (str): The file with the sound, which may be the same; empty if
            no sound is needed.
        end (float): Seconds of the video's clock that must be there.
        prepared_bytes (int): Size of the video when it was prepared, 0 if
            not known. One that still has it needs no look.

    Raises:
        MediaError: A file is missing, is not what it should be, was cut
            short, or ends before ``end``.
    """
    status = file_status(video)
    if not (status and 0 < status.size == prepared_bytes):
        with open_container(video, status=status) as container:
            picture = choose_video(container, video)
            if picture is None:
                raise no_pictures(video)
            streams = [picture]
            if audio == video:
                sound, _ = choose_audio(container, video, picture)
                if sound is None:
                    raise no_sound(video)
                streams.append(sound)
            if container_name(container) in ('mov', 'avi') and status:
                _check_length(video, streams, end, status.size)
    if audio not in ('', video):
        with open_audio(audio) as reader:
            if audio.lower().endswith('.wav'):
                reader.read(max(0.0, end - EDGE), EDGE, reader.sample_rate)


def _check_length(path: str, streams: list, end: float, size: int) -> None:
    for stream in streams:
        entries = getattr(stream, 'index_entries', None)  # PyAV 18
        last = entries[len(entries) - 1] if entries else None
        if last is not None and last.pos + last.size > size:
            raise damaged(path, 'it was cut short', 'its index goes on')
        if stream.duration is None:
            continue
        known = float(stream.duration * stream.time_base)
        if end > known + _TOLERANCE:
            raise MediaError(
                f'{path}: its {stream.type} ends at {known:.2f} s, before '
                f'{end:.2f} s; correct start and duration in the annotation '
                'file',
                path,
                'too_short',
            )


def look_at_all(jobs: Iterable[tuple]) -> Iterator[MediaError | None]:
    """:func:`look_at` with each of some tuples of arguments, in threads."""

    def look(job: tuple) -> MediaError | None:
        try:
            look_at(*job)
        except MediaError as error:
            return error
        return None

    with ThreadPoolExecutor(_THREADS) as pool:
        yield from pool.map(look, jobs)
