"""The sound of a video on the clock of its pictures, or an error."""

import av
import pytest
from media_files import find_click, render

from avts_mm.media import MediaError, extract_sound, open_audio

RATE = 16000


def refused(path, tmp_path):
    target = tmp_path / 'new' / 'out.wav'
    with pytest.raises(MediaError) as error:
        extract_sound(str(path), str(target), RATE)
    assert str(path) in str(error.value)
    assert list(tmp_path.glob('new/*')) == []
    return error.value


def test_sound_that_begins_late_is_in_sync(tmp_path):
    film = render(
        tmp_path / 'a.mkv', audio='pcm_s16le', events=(12, 27), audio_start=0.2
    )
    wav = str(tmp_path / 'new' / 'a.wav')
    begin, end = extract_sound(film.path, wav, RATE)
    assert (begin, end) == pytest.approx((0.2, 3.0), abs=0.03)
    with open_audio(wav) as reader:
        assert not reader.read(0, 0.19, RATE).any()
        for event in (12 / 25, 27 / 25):
            sound = reader.read(event - 0.1, 0.2, RATE)
            assert find_click(sound, RATE) == pytest.approx(0.1, abs=0.002)


def test_pictures_and_sound_are_needed(tmp_path):
    sound = render(tmp_path / 'sound.mkv', video=None)
    assert refused(sound.path, tmp_path).reason == 'no_video'
    silent = render(tmp_path / 'silent.mkv', audio=None)
    assert refused(silent.path, tmp_path).reason == 'no_audio'


def delayed(film, path, kind, seconds, begin=0.0):
    """A copy in which a track comes late, from some time on."""
    with av.open(film.path) as old, av.open(str(path), 'w') as new:
        tracks = {s: new.add_stream_from_template(s) for s in old.streams}
        for packet in old.demux():
            if packet.dts is None:
                continue
            late = packet.pts * packet.time_base >= begin
            ticks = round(seconds / packet.time_base) * late
            if packet.stream.type == kind:
                packet.pts += ticks
                packet.dts += ticks
            packet.stream = tracks[packet.stream]
            new.mux(packet)
    return path


def test_sound_that_is_over_before_the_pictures(tmp_path):
    film = render(tmp_path / 'a.mkv', audio='pcm_s16le')
    path = delayed(film, tmp_path / 'over.mkv', 'video', 10)
    error = refused(path, tmp_path)
    assert error.reason == 'no_audio'
    assert 'no sound after its first picture' in str(error)


def test_sound_that_jumps(tmp_path):
    film = render(tmp_path / 'a.mkv', audio='pcm_s16le')
    path = delayed(film, tmp_path / 'jump.mkv', 'audio', 300, begin=1.5)
    error = refused(path, tmp_path)
    assert error.reason == 'undecodable'
    assert 'its sound jumps from 1.5' in str(error)
