"""Odd and hostile files."""

import contextlib

import numpy as np
import pytest
from media_files import merge, render, truncate

SECONDS = 6.0
# Numbers of the pictures on which it flashes and clicks, at 25 a second;
# uneven, so that no shift but one fits.
EVENTS = (14, 37, 55, 92, 117)


def make_odd_files(folder) -> dict[str, str]:
    """Write one file of each kind; their paths by the name of the kind.

    Of 'two tracks' the second is the one that belongs to the pictures.
    """
    odd = {}

    def film(kind, name, **options):
        options = {'seconds': SECONDS, 'events': EVENTS, **options}
        (folder / name).parent.mkdir(exist_ok=True)
        truth = render(folder / name, **options)
        odd[kind] = truth.path
        return truth

    silent = film('no audio', 'no_audio.mp4', audio=None)
    film('no video', 'no_video.mp4', video=None)
    film('10 ms', '10_ms.mp4', seconds=0.01, fps=100, events=(0,))
    film('8 kHz', '8_khz.mp4', rate=8000)
    surround = dict(audio='flac', rate=96000, layout='5.1')
    film('96 kHz 5.1', '96_khz_5_1.mkv', **surround)
    film('name', 'mit Leerzeichen/ein Stück, 日本 #1%20: é.mp4')
    # Pictures of 20 to 100 ms.
    times = np.cumsum([0, *[0.02, 0.05, 0.033, 0.08, 0.04, 0.1] * 18, 0.04])
    film(
        'variable rate',
        'variable_rate.mp4',
        times=times,
        events=(9, 20, 33, 58, 81),
        b_frames=2,
        audio_seconds=float(times[-1]),
    )
    with contextlib.suppress(pytest.skip.Exception):  # PyAV before 18
        film('portrait', 'portrait.mp4', rotation=270)

    other = dict(seconds=SECONDS, events=(5, 70), rate=44100)
    right = dict(seconds=SECONDS, events=EVENTS, rate=32000)
    odd['two tracks'] = merge(
        folder / 'two_tracks.mp4',
        silent,
        render(folder / 'other.m4a', None, **other),
        render(folder / 'right.m4a', None, **right),
    )

    odd['text'] = str(folder / 'text.mp4')
    (folder / 'text.mp4').write_text('This is not a film.\n' * 40)
    odd['empty'] = str(folder / 'empty.mp4')
    (folder / 'empty.mp4').touch()
    # Of some downloads only the beginning arrives. Where the headers come
    # last, nothing is left of them.
    odd['truncated, headers last'] = truncate(
        odd['name'], 0.6, folder / 'headers_last.mp4'
    )
    front = dict(container_options={'movflags': 'faststart'})
    film('truncated', 'truncated.mp4', **front)
    truncate(odd['truncated'], 0.6)
    return odd
