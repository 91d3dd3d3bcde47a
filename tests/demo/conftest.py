"""The page's modules, which import each other as a script's do."""

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / 'demo')]

from page_model import TESTS, flash_and_click  # noqa: E402

sys.path.insert(0, str(TESTS / 'helpers'))
EVENTS = (19, 41, 50, 76, 81, 105, 128, 140)


@pytest.fixture(scope='session')
def infer():
    return flash_and_click()


@pytest.fixture(scope='session')
def late_film(tmp_path_factory):
    """A film whose sound is 0.24 s late."""
    from media_files import render

    from avts_mm.media.shift import shift_sound

    folder = tmp_path_factory.mktemp('films')
    path = str(folder / 'die Straße, late.mp4')
    render(folder / 'a.mp4', seconds=6, events=EVENTS, rate=16000)
    shift_sound(str(folder / 'a.mp4'), path, -0.24)
    return path
