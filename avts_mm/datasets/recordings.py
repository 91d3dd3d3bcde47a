"""Labelled recordings, and how they are cut into clips.

Their annotation is a CSV file with the header ``audio,label,fold``, a line
per recording. ``label`` is a number from 0. ``fold`` is the official fold
from 1; recordings of fold 0 are for training alone. Two more columns may
follow: ``source``, equal for recordings that were cut from one original, and
``category``, the name of the class.
"""

import functools
import hashlib
import os
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from avts_mm.media import MediaError, open_audio, probe
from avts_mm.media.annotation import iter_rows, write_rows

FIELDS = ('audio', 'label', 'fold', 'source', 'category')


class Recording(NamedTuple):
    """One line of an annotation file."""

    audio: str
    label: int
    fold: int
    source: str
    category: str


def read_recordings(path: str) -> list[Recording]:
    """Read an annotation file of recordings.

    Args:
        path (str): The CSV file.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: A column is missing, a value is not what it should be, a
            recording is listed twice, or recordings of one source are in
            different folds.
    """
    found: dict[str, Recording] = {}

    def parse(row: dict[str, str]) -> None:
        recording = _parse(row)
        if found.setdefault(recording.audio, recording) is not recording:
            raise ValueError(
                f'{recording.audio} is listed already; list every recording '
                'once'
            )

    remedy = 'the tools in tools/data/esc50 and tools/data/dcase2014 write one'
    for _ in iter_rows(path, FIELDS[:3], parse, remedy):
        pass
    if not found:
        raise ValueError(f'{path} lists no recordings')
    recordings = list(found.values())
    check_sources(recordings, path)
    return recordings


def _parse(row: dict[str, str]) -> Recording:
    values: dict[str, Any] = {name: row.get(name, '') for name in FIELDS}
    if not values['audio']:
        raise ValueError('the audio is missing')
    for name in ('label', 'fold'):
        text = values[name]
        # A number of more digits is none that int() takes.
        if not (text.isascii() and text.isdigit() and len(text) < 19):
            raise ValueError(
                f'{name} must be a whole number from 0, not {text[:50]!r}'
            )
        values[name] = int(text)
    values['source'] = values['source'] or values['audio']
    return Recording(**values)


def check_sources(recordings: Sequence[Recording], path: str) -> None:
    """Refuse folds that tear recordings of one source apart.

    Raises:
        ValueError: Naming two such recordings.
    """
    first: dict[str, Recording] = {}
    for recording in recordings:
        other = first.setdefault(recording.source, recording)
        if other.fold != recording.fold:
            raise ValueError(
                f'{path}: {other.audio} and {recording.audio} are from one '
                f'source ({recording.source}) but in the folds {other.fold} '
                f'and {recording.fold}: what is learned from one would be '
                'tested on the other. Put them into one fold'
            )


def check_copies(recordings: Sequence[Recording], path: str) -> None:
    """Refuse copies of one recording, by any name, in several folds.

    Raises:
        ValueError: Naming two such recordings.
    """
    first: dict[bytes, Recording] = {}
    for recording in recordings:
        with open(recording.audio, 'rb') as file:
            content = hashlib.file_digest(file, 'blake2b').digest()
        other = first.setdefault(content, recording)
        if other.fold != recording.fold:
            raise ValueError(
                f'{other.audio} and {recording.audio} are the same recording '
                f'in the folds {other.fold} and {recording.fold}; remove one '
                f'of them from {path}'
            )


def write_recordings(path: str, recordings: Sequence[Recording]) -> None:
    """Write an annotation file, complete or not at all."""
    write_rows(path, FIELDS, [recording._asdict() for recording in recordings])


def load_recording(path: str, sample_rate: int) -> np.ndarray:
    """All of the sound of a file, in any format that PyAV reads.

    The last few are kept in memory, since their clips are asked for one by
    one.

    Args:
        path (str): The file.
        sample_rate (int): Hz wanted.

    Returns:
        np.ndarray: float32 ``(S,)``, mono. Shared between calls: not to be
        written to.

    Raises:
        MediaError: The file is missing or damaged or holds no sound.
    """
    try:
        version = os.path.getmtime(path), os.path.getsize(path)
    except OSError:
        version = None
    return _load(path, sample_rate, version)


@functools.lru_cache(maxsize=4)
def _load(path: str, sample_rate: int, version) -> np.ndarray:
    """Read a file, again where its ``version`` is another."""
    info = probe(path, scan=True)
    start = 0.0
    if info.video_codec is not None:
        # On the clock of the pictures, sound may begin before or after.
        start = info.audio_start - info.video_start
    count = int(info.audio_duration * sample_rate)
    if count < 1:
        raise MediaError(
            f'{path}: holds no sound; leave it out', path, 'too_short'
        )
    with open_audio(path) as reader:
        sound = reader.read(start, count / sample_rate, sample_rate)
    sound.flags.writeable = False
    return sound


def clip_starts(length: int, clip: int, hop: int) -> np.ndarray:
    """Where the overlapping clips of a recording begin.

    Every ``hop``, as long as a clip fits in; and once more at the very end
    if otherwise more than a tenth of a clip would remain unheard.

    Args:
        length (int): Samples of the recording.
        clip (int): Samples of a clip.
        hop (int): Samples from one to the next.

    Returns:
        np.ndarray: int64 ``(N,)``, N > 0: samples; only 0 where the
        recording is shorter than a clip.
    """
    last = max(length - clip, 0)
    starts = np.arange(0, last + 1, hop)
    if last - starts[-1] > clip / 10:
        starts = np.append(starts, last)
    return starts


def audible(
    sound: np.ndarray, starts: np.ndarray, clip: int, threshold: float
) -> np.ndarray:
    """Which clips hold anything louder than digital silence.

    Args:
        sound (np.ndarray): Samples ``(S,)``.
        starts (np.ndarray): Of the clips, ``(N,)``.
        clip (int): Samples of a clip.
        threshold (float): Peak below which a clip is silent.

    Returns:
        np.ndarray: bool ``(N,)``, at least one of which is True: the loudest
        clip is never left out.
    """
    peaks = np.array([np.abs(sound[s : s + clip]).max() for s in starts])
    heard = peaks >= threshold
    heard[peaks.argmax()] = True
    return heard
