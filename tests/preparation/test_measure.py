"""Spans of raw videos, and the reasons of those of no use."""

import pytest
from media_files import render

from avts_mm.media import MediaError, PrepareOptions, transcode
from avts_mm.preparation import Source, measure

OPTIONS = PrepareOptions(short_side=32, preset='ultrafast')


def span(path, start=None, end=None):
    source = Source(str(path), 'x', start, end)
    return measure(OPTIONS, source, lambda seconds: None)


@pytest.mark.parametrize(
    'name, kwargs',
    [
        ('good.mp4', dict(seconds=2, events=(12,))),
        ('late.mkv', dict(audio_start=0.2, audio='flac')),
        ('short.mp4', dict(seconds=0.6, events=(5,))),
        ('mute.mp4', dict(seconds=2, events=(12,), audio=None)),
    ],
)
def test_as_preparation_finds_it(name, kwargs, tmp_path):
    path = tmp_path / name
    render(path, **kwargs)
    for segment in ((None, None), (0.4, 1.9), (9.0, 12.0)):
        try:
            wanted = transcode(
                str(path),
                str(tmp_path / 'o.mp4'),
                str(tmp_path / 'o.wav'),
                OPTIONS,
                *segment,
            )
        except MediaError as error:
            with pytest.raises(MediaError) as caught:
                span(path, *segment)
            assert caught.value.reason == error.reason
            continue
        begin = (segment[0] or 0.0) + wanted.start
        found = span(path, *segment)
        assert found == pytest.approx((begin, wanted.duration), abs=0.05)


def test_silence_and_a_file_cut_short(tmp_path):
    render(tmp_path / 'a.mkv', seconds=8, events=())
    with pytest.raises(MediaError) as caught:
        span(tmp_path / 'a.mkv')
    assert caught.value.reason == 'silent'
    data = (tmp_path / 'a.mkv').read_bytes()
    (tmp_path / 'a.mkv').write_bytes(data[: len(data) // 2])
    with pytest.raises(MediaError, match='cut short'):
        span(tmp_path / 'a.mkv')
