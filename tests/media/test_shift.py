"""Moved sound: the readers find it where it was asked for, and all else is
as it was."""

import functools
import os
from pathlib import Path

import av
import numpy as np
import pytest
from film_kinds import render_kind
from media_files import (
    clicks,
    copied,
    cut,
    flashes,
    merge,
    read_number,
    render,
    truncate,
)

from avts_mm.media import MediaError, open_video, probe, shift_sound

EVENTS = (20, 45, 62)  # pictures at which it flashes and clicks

# Read again, the sound lies within these of where it should be; half of it is
# the clock of 1 ms in Matroska and webm.
EXACT, ROUNDED = 2e-4, 1.2e-3
FILMS = (
    'plain.mp4',
    'b_frames.mp4',
    'late_sound.mp4',
    'late_picture_b.mp4',
    'flac.mp4',
    'opus.mp4',
    'mp3.mp4',
    'hevc.mp4',
    'vfr_b.mp4',
    'no_edit_list.mp4',
    'fragmented.mp4',
    'pcm.mov',
    'b_frames.mkv',
    'opus.mkv',
    'aac.mkv',
    'pcm.mkv',
    'vfr.mkv',
    'vp9.webm',
    'b_frames.ts',
    'pcm.avi',
    'h264_b.avi',
    'mp3.avi',
    'mpeg1.mpg',
)
# Into other containers; all others stay in their own.
MOVES = {
    'b_frames.mp4': ('mkv', 'mov', 'ts'),
    'opus.mp4': ('mkv',),
    'pcm.mov': ('mp4', 'mkv'),
    'b_frames.mkv': ('mp4',),
    'opus.mkv': ('mp4',),
    'aac.mkv': ('mp4', 'ts'),
    'pcm.mkv': ('mov',),
    'b_frames.ts': ('mp4', 'mkv'),
    'mpeg1.mpg': ('mp4', 'mkv', 'ts'),
    'mp3.avi': ('mp4', 'mkv'),
    'pcm.avi': ('mkv', 'mp4'),
    'vp9.webm': ('mp4', 'mkv'),
}
CASES = [
    (name, ending)
    for name in FILMS
    for ending in (name.split('.')[1], *MOVES.get(name, ()))
    if f'{name} {ending}' not in ('mpeg1.mpg mpg', 'mp3.avi avi')  # refused
]


@pytest.fixture(scope='module')
def films(tmp_path_factory):
    """Renders each film once."""
    folder = tmp_path_factory.mktemp('films')

    @functools.cache
    def get(name):
        events = (20, 33, 49) if 'vfr' in name else EVENTS
        return render_kind(folder / name, events=events)

    return get


def payloads(path, kind='video', track=0):
    """The packets of a stream."""
    with av.open(str(path)) as file:
        stream = [s for s in file.streams if s.type == kind][track]
        return [bytes(p) for p in file.demux(stream) if p.size]


def in_folder(path):
    return sorted(os.listdir(path))


@pytest.mark.parametrize('seconds', [0.6, -0.24])
@pytest.mark.parametrize('name, ending', CASES)
def test_click_and_flash(films, tmp_path, name, ending, seconds):
    film = films(name)
    target = tmp_path / f'moved.{ending}'
    done = shift_sound(film.path, target, seconds)
    exact = not {ending, name.split('.')[1]} & {'mkv', 'webm'}
    tolerance = EXACT if exact else ROUNDED
    assert done.seconds == pytest.approx(seconds, abs=5.1e-4)
    before = clicks(film.path, film.events)
    after = clicks(target, before - seconds)
    moved = before - after
    np.testing.assert_allclose(moved, done.seconds, atol=tolerance)
    shown = film.events
    np.testing.assert_allclose(
        flashes(target, shown), flashes(film.path, shown), atol=1.1e-3
    )
    if 'ts' not in (ending, name.split('.')[1]):  # another syntax there
        assert payloads(target) == payloads(film.path)
    old, new = probe(film.path, scan=True), probe(target, scan=True)
    assert new.video_duration == pytest.approx(old.video_duration, abs=0.01)
    offset = old.audio_start - old.video_start
    lost = max(0.0, seconds - max(0.0, offset))
    if lost and done.dropped:
        assert lost - 0.05 <= done.dropped <= lost + 0.12
    else:
        assert done.dropped == 0
    assert in_folder(tmp_path) == [f'moved.{ending}']


