"""Odd and hostile files, each with what is right to say about it."""

import contextlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from media_files import Truth, merge, render

SECONDS = 6.0
# Numbers of the pictures on which it flashes and clicks, at 25 a second;
# uneven, so that no shift but one fits.
EVENTS = (14, 37, 55, 92, 117)


@dataclass
class OddFile:
    """A file and the truth about it.

    Attributes:
        path (str): The file.
        picture_fault (str): Reason of the one MediaError that reading its
            pictures from the first to the last ends in; empty if they are
            all there.
        sound_fault (str): The same for its sound.
        truth (Truth | None): What it shows, or would if it were whole.
        audio_track (int): The track that has the clicks.
        rate (int): Hz of that track.
        channels (int): Number of its channels.
        rotation (int): Counter-clockwise degrees for display.
    """

    path: str
    picture_fault: str = ''
    sound_fault: str = ''
    truth: Truth | None = None
    audio_track: int = 0
    rate: int = 48000
    channels: int = 1
    rotation: int = 0

    @property
    def whole(self) -> bool:
        """Whether all of it can be read."""
        return not (self.picture_fault or self.sound_fault)

    @property
    def nothing(self) -> bool:
        """Whether not even the beginning can be read."""
        return self.truth is None


def make_odd_files(folder) -> dict[str, OddFile]:
    """Write one file of each kind.

    Args:
        folder: An empty folder.

    Returns:
        dict[str, OddFile]: By the name of the kind.
    """
    folder = Path(folder)
    odd = {}

    def film(kind, name, *, faults=('', ''), known=None, **options):
        options = {'seconds': SECONDS, 'events': EVENTS, **options}
        (folder / name).parent.mkdir(exist_ok=True)
        truth = render(folder / name, **options)
        odd[kind] = OddFile(truth.path, *faults, truth, **(known or {}))
        return truth

    film('no audio', 'no_audio.mp4', audio=None, faults=('', 'no_audio'))
    film('no video', 'no_video.mp4', video=None, faults=('no_video', ''))
    film('10 ms', '10_ms.mp4', seconds=0.01, fps=100, events=(0,))
    film('8 kHz', '8_khz.mp4', rate=8000, known=dict(rate=8000))
    film(
        '96 kHz 5.1',
        '96_khz_5_1.mkv',
        audio='flac',
        rate=96000,
        layout='5.1',
        known=dict(rate=96000, channels=6),
    )
    film('name', 'mit Leerzeichen/ein Stück, 日本 #1%20: é.mp4')
    # Pictures of 20 to 100 ms.
    times = np.cumsum([0, *[0.02, 0.05, 0.033, 0.08, 0.04, 0.1] * 18, 0.04])
    events = (9, 20, 33, 58, 81)
    film(
        'variable rate',
        'variable_rate.mp4',
        times=times,
        events=events,
        b_frames=2,
        audio_seconds=float(times[-1]),
    )
    with contextlib.suppress(pytest.skip.Exception):  # PyAV before 18
        film('portrait', 'portrait.mp4', rotation=270, known={'rotation': 270})

    # The second track is the one that belongs to the pictures.
    truth = odd['no audio'].truth
    sounds = [
        render(folder / name, None, seconds=SECONDS, events=heard, rate=rate)
        for name, heard, rate in (
            ('other.m4a', (5, 70), 44100),
            ('right.m4a', EVENTS, 32000),
        )
    ]
    both = merge(folder / 'two_tracks.mp4', truth, *sounds)
    odd['two tracks'] = OddFile(
        both, truth=replace(truth, path=both), audio_track=1, rate=32000
    )
    for sound in sounds:
        Path(sound.path).unlink()

    text = folder / 'text.mp4'
    text.write_text('This is not a film.\n' * 40, encoding='utf-8')
    odd['text'] = OddFile(str(text), 'undecodable', 'undecodable')
    empty = folder / 'empty.mp4'
    empty.touch()
    odd['empty'] = OddFile(str(empty), 'empty', 'empty')

    # Of some downloads only the beginning arrives. Where the headers come
    # last, nothing is left of them.
    content = Path(odd['name'].path).read_bytes()
    lost = folder / 'truncated_headers_last.mp4'
    lost.write_bytes(content[: len(content) * 6 // 10])
    odd['truncated, headers last'] = OddFile(
        str(lost), 'undecodable', 'undecodable'
    )
    whole = folder / 'whole.mp4'
    truth = render(
        whole,
        seconds=SECONDS,
        events=EVENTS,
        container_options={'movflags': 'faststart'},
    )
    content = whole.read_bytes()
    whole.unlink()
    half = folder / 'truncated.mp4'
    half.write_bytes(content[: len(content) * 6 // 10])
    odd['truncated'] = OddFile(
        str(half), 'undecodable', 'undecodable', replace(truth, path=str(half))
    )
    return odd
