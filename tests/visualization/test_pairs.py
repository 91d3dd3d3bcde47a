"""Sheets of pairs show what stands in the pair, on one axis of time."""

import numpy as np
import pytest

from avts_mm.visualization import draw_pair


def draw(count=25, height=24, width=32, **given):
    levels = np.arange(count, dtype=np.uint8)[:, None, None, None]
    defaults = dict(
        frames=np.broadcast_to(levels, (count, height, width, 3)),
        wave=np.sin(np.arange(16000) / 20) / 2,
        sample_rate=16000,
        log_mel=np.zeros((41, 101)),
        band_hz=np.linspace(100, 4100, 41),
        kind='positive',
        video=('a.mp4', 1.25),
        audio=('b.wav', 3.0),
    )
    return draw_pair(**{**defaults, **given})


def drawn(axes):
    return axes.images[0].get_array()


def test_panels_share_their_axis():
    log_mel = np.random.default_rng(0).normal(size=(41, 101))
    figure = draw(log_mel=log_mel)
    _, wave, mel = figure.axes
    boxes = [axes.get_position() for axes in figure.axes]
    assert len({(box.x0, box.x1) for box in boxes}) == 1
    assert boxes[0].y0 > boxes[1].y1 > boxes[1].y0 > boxes[2].y1
    for axes in figure.axes:
        assert axes.get_xlim() == pytest.approx((0, 1))
    assert np.array_equal(drawn(mel), log_mel)
    assert wave.get_ylim()[1] == pytest.approx(0.55, abs=0.01)
    # One column is 10 ms, centred on its moment.
    assert mel.images[0].get_extent()[:2] == pytest.approx([-0.005, 1.005])
    labels = [label.get_text() for label in mel.get_yticklabels()]
    assert labels == ['250', '500', '1k', '2k', '4k']
    assert mel.get_yticks() == pytest.approx([1.5, 4, 9, 19, 39])


def test_frames_stand_at_their_time():
    strip = drawn(draw().axes[0])
    assert strip.shape == (24, 13 * 32, 3)
    shown = strip[0, ::32, 0].astype(int)
    assert (np.diff(shown) > 0).all()
    shown_at = (shown + 0.5) / 25
    drawn_at = (np.arange(13) + 0.5) / 13
    assert np.abs(shown_at - drawn_at).max() <= 0.5 / 25 + 1e-9
    assert drawn(draw(count=5).axes[0]).shape == (24, 5 * 32, 3)


def test_frames_keep_their_proportions():
    figure = draw(height=20, width=40, count=10)
    box = figure.axes[0].get_position()
    width, height = figure.get_size_inches()
    tile = box.width * width / 10
    assert box.height * height == pytest.approx(tile / 2)


def test_each_half_has_its_own_clock():
    strip, _, mel = draw().axes
    for axes, first in ((strip, 1.25), (mel, 3.0)):
        assert axes.get_xticks()[0] >= -1e-6
        for at, label in zip(axes.get_xticks(), axes.get_xticklabels()):
            assert float(label.get_text()) == pytest.approx(first + at)


@pytest.mark.parametrize(
    'kind, title',
    [('positive', 'In sync'), ('hard', 'another moment'), ('own', 'own')],
)
def test_title_says_kind_names_and_times(kind, title):
    words = ' | '.join(text.get_text() for text in draw(kind=kind).texts)
    assert title in words
    assert 'picture a.mp4 from 1.25 s' in words
    assert 'sound b.wav from 3.00 s' in words


def test_silence_can_be_drawn():
    low, high = draw(wave=np.zeros(16000, np.float32)).axes[1].get_ylim()
    assert low < 0 < high
