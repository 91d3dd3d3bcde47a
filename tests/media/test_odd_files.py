"""Odd files are read rightly, or end in the one error they should."""

import numpy as np
import pytest
from media_files import find_click, is_bright, read_number
from odd_files import make_odd_files

from avts_mm.media import (
    MediaError,
    open_audio,
    open_video,
    probe,
)

KINDS = (
    'no audio',
    'no video',
    '10 ms',
    '8 kHz',
    '96 kHz 5.1',
    'name',
    'variable rate',
    'portrait',
    'two tracks',
    'text',
    'empty',
    'truncated, headers last',
    'truncated',
)


@pytest.fixture(scope='module')
def files(tmp_path_factory):
    return make_odd_files(tmp_path_factory.mktemp('odd files'))


@pytest.fixture(params=KINDS)
def odd(files, request):
    if request.param not in files:
        pytest.skip('this PyAV cannot write it')
    return files[request.param]


def test_all_kinds_are_looked_at(files):
    assert set(files) <= set(KINDS)
    names = [odd.path for odd in files.values()]
    assert len(set(names)) == len(names)


def expect(fault, read):
    """Call ``read``; the error, if any, has to be the one foretold."""
    if not fault:
        return read()
    with pytest.raises(MediaError) as caught:
        read()
    assert caught.value.reason == fault
    assert caught.value.path in str(caught.value)
    assert '\n' not in str(caught.value)
    return None


def test_probe(odd):
    info = expect(
        odd.picture_fault if odd.nothing else '',
        lambda: probe(odd.path, audio_track=odd.audio_track),
    )
    if info is None:
        return
    assert (info.video_codec is None) == (odd.picture_fault == 'no_video')
    assert (info.audio_codec is None) == (odd.sound_fault == 'no_audio')
    assert info.rotation == odd.rotation
    if info.audio_codec:
        assert (info.sample_rate, info.channels) == (odd.rate, odd.channels)
    if odd.whole:
        start, duration = info.common_span
        assert start == pytest.approx(0.0, abs=5e-3)
        assert duration == pytest.approx(odd.truth.end, abs=0.11)


def test_pictures(odd):
    images = []

    def read():
        with open_video(odd.path) as reader:
            for image in reader.stream(0.0, 0.02):
                images.append(np.rot90(image, -odd.rotation // 90))

    expect(odd.picture_fault, read)
    if odd.nothing or odd.picture_fault == 'no_video':
        assert not images
        return
    times = 0.02 * np.arange(len(images))
    near = np.abs(times[:, None] - odd.truth.times).min(1) < 2e-3
    on_grid = np.allclose(odd.truth.times % 0.02, 0)
    clear = slice(None) if on_grid else ~near
    found = np.array([read_number(image) for image in images])
    expected = odd.truth.number_at(times + 1e-6)
    np.testing.assert_array_equal(found[clear], expected[clear])
    if odd.picture_fault:  # truncated
        assert 2.0 < times[-1] < 4.5
    else:
        assert times[-1] < odd.truth.end <= times[-1] + 0.021


def test_sound_belongs_to_the_pictures(odd):
    clicks = []

    def read():
        with open_audio(odd.path, audio_track=odd.audio_track) as reader:
            end = odd.truth.end if odd.truth else 1.0
            for start in np.arange(0, end - 0.5, 0.5):
                sound = reader.read(start, 0.5, 16000)
                assert sound.shape == (8000,)
                if np.abs(sound).max() > 0.1:
                    clicks.append(start + find_click(sound, 16000))
            reader.read(end - 0.01, 0.01, 16000)

    expect(odd.sound_fault, read)
    if odd.sound_fault in ('no_audio', 'empty') or odd.nothing:
        return
    events = odd.truth.events
    if odd.sound_fault:
        assert 2 <= len(clicks) < len(events)
    elif odd.truth.end > 1:
        assert len(clicks) == len(events)
    np.testing.assert_allclose(clicks, events[: len(clicks)], atol=2e-3)
    if odd.picture_fault == 'no_video':
        return
    with open_video(odd.path) as reader:
        for event in events[: len(clicks)]:
            before, after = reader.frames([event - 0.01, event + 0.01])
            turned = [
                np.rot90(i, -odd.rotation // 90) for i in (before, after)
            ]
            assert [is_bright(i) for i in turned] == [False, True]