def test_single_samples_and_none(films, tmp_path):
    film = films('pcm.mov')
    for samples in (0, 1, -1, 1001):
        target = tmp_path / 'a.mov'
        done = shift_sound(film.path, target, samples / 48000)
        assert done.seconds == pytest.approx(samples / 48000, abs=1e-9)
        assert samples or done == (0, 0, ())
        moved = clicks(film.path, film.events) - clicks(target, film.events)
        np.testing.assert_allclose(moved, samples / 48000, atol=2e-6)


@pytest.mark.parametrize('ending', ['mp4', 'mkv'])
def test_only_one_of_two_audio_tracks_moves(films, tmp_path, ending):
    first = films('b_frames.mp4')
    second = render(tmp_path / 's.mp4', None, 'flac', events=(30,))
    film = merge(tmp_path / f'film.{ending}', first, second)
    for track in (0, 1):
        target = tmp_path / f'moved{track}.{ending}'
        shift_sound(film, target, 0.32, audio_track=track)
        moves = np.array([0.32, 0.0])[:: 1 - 2 * track]
        for number, moments in ((0, first.events), (1, [1.2])):
            before = clicks(film, moments, audio_track=number)
            after = clicks(target, before - moves[number], audio_track=number)
            np.testing.assert_allclose(
                before - after, moves[number], atol=ROUNDED
            )
        other = payloads(target, 'audio', 1 - track)
        assert other == payloads(film, 'audio', 1 - track)
    with pytest.raises(MediaError, match='it holds 2') as caught:
        shift_sound(film, tmp_path / f'x.{ending}', 0.1, audio_track=2)
    assert caught.value.reason == 'no_audio'


def write_subtitles(path, times):
    """An ``.srt`` file with a number at each time."""
    lines = ''
    for n, second in enumerate(times):
        lines += f'{n + 1}\n00:00:{second:06.3f} --> '.replace('.', ',')
        lines += f'00:00:{second + 0.4:06.3f}\n'.replace('.', ',')
        lines += f'words {n}\n\n'
    path.write_text(lines)


def test_subtitles_chapters_and_metadata_stay(films, tmp_path):
    from fractions import Fraction

    write_subtitles(tmp_path / 's.srt', [0.5, 1.25])
    film = str(tmp_path / 'film.mkv')
    with (
        av.open(str(tmp_path / 's.srt')) as words,
        copied(films('flac.mp4').path, film) as (_, out),
    ):
        text = out.add_stream_from_template(words.streams[0])
        out.streams.audio[0].metadata['language'] = 'deu'
        text.metadata['title'] = 'Wörter'
        out.metadata['title'] = 'Ein Stück'
        out.set_chapters(
            [
                dict(
                    id=1,
                    start=0,
                    end=1500,
                    time_base=Fraction(1, 1000),
                    metadata={'title': 'one'},
                )
            ]
        )
        for packet in words.demux():
            if packet.dts is not None:
                packet.stream = text
                out.mux(packet)

    def look(path):
        with av.open(str(path)) as file:
            text = file.streams.subtitles[0]
            times = [
                float(p.pts * p.time_base) for p in file.demux(text) if p.size
            ]
            chapters = [
                (float(c['start'] * c['time_base']), c['metadata']['title'])
                for c in file.chapters()
            ]
            return (
                times,
                chapters,
                file.metadata['title'],
                text.metadata['title'],
                file.streams.audio[0].metadata['language'],
            )

    target = tmp_path / 'moved.mkv'
    shift_sound(film, target, 0.3)
    assert look(target) == look(film)
    assert look(film)[:3] == ([0.5, 1.25], [(0.0, 'one')], 'Ein Stück')
    assert payloads(target, 'subtitle') == payloads(film, 'subtitle')
    with pytest.raises(MediaError, match=r'subrip\); write \.mkv') as caught:
        shift_sound(film, tmp_path / 'moved.mp4', 0.3)
    assert caught.value.reason == 'unsupported'
    assert 'moved.mp4' not in in_folder(tmp_path)


