"""The tracks of a film: which ones are meant, and which a copy can hold."""

import io
import os
import re

import av
from av.stream import Disposition

from .containers import no_sound, open_container, packets
from .errors import MediaError

# Ending of the name: libavformat's name of the container.
FORMATS = {
    '.mp4': 'mp4',
    '.m4v': 'mp4',
    '.mov': 'mov',
    '.mkv': 'matroska',
    '.webm': 'webm',
    '.ts': 'mpegts',
    '.avi': 'avi',
}
# All that libavformat reads again from a transport stream; it would write
# anything.
_TRANSPORT = re.compile(
    'mpeg[124]|mpeg2video|mpeg1video|h264|hevc|vvc|aac|mp[123]|ac3|eac3|'
    'opus|dts|dvb_subtitle|dvb_teletext'
)
# Pictures after which a stream that has shown only one counts as still.
_MANY = 50
_PCM = re.compile(r'pcm_[suf](8|16|24|32|64)(le|be)?')
# Written anew by the muxers.
_STALE = re.compile(
    r'DURATION|BPS|NUMBER_OF_|_STATISTICS_|encoder|major_brand|'
    r'minor_version|compatible_brands'
)


def choose_video(container, path: str):
    """The film among the streams of pictures, None if there is none: the first
    that is marked as default, else the largest. Cover pictures and thumbnails
    do not move and are none."""
    films = [
        stream
        for stream in container.streams.video
        if stream.codec_context
        and not stream.disposition & Disposition.attached_pic
    ]
    if len(films) > 1:
        films = _moving(path, films) or films

    def rank(stream):
        marked = bool(stream.disposition & Disposition.default)
        return marked, 0 if marked else stream.width * stream.height

    return max(films, key=rank, default=None)


def _moving(path: str, streams: list) -> list:
    """Those that have a second picture before another has many."""
    seen = dict.fromkeys((stream.index for stream in streams), 0)
    with open_container(path) as container:
        tracks = [container.streams[index] for index in seen]
        for packet in packets(container, tracks):
            seen[packet.stream.index] += packet.size > 0
            if min(seen.values()) > 1 or max(seen.values()) > _MANY:
                break
    return [stream for stream in streams if seen[stream.index] > 1]


def choose_audio(container, path: str, picture, track: int = 0) -> tuple:
    """An audio stream of the programme of the pictures, counted from 0, and
    their number; MediaError if there are not so many."""
    if track < 0:
        raise ValueError(f'audio_track must be 0 or more, got {track}')
    streams = [
        stream
        for stream in container.streams.audio
        if stream.codec_context and same_programme(stream, picture)
    ]
    if track < len(streams):
        return streams[track], len(streams)
    if track:
        raise no_sound(path, len(streams), track)
    return None, 0


def same_programme(stream, picture) -> bool:
    """Whether a stream belongs to the programme of the pictures; a transport
    stream may hold several."""
    if picture is None or stream.type not in ('video', 'audio', 'subtitle'):
        return True
    # PyAV does not tell programmes, but what is the best of one.
    best = stream.container.streams.best
    return best(stream.type, stream) is best(stream.type, picture)


def kind_of(path: str) -> str | None:
    """The container that the ending of a name stands for."""
    return FORMATS.get(os.path.splitext(path)[1].lower())


def pcm_width(stream) -> int:
    """Bytes of one instant of all channels; 0 if the sound is compressed."""
    context = stream.codec_context
    pcm = _PCM.fullmatch(context.codec.canonical_name)
    return int(pcm[1]) // 8 * context.layout.nb_channels if pcm else 0


def add_tracks(
    film, picture, source: str, out, target: str
) -> tuple[dict, list]:
    """Add to ``out`` a track for every one of the film's programme.

    Returns the new track of each old one, and a name for each of those that
    are left out (neither picture, sound nor subtitles); MediaError if a track
    that matters cannot be held.
    """
    form = out.format.name
    tracks, left_out = {}, []
    for stream in film.streams:
        if not same_programme(stream, picture):
            left_out.append(f'{stream.type} of another programme')
            continue
        cover = stream.disposition & Disposition.attached_pic
        matters = stream.type in ('video', 'audio', 'subtitle')
        matters = matters and stream.codec_context and not cover
        if not _holds(form, stream):
            if matters:
                raise _refused(film, source, stream, target)
            kind = 'cover picture' if cover else stream.type
            if 'timecode' in stream.metadata:
                if _keeps_timecode(form, film):
                    continue
                kind = 'timecode'
            left_out.append(kind)
            continue
        new = tracks[stream] = out.add_stream_from_template(
            stream, opaque=True
        )
        new.disposition = stream.disposition
        new.metadata.update(_fresh(stream.metadata))
        if not stream.codec_context:
            continue
        # Apple's players want this one of the two tags of H.265.
        if stream.codec_context.codec_tag == 'hvc1' and form in ('mp4', 'mov'):
            new.codec_context.codec_tag = 'hvc1'
    out.metadata.update(_fresh(film.metadata))
    return tracks, left_out


def _keeps_timecode(form: str, film) -> bool:
    """Whether the muxer writes a track of timecodes, or a tag, by itself."""
    tagged = any('timecode' in s.metadata for s in film.streams.video)
    return form != 'mpegts' and tagged


def _fresh(metadata: dict) -> dict:
    return {k: v for k, v in metadata.items() if not _STALE.match(k)}


def _holds(form: str, stream) -> bool:
    """Whether a container can hold a copy of a track."""
    if stream.disposition & Disposition.attached_pic:
        if form not in ('mp4', 'mov'):
            return False  # it would become a film of one picture
    elif stream.type == 'attachment':
        return form == 'matroska'
    elif stream.type == 'data':
        return False
    if stream.codec_context is None:
        return False
    name = stream.codec_context.codec.canonical_name
    if form == 'mpegts' and not _TRANSPORT.fullmatch(name):
        return False
    with av.open(io.BytesIO(), 'w', format=form) as trial:
        try:
            trial.add_stream_from_template(stream, opaque=True)
        except (ValueError, av.FFmpegError):
            return False
    return True


def _refused(film, source: str, stream, target: str) -> MediaError:
    matter = [
        s
        for s in film.streams
        if s.type in ('video', 'audio', 'subtitle') and s.codec_context
    ]
    own = os.path.splitext(source)[1].lower()
    for ending in (own, '.mkv', '.mp4', '.mov'):
        if ending in FORMATS and all(
            _holds(FORMATS[ending], s) for s in matter
        ):
            remedy = f'write {ending} instead'
            break
    else:
        remedy = 'convert the film first'
    name = stream.codec_context.codec.canonical_name
    return unsupported(
        target, f'this container cannot hold {stream.type} in {name}', remedy
    )


def unsupported(target: str, cause: str, remedy: str) -> MediaError:
    """The error for a target that cannot be made of the film."""
    return MediaError(
        f'{target}: cannot be written ({cause}); {remedy}',
        target,
        'unsupported',
    )
