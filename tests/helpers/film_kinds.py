"""Films of all kinds of containers, codecs and times."""

import av
import numpy as np
import pytest
from media_files import Truth, render

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
    'pcm.mkv': PCM,
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


def render_kind(path, **changes) -> Truth:
    """Encode the film of this name; skips where PyAV cannot."""
    options = {**KINDS[path.name], **changes}
    for codec in (options.get('video'), options.get('audio')):
        if codec and codec not in av.codec.codecs_available:
            pytest.skip(f'PyAV has no {codec}')
    return render(path, **options)