@pytest.mark.parametrize('ending', ['mp4', 'mov', 'mkv'])
@pytest.mark.parametrize('rotation', [90, 180])
def test_rotation_stays(tmp_path, ending, rotation):
    film = render(tmp_path / 'a.mp4', rotation=rotation).path
    shift_sound(film, tmp_path / f'b.{ending}', 0.1)
    assert probe(tmp_path / f'b.{ending}').rotation == rotation


@pytest.mark.parametrize('ending', ['mp4', 'mkv'])
@pytest.mark.parametrize('seconds', [0.3, -0.3])
def test_film_cut_inside_a_picture(tmp_path, ending, seconds):
    long = render(
        tmp_path / 'long.mp4', seconds=5, b_frames=2, events=(50, 90)
    )
    film = cut(long, tmp_path / 'cut.mp4', 1.111)
    target = tmp_path / f'moved.{ending}'
    shift_sound(film.path, target, seconds)
    with open_video(target, 'pyav') as reader:
        first = read_number(reader.frames([0.0])[0])
    # Matroska shows again what the edit list hid: from the key frame on.
    assert first == (28 if ending == 'mp4' else 24)
    hidden = (28 - first) * 0.04
    shown = film.events + hidden
    np.testing.assert_allclose(flashes(target, shown), shown, atol=2e-3)
    heard = shown - seconds
    np.testing.assert_allclose(clicks(target, heard), heard, atol=2.1e-3)


