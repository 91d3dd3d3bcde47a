"""Small media files whose truth is known, for tests.

Every picture carries its own number as a row of black and white blocks; at
some instants the lower half flashes and a click begins, both at the very same
presentation time.
"""

import contextlib
import struct
import wave
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from avts_mm.media import open_audio, open_video

WIDTH, HEIGHT = 64, 48
_BITS = 8


@dataclass
class Truth:
    """What a file shows and sounds.

    Attributes:
        path (str): The file.
        times (np.ndarray): Seconds at which each picture begins; the first
            is 0.
        numbers (np.ndarray): The number each picture carries.
        events (np.ndarray): Seconds of the flashes and clicks.
        end (float): Seconds at which the last picture ends.
    """

    path: str
    times: np.ndarray
    numbers: np.ndarray
    events: np.ndarray = field(default_factory=lambda: np.zeros(0))
    end: float = 0.0


def picture(number: int, bright: bool) -> np.ndarray:
    """A ``(48, 64, 3)`` uint8 picture that carries ``number``."""
    image = np.full((HEIGHT, WIDTH, 3), 255 if bright else 40, np.uint8)
    bits = (number >> np.arange(_BITS)) & 1
    row = np.repeat(bits, WIDTH // _BITS) * 215 + 20
    image[: HEIGHT // 2] = row[None, :, None]
    return image


def read_number(image: np.ndarray) -> int:
    """The number that a decoded picture carries."""
    rows = image[4 : HEIGHT // 2 - 4].mean((0, 2))
    blocks = rows.reshape(_BITS, -1)[:, 2:-2].mean(1)
    return int(((blocks > 128) << np.arange(_BITS)).sum())


def is_bright(image: np.ndarray) -> bool:
    """Whether the flash is on in a decoded picture."""
    return image[HEIGHT // 2 + 4 :].mean() > 150


def click(rate: int) -> np.ndarray:
    """10 ms of a decaying sweep, which survives lossy codecs."""
    t = np.arange(round(0.01 * rate)) / rate
    phase = 2 * np.pi * (400 * t + 0.5 * 2e5 * t**2)
    return (0.8 * np.sin(phase) * np.exp(-t / 0.003)).astype(np.float32)


def find_click(sound: np.ndarray, rate: int) -> float:
    """Second at which the loudest click begins, to a tenth of a sample."""
    template = click(rate)
    score = np.correlate(sound, template, 'valid')
    best = int(np.argmax(score))
    if 0 < best < len(score) - 1:
        a, b, c = score[best - 1 : best + 2]
        return (best + 0.5 * (a - c) / (a - 2 * b + c)) / rate
    return best / rate


def soundtrack(events, seconds: float, rate: int) -> np.ndarray:
    """Mono float32 with a click at each event over faint noise."""
    rng = np.random.default_rng(0)
    sound = rng.normal(0, 1e-3, round(seconds * rate)).astype(np.float32)
    fine = 16  # clicks begin between samples, too
    for event in events:
        first = int(np.ceil(event * rate - 1e-9))
        shift = round((first - event * rate) * fine)
        burst = click(rate * fine)[shift::fine]
        burst = burst[: len(sound) - first]
        sound[first : first + len(burst)] += burst
    return sound


def render(
    path,
    video: str | None = 'libx264',
    audio: str | None = 'aac',
    *,
    fps=25,
    seconds: float = 3.0,
    events=(12, 27, 49, 63),
    rate: int = 48000,
    layout: str = 'mono',
    gop: int = 12,
    b_frames: int = 0,
    video_start: float = 0.0,
    audio_start: float = 0.0,
    audio_seconds: float | None = None,
    times=None,
    video_options: dict | None = None,
    container_options: dict | None = None,
    rotation: int = 0,
    size: tuple[int, int] = (WIDTH, HEIGHT),
    format: str | None = None,
) -> Truth:
    """Encode a test file.

    Args:
        path: File to write; its ending chooses the container.
        video: Encoder, or None for no pictures.
        audio: Encoder, or None for no sound.
        fps: Pictures per second.
        seconds: Length.
        events: Numbers of the pictures at which it flashes and clicks.
        rate: Hz of the sound.
        layout: Channel layout.
        gop: Pictures from key frame to key frame.
        b_frames: B-frames in a row.
        video_start: Container time of the first picture.
        audio_start: Container time at which the sound track begins; what
            would have been heard before is cut off.
        audio_seconds: Length of the sound on the video's clock.
        times: When each picture begins (variable frame rate), instead of
            ``fps``; multiples of 1 ms.
        video_options: Further options of the encoder.
        container_options: Options of the muxer.
        rotation: Counter-clockwise degrees, written as metadata.
        size: Width and height.
        format: Container, where the ending does not tell.
    """
    fps = Fraction(fps)
    base = Fraction(1, 1000) if times is not None else 1 / fps
    if times is None:
        ticks = np.arange(round(seconds * fps))
    else:
        ticks = np.round(np.asarray(times) * 1000).astype(int)
    begins = ticks * float(base)
    moments = begins[list(events)]
    with av.open(
        str(path), 'w', format=format, options=container_options or {}
    ) as out:
        packets = []
        if video:
            stream = out.add_stream(video, rate=fps)
            stream.width, stream.height = size
            stream.pix_fmt = 'yuv420p'
            context = stream.codec_context
            context.gop_size = gop
            context.max_b_frames = b_frames
            context.time_base = base
            if video != 'libsvtav1':  # refuses it at its default mode
                context.bit_rate = 400_000
            context.thread_count = 1
            options = {'strict': 'experimental'}
            if video == 'libx264':
                options.update({'sc_threshold': '0', 'keyint_min': str(gop)})
            if video == 'libx265':
                options['x265-params'] = f'log-level=none:keyint={gop}'
            if video == 'mpeg4':
                options['sc_threshold'] = '1000000000'
            if video == 'libvpx-vp9':
                options.update({'cpu-used': '8', 'deadline': 'realtime'})
            options.update(video_options or {})
            stream.options = options
            if rotation:
                if not hasattr(type(stream), 'set_display_rotation'):
                    pytest.skip('PyAV before 18 cannot write rotations')
                stream.set_display_rotation(rotation)
        if audio:
            sound_stream = out.add_stream(audio, rate=rate, layout=layout)
            sound_stream.codec_context.thread_count = 1
            if audio.startswith('wma'):
                sound_stream.codec_context.bit_rate = 64_000
            if audio in ('vorbis', 'opus'):
                sound_stream.options = {'strict': 'experimental'}
        if video:
            shift = round(video_start / base)
            for number, tick in enumerate(ticks):
                flash = np.any(
                    (moments <= begins[number] + 1e-9)
                    & (begins[number] < moments + 0.11)
                )
                image = picture(number % 256, flash)
                if size != (WIDTH, HEIGHT):
                    image = np.resize(image, (size[1], size[0], 3))
                frame = av.VideoFrame.from_ndarray(image, 'rgb24')
                frame.pts = int(tick) + shift
                frame.time_base = base
                packets += stream.encode(frame)
            packets += stream.encode(None)
        if audio:
            packets += _encode_sound(
                sound_stream,
                moments,
                audio_seconds or seconds,
                video_start,
                audio_start,
            )
        packets.sort(key=lambda p: p.dts * p.time_base)
        for packet in packets:
            out.mux(packet)
    last = np.diff(begins)[-1] if len(begins) > 1 else 1 / float(fps)
    return Truth(
        str(path),
        begins,
        np.arange(len(begins)) % 256,
        moments,
        float(begins[-1] + last),
    )


def _encode_sound(stream, moments, seconds, video_start, audio_start) -> list:
    rate = stream.codec_context.sample_rate
    sound = soundtrack(moments, seconds, rate)
    offset = round((audio_start - video_start) * rate)
    if offset > 0:
        sound = sound[offset:]
    else:
        sound = np.concatenate([np.zeros(-offset, np.float32), sound])
    channels = stream.codec_context.layout.nb_channels
    frame = av.AudioFrame.from_ndarray(
        np.repeat(sound, channels)[None],
        'flt',
        stream.codec_context.layout.name,
    )
    frame.sample_rate = rate
    frame.pts = round(audio_start * rate)
    frame.time_base = Fraction(1, rate)
    resampler = av.AudioResampler(
        stream.codec_context.format,
        stream.codec_context.layout,
        rate,
        stream.codec_context.frame_size or 1024,
    )
    packets = []
    for part in resampler.resample(frame) + resampler.resample(None):
        packets += stream.encode(part)
    return packets + stream.encode(None)


def write_media(path, codec, blocks, rate, layout='mono', form='fltp'):
    """Encode sound; ``blocks`` are pairs of a second and what is heard from
    then on, samples ``(channels, S)``."""
    with av.open(str(path), 'w') as out:
        stream = out.add_stream(codec, rate=rate, layout=layout)
        resampler = av.AudioResampler(
            stream.codec_context.format, layout, rate
        )
        for second, samples in blocks:
            frame = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(samples, np.float32), form, layout
            )
            frame.sample_rate = rate
            frame.pts = round(second * rate)
            frame.time_base = Fraction(1, rate)
            for part in resampler.resample(frame):
                for packet in stream.encode(part):
                    out.mux(packet)
        for packet in stream.encode(None):
            out.mux(packet)
    return str(path)


@contextlib.contextmanager
def copied(source, path, move=lambda packet: 0.0):
    """Copy the packets, each by some seconds later, or not at all (None);
    yields the files before, when the source can still be sought and tracks be
    added to the copy."""
    with av.open(str(source)) as old, av.open(str(path), 'w') as new:
        tracks = {s: new.add_stream_from_template(s) for s in old.streams}
        yield old, new
        for packet in old.demux():
            late = None if packet.dts is None else move(packet)
            if late is not None:
                ticks = round(late / packet.time_base)
                packet.pts, packet.dts = packet.pts + ticks, packet.dts + ticks
                packet.stream = tracks[packet.stream]
                new.mux(packet)


def cut(source: Truth, path, at: float) -> Truth:
    """Copy a file without re-encoding, from ``at`` seconds on.

    The copy has to begin with a key frame; what lies before ``at`` becomes,
    in mp4, an edit list.
    """
    with copied(source.path, path, lambda packet: -at) as (old, _):
        old.seek(round(at * av.time_base))
    first = int(np.searchsorted(source.times, at - 1e-9))
    if not str(path).endswith('.mp4'):  # nothing is hidden
        with av.open(source.path) as old:
            keys = [
                float(p.pts * p.time_base)
                for p in old.demux(video=0)
                if p.is_keyframe and p.pts is not None
            ]
        key = max(k for k in keys if k <= at + 1e-9)
        first = int(np.searchsorted(source.times, key - 1e-9))
    zero = source.times[first]
    return Truth(
        str(path),
        source.times[first:] - zero,
        source.numbers[first:],
        source.events[source.events > zero] - zero,
        source.end - zero,
    )


def write_wave(path, sound, rate=16000, width=2) -> str:
    """``sound`` is (S,) or (S, channels), full scale 1."""
    sound = np.atleast_2d(np.asarray(sound).T).T
    scaled = np.round(sound * (2 ** (8 * width - 1) - 1)).astype('<i4')
    raw = scaled.view(np.uint8).reshape(*sound.shape, 4)[..., :width]
    with wave.open(str(path), 'wb') as file:
        file.setnchannels(sound.shape[1])
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(raw.tobytes())
    return str(path)


def truncate(path, share: float, target=None) -> str:
    """Keep only the first part of a file, or copy only that."""
    content = Path(path).read_bytes()
    target = Path(target or path)
    target.write_bytes(content[: int(share * len(content))])
    return str(target)


def with_sound(path, samples, **options) -> str:
    """Pictures with a sound of 16 kHz, samples ``(S,)`` or ``(2, S)``."""
    path = Path(path)
    track = path.with_suffix('.sound.mkv')
    samples = np.atleast_2d(samples)
    layout = 'mono' if len(samples) == 1 else 'stereo'
    write_media(track, 'pcm_f32le', [(0, samples)], 16000, layout, 'fltp')
    picture = render(path.with_suffix('.mp4'), audio=None, **options)
    return merge(path, picture, replace(picture, path=str(track)))


def clicks(path, moments, **kwargs):
    """When the clicks nearest to some moments begin."""
    found = []
    with open_audio(path, **kwargs) as reader:
        for moment in moments:
            start = max(moment - 0.15, 0.0)
            sound = reader.read(start, 0.3, 48000)
            found.append(start + find_click(sound, 48000))
    return np.array(found)


def flashes(path, moments):
    """When the pictures on which the flashes begin begin."""
    found = []
    with open_video(path) as reader:
        for moment in moments:
            frames, begins = reader.pictures(
                moment + np.arange(-0.06, 0.1, 0.01)
            )
            bright = [is_bright(frame) for frame in frames]
            assert not bright[0]
            found.append(begins[bright.index(True)])
    return np.array(found)


def merge(
    path,
    first: Truth,
    *others: Truth,
    kinds=('audio', 'subtitle'),
    marks=(),
) -> str:
    """Copy the tracks of the first file and those of some kinds of the others
    into one file; ``marks`` are the dispositions of its pictures."""
    with contextlib.ExitStack() as stack:
        out = stack.enter_context(av.open(str(path), 'w'))
        packets, streams = [], {}
        for number, truth in enumerate((first, *others)):
            file = stack.enter_context(av.open(truth.path))
            for stream in file.streams:
                if number == 0 or stream.type in kinds:
                    streams[stream] = out.add_stream_from_template(stream)
            packets += [
                packet
                for packet in file.demux()
                if packet.dts is not None and packet.stream in streams
            ]
        for stream, mark in zip(out.streams.video, marks):
            stream.disposition = mark
        packets.sort(key=lambda p: p.dts * p.time_base)
        for packet in packets:
            packet.stream = streams[packet.stream]
            out.mux(packet)
    return str(path)


def multiplex(path, *options: dict) -> list[Truth]:
    """A transport stream of several programmes, each rendered."""
    films, parts, table = [], [], b''
    for number, each in enumerate(options, 1):
        pids = dict(
            mpegts_service_id=str(number),
            mpegts_start_pid=str(256 * number),
            mpegts_pmt_start_pid=str(4096 + number),
        )
        films.append(render(path, container_options=pids, **each))
        table += struct.pack('>HH', number, 0xE000 | 4096 + number)
        data = Path(path).read_bytes()
        blocks = [data[i : i + 188] for i in range(0, len(data), 188)]
        # Without the tables that name the one programme.
        blocks = [b for b in blocks if (b[1] & 31) << 8 | b[2] not in (0, 17)]
        parts += [(i / len(blocks), block) for i, block in enumerate(blocks)]
    head = struct.pack('>BHHBBB', 0, 0xB009 + len(table), 1, 0xC1, 0, 0)
    checksum = 0xFFFFFFFF
    for byte in head + table:
        checksum ^= byte << 24
        for _ in range(8):
            checksum = checksum << 1 ^ (checksum >> 31) * 0x104C11DB7
    section = b'\0' + head + table + checksum.to_bytes(4, 'big')
    with open(path, 'wb') as out:
        for count, (_, block) in enumerate(sorted(parts, key=lambda p: p[0])):
            if count % 64 == 0:
                mark = bytes([0x47, 0x40, 0, 0x10 | count // 64 % 16])
                out.write((mark + section).ljust(188, b'\xff'))
            out.write(block)
    return films


def set_edits(source: Truth, path, edits: dict) -> str:
    """Copy an mp4, replacing the entries (duration, media time; in ticks) of
    its edit lists by handler type (``b'vide'``, ``b'soun'``)."""

    def boxes(data):
        place = 0
        while place + 8 <= len(data):
            size, kind = struct.unpack_from('>I4s', data, place)
            yield kind, data[place + 8 : place + size]
            place += size

    def box(kind, body):
        return struct.pack('>I4s', len(body) + 8, kind) + body

    def track(body):
        handler = body[body.index(b'hdlr') + 12 :][:4]
        if handler not in edits:
            return body
        entries = edits[handler]
        elst = struct.pack('>II', 0, len(entries))
        for duration, media_time in entries:
            elst += struct.pack('>IiI', duration, media_time, 65536)
        return b''.join(
            box(kind, box(b'elst', elst) if kind == b'edts' else part)
            for kind, part in boxes(body)
        )

    out = b''
    with open(source.path, 'rb') as file:
        data = file.read()
    for kind, body in boxes(data):
        if kind == b'moov':
            body = b''.join(
                box(k, track(part) if k == b'trak' else part)
                for k, part in boxes(body)
            )
        out += box(kind, body)
    with open(path, 'wb') as file:
        file.write(out)
    return str(path)
