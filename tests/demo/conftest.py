"""A model and a film for the page."""

import pytest
from flash_and_click import page_model
from media_files import render

from avts_mm.media import shift_sound

EVENTS = (19, 41, 50, 76, 81, 105, 128, 140)


@pytest.fixture(scope='session')
def infer():
    return page_model()


@pytest.fixture(scope='session')
def late_film(tmp_path_factory):
    """A film whose sound is 0.24 s late."""
    folder = tmp_path_factory.mktemp('films')
    path = str(folder / 'die Straße, late.mp4')
    render(folder / 'a.mp4', seconds=6, events=EVENTS, rate=16000)
    shift_sound(str(folder / 'a.mp4'), path, -0.24)
    return path
