"""Copying the packets of a film, with one audio track moved."""

from collections.abc import Iterator
from fractions import Fraction

import av
from av.stream import Stream

from .containers import (
    audio_stream,
    error_cause,
    packets,
    video_stream,
)
from .errors import MediaError
from .probe import probe
from .tracks import add_tracks, kind_of, pcm_width, unsupported

# Containers whose edit lists hide the beginning of a track.
_HIDING = ('mp4', 'mov')
# Seconds of sound kept before the first that is heard, where it can be
# hidden: Opus wants 0.08 for its decoder to settle, MP3 takes as much.
_PRE_ROLL = 0.1
# The same where it cannot be hidden: one packet, which is nearly silent if the
# encoder put it there.
_LEAD = 0.03
# Seconds, beyond the length of a packet, by which the sound of the written
# file may begin elsewhere than meant: what encoders put before it.
_SLACK = 0.1
# Pictures at the beginning whose decoding time may be unknown.
_MOST_UNTIMED = 64


def outside(path: str, seconds: float) -> MediaError:
    """The error for a shift that leaves no sound."""
    early = seconds > 0
    return MediaError(
        f'{path}: all sound would be heard '
        f'{"before the first" if early else "after the last"} picture if it '
        f'came {abs(seconds):g} s {"earlier" if early else "later"}; ask for '
        'a smaller shift',
        path,
        'too_short',
    )


