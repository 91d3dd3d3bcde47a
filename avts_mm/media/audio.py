"""Opening the sound of a file."""

import os
import wave

from .audio_reader import AudioReader
from .containers import file_status
from .pyav_audio import PyAVAudio
from .wave_audio import WaveAudio


def open_audio(
    path: str,
    video_start: float | None = None,
    audio_track: int = 0,
) -> AudioReader:
    """Open the sound of a file.

    Args:
        path (str): The file. A ``.wav`` file is a prepared one: its first
            sample is ``t = 0``.
        video_start (float, optional): Container time of the first picture,
            if known. Found out if None; for a file without pictures ``t = 0``
            is then its first sample.
        audio_track (int): Which of several audio tracks, counted from 0.

    Returns:
        AudioReader: A context manager with
        ``read(start, seconds, sample_rate)``.

    Raises:
        MediaError: The file is missing or damaged, or has no sound or not
            this track.
    """
    path = os.fspath(path)
    if path.lower().endswith('.wav') and audio_track == 0:
        file_status(path)
        # PyAV says what is wrong, and reads what is not plain PCM16.
        try:
            return WaveAudio(path)
        except (OSError, EOFError, RuntimeError, wave.Error):
            video_start = None
    return PyAVAudio(path, video_start, audio_track)