def test_recording_that_begins_anywhere(films, tmp_path):
    film = films('b_frames.ts')
    content = Path(film.path).read_bytes()
    half = content.index(b'\x47\x40\x00', len(content) // 3)  # a new table
    path = tmp_path / 'part.ts'
    path.write_bytes(content[half:])
    for ending in ('ts', 'mp4', 'mkv'):
        target = tmp_path / f'moved.{ending}'
        shift_sound(path, target, 0.2)
        with open_video(path, 'pyav') as reader:
            first = read_number(reader.frames([0.0])[0])
        moment = film.events[-1:] - first * 0.04
        shown = flashes(target, moment)
        np.testing.assert_allclose(shown, moment, atol=2e-3)
        heard = clicks(target, shown - 0.2)
        np.testing.assert_allclose(heard, shown - 0.2, atol=2e-3)


def test_attachment(films, tmp_path):
    film = str(tmp_path / 'film.mkv')
    with copied(films('flac.mp4').path, film) as (_, out):
        out.add_attachment('font.ttf', 'font/ttf', b'not a font')
    done = shift_sound(film, tmp_path / 'a.mkv', 0.1)
    assert done.left_out == ()
    with av.open(str(tmp_path / 'a.mkv')) as file:
        (font,) = file.streams.attachments
        assert font.data == b'not a font'
    done = shift_sound(film, tmp_path / 'a.mp4', 0.1)
    assert done.left_out == ('attachment',)


@pytest.mark.parametrize('ending', ['mov', 'mp4', 'mkv', 'ts'])
def test_timecode(films, tmp_path, ending):
    film = tmp_path / 'film.mov'
    with copied(films('b_frames.mp4').path, film) as (_, out):
        out.streams.video[0].metadata['timecode'] = '01:02:03:04'
    target = tmp_path / f'a.{ending}'
    done = shift_sound(film, target, 0.1)
    with av.open(str(target)) as file:
        tags = {k.lower(): v for k, v in file.streams[0].metadata.items()}
    if ending == 'ts':
        assert done.left_out == ('timecode',)
    else:
        assert done.left_out == ()
        assert tags['timecode'] == '01:02:03:04'


def test_packets_that_the_container_does_not_accept(films, tmp_path):
    film = tmp_path / 'joined.ts'
    film.write_bytes(Path(films('b_frames.ts').path).read_bytes() * 2)
    for ending in ('ts', 'mp4', 'mkv'):
        target = tmp_path / f'a.{ending}'
        with pytest.raises(MediaError, match=r'accept.*convert') as caught:
            shift_sound(film, target, 0.1)
        assert caught.value.reason == 'unsupported'
    assert in_folder(tmp_path) == ['joined.ts']


REFUSED = {
    'b_frames.mkv -> a.webm': r'hold video in h264\); write \.mkv',
    'b_frames.mkv -> a.ts': r'hold audio in flac\); write \.mkv',
    'b_frames.mkv -> a.xyz': r'end it with one of \.mp4',
    'b_frames.mkv -> a': r'end it with one of \.mp4',
    'b_frames.mkv -> a.avi': r'write \.mkv',
    'h264_b.avi -> a.mkv': r'B-frames.*write \.avi',
    'mp3.avi -> a.avi': r'only PCM.*write \.mkv',
}


@pytest.mark.parametrize('case', REFUSED)
def test_containers_that_cannot_hold_it(films, tmp_path, case):
    name, target = case.split(' -> ')
    target = tmp_path / target
    with pytest.raises(MediaError, match=REFUSED[case]) as caught:
        shift_sound(films(name).path, target, 0.1)
    assert caught.value.reason == 'unsupported'
    assert caught.value.path == str(target)
    assert in_folder(tmp_path) == []


def test_unusable_films(films, tmp_path):
    def reason(path, seconds=0.1, name='b.mp4'):
        with pytest.raises(MediaError) as caught:
            shift_sound(path, tmp_path / 'out' / name, seconds)
        assert len(str(caught.value)) < 400
        assert in_folder(tmp_path / 'out') == []
        return caught.value.reason

    (tmp_path / 'out').mkdir()
    (tmp_path / 'text.mp4').write_text('no film\n' * 99)
    film = films('plain.mp4').path
    truncate(film, 0.5, tmp_path / 'half.mp4')
    assert reason(tmp_path / 'text.mp4') == 'undecodable'
    assert reason(tmp_path / 'half.mp4') == 'undecodable'
    assert reason(tmp_path / 'none.mp4') == 'missing'
    assert reason(render(tmp_path / 'b.mp4', audio=None).path) == 'no_audio'
    assert reason(render(tmp_path / 'c.mp4', video=None).path) == 'no_video'
    assert reason(film, 3.0) == 'too_short'
    assert reason(film, 1e9) == 'too_short'
    assert reason(film, -3.0) == 'too_short'
    with pytest.raises(ValueError, match='nan'):
        shift_sound(film, tmp_path / 'out' / 'b.mp4', float('nan'))


def test_targets_that_cannot_be_written(films, tmp_path):
    film = films('plain.mp4').path
    for target in (film, tmp_path / 'no' / 'such' / 'a.mp4'):
        with pytest.raises(MediaError) as caught:
            shift_sound(film, target, 0.1)
        assert caught.value.reason == 'unwritable'
        assert str(target) in str(caught.value)
    (tmp_path / 'a.mp4').mkdir()
    with pytest.raises(MediaError) as caught:
        shift_sound(film, tmp_path / 'a.mp4', 0.1)
    assert caught.value.reason == 'unwritable'
    assert in_folder(tmp_path) == ['a.mp4']


def test_no_room(films, tmp_path):
    """The file before it stays, and nothing half-written beside it."""
    resource = pytest.importorskip('resource')
    film, target = films('pcm.mov').path, tmp_path / 'a.mov'
    target.write_text('old')
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (99_999, limits[1]))
    try:
        with pytest.raises(MediaError, match='make room') as caught:
            shift_sound(film, target, 0.1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert caught.value.reason == 'unwritable'
    assert in_folder(tmp_path) == ['a.mov']
    assert target.read_text() == 'old'


def test_names_with_spaces_and_unicode(films, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    film = Path('12:30 Stück.mp4')  # looks like a protocol
    film.write_bytes(Path(films('plain.mp4').path).read_bytes())
    shift_sound(film, 'zwölf: 日本 #1%20.mp4', 0.1)
    assert probe('zwölf: 日本 #1%20.mp4').audio_codec == 'aac'