class FilmCopy:
    """One run: a film and the clock of its copy, in which the first picture
    or sound, whichever is earlier, is at 0.

    Attributes:
        moved (float): Seconds by which the sound is heard later.
        left_out (list[str]): Kinds of tracks that are not copied.
    """

    def __init__(self, film, info, target, seconds) -> None:
        self.film, self.info, self.target = film, info, target
        self.form = kind_of(target)
        self.picture = video_stream(film, info)
        self.sound = audio_stream(film, info)
        self.width = pcm_width(self.sound)
        if self.form == 'avi' and not self.width:
            raise unsupported(
                target,
                'AVI has no times for sound, so that only PCM can be moved',
                'write .mkv instead',
            )
        # To the sample also where the film counts milliseconds or packets.
        self.base = Fraction(1, self.sound.codec_context.sample_rate)
        self.base = min(self.base, self.sound.time_base)
        self.moved = float(round(-seconds / self.base) * self.base)
        # As libavformat counts; see MediaInfo.picture_shift.
        self.zero = info.zero
        self.begin = 0.0
        if self.form != 'avi':
            self.begin = min(self.zero, info.audio_start)
        # Where the sound would begin if nothing were lost.
        self.ideal = info.audio_start - info.picture_shift
        self.ideal += self.moved - self.begin
        self.first_picture = float('inf')
        self.first_sound: Fraction | None = None
        self.longest = 0.0  # packet of the sound
        self.left_out: list[str] = []

    def write(self, part: str) -> None:
        options = {}
        if self.form in _HIDING:
            # Pauses before a track are counted in these ticks.
            rate = self.sound.codec_context.sample_rate
            options['movie_timescale'] = str(rate)
        with av.open(part, 'w', format=self.form, options=options) as out:
            tracks, self.left_out = add_tracks(
                self.film, self.picture, self.info.path, out, self.target
            )
            if self.film.chapters():
                out.set_chapters(self._chapters())
            try:
                out.start_encoding()
            except (PermissionError, FileNotFoundError):
                raise
            except (av.FFmpegError, ValueError) as error:
                cause = f'the container refuses a track: {error_cause(error)}'
                raise unsupported(
                    self.target, cause, 'write .mkv instead'
                ) from None
            for packet in self._moved_packets(list(tracks)):
                packet.stream = tracks[packet.stream]
                out.mux(packet)
        if self.first_sound is None:
            raise outside(self.info.path, -self.moved)

    def _chapters(self) -> list:
        chapters = self.film.chapters()
        for chapter in chapters:
            ticks = round(self.begin / chapter['time_base'])
            for name in ('start', 'end'):
                chapter[name] = max(0, chapter[name] - ticks)
        return chapters

    def _moved_packets(self, streams) -> Iterator:
        """The packets of the copy, with their times and their old stream."""
        for packet in self._timed_packets(streams):
            stream = packet.stream
            if stream is self.sound:
                _recount(packet, self.base)
            base = packet.time_base
            ticks = -round(self.begin / base)
            if stream is not self.picture:
                # The edit list's correction of the pictures, reversed.
                ticks -= round(self.info.picture_shift / base)
            if stream is self.sound:
                ticks += round(self.moved / base)
            packet.pts += ticks
            packet.dts += ticks
            if stream is self.sound:
                yield from self._audible(packet)
                continue
            if stream is self.picture:
                begin = float(packet.pts * packet.time_base)
                self.first_picture = min(begin, self.first_picture)
            yield packet

    def _audible(self, packet) -> Iterator:
        """The packet, what can be heard of it, or nothing."""
        base, stream = packet.time_base, packet.stream
        begin = packet.pts * base
        end = begin + (packet.duration or 0) * base
        self.longest = max(self.longest, float(end - begin))
        first = self.first_sound is None
        if self.ideal > 0 and end < self.ideal - _LEAD:
            return  # hidden in the source
        if self.form in _HIDING:
            if end <= -_PRE_ROLL:
                return
            if end > 0:
                self.first_sound = begin if first else self.first_sound
            yield packet
            return
        rate = stream.codec_context.sample_rate
        if begin < 0 and self.width:
            data = bytes(packet)[round(-begin * rate) * self.width :]
            if not data:
                return
            packet = _sound(data, packet, 0)
        elif begin < 0:
            return
        if first and self.form == 'avi':
            # The sound of an AVI begins with the file.
            yield from self._silence(packet, round(begin * rate))
        self.first_sound = begin if first else self.first_sound
        yield packet

    def _silence(self, packet, count: int) -> Iterator:
        name = self.sound.codec_context.codec.canonical_name
        value = b'\x80' if name == 'pcm_u8' else b'\0'
        rate = self.sound.codec_context.sample_rate
        for place in range(0, count, 1024):
            data = value * (min(1024, count - place) * self.width)
            yield _sound(data, packet, round(place / rate / packet.time_base))

    def _timed_packets(self, streams) -> Iterator:
        """The packets of the film, all of them with both times."""
        waiting: dict[Stream, list[av.Packet]] = {s: [] for s in streams}
        try:
            for packet in packets(self.film, streams):
                if packet.pts is None and packet.dts is None:
                    if not packet.size:
                        continue  # only flushes a decoder
                    raise MediaError(
                        f'{self.info.path}: does not tell when its packets '
                        'are due; convert it first',
                        self.info.path,
                        'unsupported',
                    )
                if packet.pts is None or self.info.container == 'avi':
                    packet.pts = packet.dts
                group = waiting[packet.stream]
                group.append(packet)
                if packet.dts is not None or len(group) == _MOST_UNTIMED:
                    yield from self._decodable(group)
                    group.clear()
        except av.FFmpegError as error:
            raise MediaError(
                f'{self.info.path}: cannot be read to its end '
                f'({error_cause(error)}); fetch it again',
                self.info.path,
                'undecodable',
            ) from None
        for group in waiting.values():
            yield from self._decodable(group)

    def _decodable(self, group: list) -> list:
        """Packets of one track, of which only the last may know when it is
        decoded. Matroska does not tell; libavformat finds it out for all but
        the first pictures."""
        if group and group[-1].dts is None:
            for packet in group:
                packet.dts = packet.pts
        for packet, after in zip(group[-2::-1], group[:0:-1], strict=True):
            if packet.dts is None:
                length = packet.duration
                if not length:
                    length = round(1 / (self.info.fps or 25) / after.time_base)
                packet.dts = after.dts - length
        return list(group)

    def verify(self, part: str, audio_track: int) -> float:
        """Look at what was written: seconds of sound that are lost."""
        info, zero = self.info, self.zero - self.begin
        if info.has_edits and self.form not in _HIDING:
            zero = self.first_picture  # what was hidden is seen now
        expected = 0.0 if self.form == 'avi' else max(self.ideal, 0.0)
        try:
            found = probe(part, audio_track=audio_track)
        except MediaError:
            found = None
        # mp4 has one name for both.
        other = 'mp3' if info.audio_codec == 'mp2' else None
        begin = found.audio_start - found.video_start if found else 0.0
        if (
            found is None
            or found.video_codec != info.video_codec
            or found.audio_codec not in (info.audio_codec, other)
            or found.audio_tracks != info.audio_tracks
            or abs(begin - expected + zero) > _SLACK + self.longest
        ):
            raise unsupported(
                self.target,
                'picture and sound would not be found where they belong',
                'write .mkv instead, or convert the film first',
            )
        late = begin - self.ideal + zero
        return max(0.0, late) if self.ideal < 0 else 0.0


def _recount(packet, base: Fraction) -> None:
    """Give the times of a packet in ticks of ``base``."""
    factor = packet.time_base / base
    packet.pts = round(packet.pts * factor)
    packet.dts = round(packet.dts * factor)
    packet.duration = round((packet.duration or 0) * factor)
    packet.time_base = base


def _sound(data: bytes, like, time: int):
    """A packet of PCM, at ``time`` of the clock of another one."""
    packet = av.Packet(data)
    packet.time_base, packet.stream = like.time_base, like.stream
    packet.pts = packet.dts = time
    packet.is_keyframe = True
    return packet
