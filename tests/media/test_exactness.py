"""Of every kind of file the picture on screen is the one that is read, and a
flash and a click of the same instant stay together."""

import sys

import av
import numpy as np
import pytest
from media_files import cut, find_click, is_bright, read_number, render

from avts_mm.media import open_audio, open_video

UNEVEN = np.cumsum([0, *[0.02, 0.05, 0.033, 0.08, 0.04, 0.1] * 10, 0.04])
VFR = dict(times=UNEVEN, events=(9, 20, 33, 49), audio_seconds=3.3)
OPEN_GOP = dict(
    b_frames=2,
    video_options={
        'x264-params': 'open-gop=1:keyint=12:min-keyint=12:scenecut=0'
    },
)
FLAC = dict(audio='flac')
MP3 = dict(audio='libmp3lame')
PCM = dict(audio='pcm_s16le')

# name with ending: how it is made
KINDS = {
    'plain.mp4': {},
    'late_sound.mp4': dict(audio_start=0.119),
    'late_picture.mp4': dict(video_start=0.52),
    'late_picture_b.mp4': dict(video_start=0.52, b_frames=2),
    'b_frames.mp4': dict(b_frames=2),
    'one_key_frame.mp4': dict(b_frames=3, gop=250),
    'no_edit_list.mp4': dict(
        b_frames=2, container_options={'use_editlist': '0'}
    ),
    'fragmented.mp4': dict(
        b_frames=2,
        container_options={'movflags': 'frag_keyframe+empty_moov+delay_moov'},
    ),
    'open_gop.mp4': OPEN_GOP,
    'vfr.mp4': VFR,
    'vfr_b.mp4': dict(VFR, b_frames=2),
    'ntsc.mp4': dict(fps='30000/1001'),
    'slow.mp4': dict(fps=15, events=(7, 16, 29, 38), b_frames=2),
    'stereo44.mp4': dict(rate=44100, layout='stereo'),
    'mono16.mp4': dict(rate=16000),
    'mp3.mp4': dict(MP3, rate=44100, layout='stereo'),
    'opus.mp4': dict(audio='libopus'),
    'flac.mp4': FLAC,
    'hevc.mp4': dict(video='libx265'),
    'av1.mp4': dict(
        video='libsvtav1',
        video_options={'preset': '12', 'svtav1-params': 'lp=1'},
    ),
    'vp9.mp4': dict(video='libvpx-vp9'),
    'mpeg4.mp4': dict(video='mpeg4'),
    'mpeg4_b.mp4': dict(video='mpeg4', b_frames=2),
    'pcm.mov': PCM,
    'flac.mkv': FLAC,
    'surround96.mkv': dict(FLAC, rate=96000, layout='5.1'),
    'speech8.mp4': dict(rate=8000),
    'b_frames.mkv': dict(FLAC, b_frames=2),
    'late_sound.mkv': dict(FLAC, b_frames=2, audio_start=0.119),
    'late_picture.mkv': dict(FLAC, b_frames=2, video_start=0.52),
    'open_gop.mkv': dict(FLAC, **OPEN_GOP),
    'vfr.mkv': dict(FLAC, b_frames=2, **VFR),
    'mpeg4_b.mkv': dict(FLAC, video='mpeg4', b_frames=2),
    # Readers that ignore Matroska's CodecDelay, as decord's AudioReader, get
    # AAC 1024 samples late (64 ms at 16 kHz) and Opus 7 ms; the files are
    # right, and PyAV (FFmpeg 8) drops the encoder's lead-in.
    'aac.mkv': {},
    'aac16.mkv': dict(rate=16000),
    'aac16_late.mkv': dict(rate=16000, video_start=0.52),
    'opus.mkv': dict(audio='libopus'),
    'mp3.mkv': MP3,
    'vp9.webm': dict(video='libvpx-vp9', audio='libopus'),
    'vp8.webm': dict(video='libvpx', audio='vorbis', layout='stereo'),
    'pcm.avi': dict(PCM, video='mpeg4'),
    'mp3.avi': dict(MP3, video='mpeg4'),
    'mjpeg.avi': dict(PCM, video='mjpeg'),
    'mpeg4_b.avi': dict(PCM, video='mpeg4', b_frames=2),
    'h264_b.avi': dict(PCM, b_frames=2),
    'plain.ts': {},
    'b_frames.ts': dict(b_frames=2),
    'late_sound.ts': dict(b_frames=2, audio_start=0.119),
    'late_picture.ts': dict(b_frames=2, video_start=0.52),
    'open_gop.ts': OPEN_GOP,
    'mpeg2.ts': dict(video='mpeg2video', audio='mp2', b_frames=2),
    'mpeg1.mpg': dict(video='mpeg1video', audio='mp2', rate=44100, b_frames=2),
    'mpeg2.vob': dict(video='mpeg2video', audio='mp2', b_frames=2),
    'b_frames.flv': dict(b_frames=2),
    'wmv2.wmv': dict(video='wmv2', audio='wmav2', layout='stereo', rate=44100),
}
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
    folder, made = tmp_path_factory.mktemp('exactness'), {}

    def get(name):
        if name not in made:
            path = folder / name
            if name in CUTS:
                at, b_frames = CUTS[name]
                events = (12, 27, 49, 63, 90, 111)
                long = render(
                    folder / f'long{b_frames}.mp4',
                    seconds=5,
                    events=events,
                    b_frames=b_frames,
                )
                made[name] = cut(long, path, at)
            else:
                options = KINDS[name]
                for codec in (options.get('video'), options.get('audio')):
                    if codec and codec not in av.codec.codecs_available:
                        pytest.skip(f'PyAV has no {codec}')
                made[name] = render(path, **options)
        return made[name]

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
