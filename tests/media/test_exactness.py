"""Of every kind of file the picture on screen is the one that is read, and a
flash and a click of the same instant stay together."""

import functools
import sys

import numpy as np
import pytest
from film_kinds import KINDS, render_kind
from media_files import cut, find_click, is_bright, read_number, render

from avts_mm.media import open_audio, open_video

# Copies from the middle of a file, as `ffmpeg -ss ... -c copy` makes them.
CUTS = {
    'cut_at_key.mp4': (1.44, 2),
    'cut_at_picture.mp4': (1.6, 2),
    'cut_in_picture.mp4': (1.111, 2),
    'cut_plain.mp4': (1.1, 0),
    'cut.mkv': (1.1, 2),
}
# AVI has times only for pictures: 23 ms of the MP3 encoder's lead-in shift the
# sound and move the pictures by a whole one.
TOLERANCE = {'mp3.avi': 0.02}


@pytest.fixture(scope='module')
def media(tmp_path_factory):
    """Renders each kind of file once."""
    folder = tmp_path_factory.mktemp('exactness')

    @functools.cache
    def get(name):
        if name not in CUTS:
            return render_kind(folder / name)
        at, b_frames = CUTS[name]
        long = render(
            folder / f'long{b_frames}.mp4',
            seconds=5,
            events=(12, 27, 49, 63, 90, 111),
            b_frames=b_frames,
        )
        return cut(long, folder / name, at)

    return get


@pytest.fixture(autouse=True)
def nothing_remembered(monkeypatch):
    """Let every test probe anew; its second reading then remembers."""
    module = sys.modules['avts_mm.media.probe']
    monkeypatch.setattr(module, '_cache', {})


NAMES = [*KINDS, *CUTS]


@pytest.mark.parametrize('name', NAMES)
def test_pictures_are_those_on_screen(media, name):
    truth = media(name)
    times = truth.times
    if name == 'mp3.avi':
        times = times + 0.04 * (times > 0)  # see TOLERANCE
    rng = np.random.default_rng(0)
    for _ in range(8):
        span = rng.uniform(0.2, 1.0)
        start = rng.uniform(0, times[-1] - span)
        wanted = start + span * (np.arange(12) + 0.5) / 12
        # The very moment of a change is left to rounding.
        near = np.abs(wanted[:, None] - times).min(1) < 2e-3
        wanted = wanted[~near]
        index = np.searchsorted(times, wanted, 'right') - 1
        with open_video(truth.path) as reader:
            frames, begins = reader.pictures(wanted)
        found = [read_number(frame) for frame in frames]
        assert found == truth.numbers[index].tolist()
        np.testing.assert_allclose(begins, times[index], atol=1.1e-3)


@pytest.mark.parametrize('name', NAMES)
def test_streamed_pictures_are_those_read(media, name):
    truth = media(name)
    with open_video(truth.path) as reader:
        for begin, step in ((0.011, 0.1), (1.2345, 0.0317)):
            streamed = list(reader.stream(begin, step))
            times = begin + step * np.arange(len(streamed))
            np.testing.assert_array_equal(streamed, reader.frames(times))
            # AVI counts in whole pictures, see TOLERANCE.
            slack = 0.041 if name == 'mp3.avi' else 2e-3
            assert times[-1] < truth.end + slack
            assert times[-1] + step > truth.end - slack


@pytest.mark.parametrize('name', NAMES)
def test_click_and_flash_stay_together(media, name):
    truth = media(name)
    tolerance = TOLERANCE.get(name, 2e-3)
    checked = 0
    for event in truth.events:
        start = max(0.0, event - 0.21)
        if start + 0.4 > truth.end:
            continue
        # A clip as in training: pictures and sound from the same start.
        wanted = start + (np.arange(40) + 0.5) / 100
        with open_video(truth.path) as reader:
            frames, begins = reader.pictures(wanted)
        bright = [is_bright(frame) for frame in frames]
        flash = begins[bright.index(True)]
        with open_audio(truth.path) as reader:
            sound = reader.read(start, 0.4, 16000)
        click = start + find_click(sound, 16000)
        assert abs(click - flash) <= tolerance, (event, flash, click)
        checked += 1
    assert checked >= 2
