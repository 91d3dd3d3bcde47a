"""One video in, one prepared video and its sound out."""

import os
from collections.abc import Callable
from typing import NoReturn

import av
import numpy as np

from .audio import channels, mean
from .containers import audio_stream, open_container, video_stream
from .errors import MediaError
from .options import Prepared, PrepareOptions, find_fault
from .presentation import PictureClock, PictureGraph
from .probe import probe
from .sound import (
    MAX_GAP,
    LoudnessMeter,
    SoundDecoder,
    SoundTimeline,
    WavWriter,
)
from .writer import VideoWriter

# Containers that can be entered in the middle without doubt about time, and
# those that tell their length, so that a file cut short is recognised.
_INDEXED = {'mov', 'matroska'}
_DECLARED = _INDEXED | {'avi', 'flv', 'asf'}
_RUN_IN = 2.0  # s decoded before a segment, so that codecs have settled
# Largest share of pictures or packets that may be damaged.
_MAX_DAMAGED = 0.05
# Share of the power of channels that their mean has at least, unless one is
# another one inverted: of eight, of which one sounds, it is 1/8.
_LEAST_HEARD = 0.01


def transcode(
    path: str,
    mp4_path: str,
    wav_path: str,
    options: PrepareOptions,
    start: float | None = None,
    end: float | None = None,
    progress: Callable[[float], None] = lambda seconds: None,
) -> Prepared:
    """Prepare one video: constant rate, small, quick to enter anywhere.

    The mp4 (h264 without B-frames, AAC) begins with the first picture; the
    wav's first sample is heard at that moment.

    Args:
        path (str): The video.
        mp4_path (str): File to write.
        wav_path (str): File to write.
        options (PrepareOptions): What is wanted.
        start (float | None): Take only a segment: its begin in seconds
            after the first picture.
        end (float | None): End of the segment.
        progress (Callable): Called now and then with the seconds done.

    Raises:
        MediaError: The video is of no use; ``reason`` says why. No file is
            left then.
    """
    job = _Transcoder(path, options, start, end)
    gop = str(options.gop)
    x264 = {
        'preset': options.preset,
        # Simpler entropy coding, no filter: files grow by 5 %, and decoding
        # takes half the time.
        'tune': 'fastdecode',
        'crf': str(options.crf),
        **{'bf': '0', 'g': gop, 'keyint_min': gop, 'sc_threshold': '0'},
        'threads': '1',
    }
    rate = options.sample_rate
    with (
        WavWriter(wav_path, rate) as wav,
        VideoWriter(
            mp4_path, options.rate, rate, x264=x264, aac={'b': '64000'}
        ) as writer,
    ):
        job.read(writer, wav, progress)
        prepared = job.judge(writer)
        # The wav ends with the last picture.
        wav.close(round(writer.seconds * rate))
    return prepared


class _Transcoder:
    """The state of one :func:`transcode`."""

    def __init__(self, path, options, start, end):
        self.path = path
        self.options = options
        self.whole = start is None and end is None
        self.begin = float(start or 0.0)
        self.length = float('inf') if end is None else end - self.begin
        self.most_pictures = self.most_samples = None
        if end is not None:
            self.most_pictures = round(self.length * options.rate)
            self.most_samples = round(self.length * options.sample_rate)
        if self.begin < 0 or self.length <= 0:
            self.fail('bad_segment', f'cannot be cut from {start} to {end} s')
        self.info = probe(path)
        if self.info.video_codec is None:
            self.fail('no_video', 'has no pictures')
        if self.info.audio_codec is None:
            self.fail('no_audio', 'has no sound')
        self.zero = self.info.video_start + self.begin
        self.declared = None
        self.packets = self.damaged = 0
        self.video_time = self.audio_time = float('-inf')
        self.clock = PictureClock(self.info)
        self.graph = None
        self.timeline = SoundTimeline(options.sample_rate)
        self.meter = LoudnessMeter(options.sample_rate)
        self.power = self.heard = 0.0  # of all channels, and of their mean

    def fail(self, reason: str, text: str) -> NoReturn:
        raise MediaError(f'{self.path}: {text}', self.path, reason)

    def read(self, writer, wav, progress) -> None:
        """Decode what is needed and write it."""
        self.writer, self.wav = writer, wav
        with open_container(self.path) as source:
            video = video_stream(source, self.info)
            audio = audio_stream(source, self.info)
            self.aspect = video.sample_aspect_ratio
            for stream in (video, audio):
                stream.thread_type = 'NONE'  # files are the parallel unit
            self.sounds = SoundDecoder(audio)
            container = self.info.container
            if container in _DECLARED and source.duration:
                self.declared = source.duration / av.time_base
            if self.begin > 2 * _RUN_IN and container in _INDEXED:
                entry = self.zero - _RUN_IN
                source.seek(round(entry * av.time_base), backward=True)
            tick = float('-inf')
            for packet in self._packets(source, (video, audio)):
                self._take(packet)
                # Both tracks have passed the end, or one by far.
                ends = self.video_time, self.audio_time
                if min(ends) > self.length or max(ends) > self.length + 10:
                    break
                if self.video_time > tick:
                    progress(max(0.0, self.video_time))
                    tick = self.video_time + 1.0
        if self.graph:
            self._write_pictures(self.graph.close())
        self._write_sound(self.timeline.close())

    def _packets(self, source, streams):
        try:
            yield from source.demux(streams)
        except av.FFmpegError as error:
            if self.declared is None:
                self.fail('undecodable', f'cannot be read on ({error})')
            self.damaged += 1  # the length will tell whether it was enough

    def _take(self, packet) -> None:
        self.packets += packet.size > 0
        sound = packet.stream.type == 'audio'
        try:
            blocks = self.sounds.decode(packet) if sound else packet.decode()
        except (av.FFmpegError, ValueError):
            self.damaged += 1
            return
        for block in blocks:
            if sound:
                self._sound(*block)
            else:
                self._picture(block, packet.stream)

    def _picture(self, frame, stream) -> None:
        self.damaged += frame.is_corrupt
        try:
            time = self.clock.time(frame, stream, rising=True)
        except ValueError as error:
            self.fail('bad_timestamps', str(error))
        if time is None:
            return
        time -= self.begin
        if time - max(self.video_time, 0) > MAX_GAP:
            self.fail(
                'bad_timestamps',
                f'its pictures jump from {self.video_time:.2f} s to '
                f'{time:.2f} s',
            )
        self.video_time = time
        if self.graph is None:
            self.graph = PictureGraph(frame, self.aspect, self.options)
        self._write_pictures(self.graph.add(frame, time))

    def _write_pictures(self, frames) -> None:
        for frame in frames:
            if self.writer.pictures != self.most_pictures:
                self.writer.add_picture(frame)

    def _sound(self, begin: float, frame) -> None:
        parts = channels(frame)
        heard = mean(parts)
        if not np.isfinite(heard).all():
            self.damaged += 1
            return
        self.power += np.mean([np.dot(part, part) for part in parts])
        self.heard += np.dot(heard, heard)
        time = begin - self.zero
        self.audio_time = time + frame.samples / frame.sample_rate
        try:
            blocks = list(self.timeline.add(frame, time))
        except ValueError as error:
            self.fail('bad_timestamps', str(error))
        self._write_sound(blocks)

    def _write_sound(self, blocks) -> None:
        for block in blocks:
            self.meter.add(block)
            if self.most_samples is not None:
                block = block[: max(0, self.most_samples - self.wav.samples)]
            self.wav.write(block)
            self.writer.add_sound(block)

    def judge(self, writer: VideoWriter) -> Prepared:
        """What came out, if it is of use."""
        if not writer.pictures:
            if self.begin and self.packets:
                self.fail('too_short', 'ends before the segment begins')
            self.fail('undecodable', 'no picture can be decoded')
        self._check_damage(writer.seconds)
        first = self.timeline.first
        if first is None:
            if self.audio_time > float('-inf'):
                self.fail(
                    'out_of_sync', 'its sound ends before its first picture'
                )
            if self.damaged:
                self.fail('undecodable', 'none of its sound can be decoded')
            self.fail('no_audio', 'its sound track holds no sound')
        end = self.timeline.written / self.options.sample_rate
        end = min(end, self.length)
        prepared = Prepared(
            start=first,
            duration=max(0.0, min(writer.seconds, end) - first),
            video_seconds=writer.seconds,
            audio_end=end,
            width=writer.width,
            height=writer.height,
            loudness_db=self.meter.decibels,
            damaged=self.damaged,
        )
        if self.heard < _LEAST_HEARD * self.power:
            self.fail(
                'silent',
                'its channels cancel each other out, since one of them is '
                'inverted; turn it round or keep one channel alone',
            )
        if fault := find_fault(prepared, self.options):
            self.fail(*fault)
        return prepared

    def _check_damage(self, seconds: float) -> None:
        if self.damaged > max(2, _MAX_DAMAGED * self.packets):
            self.fail(
                'undecodable',
                f'{self.damaged} of {self.packets} packets are damaged',
            )
        if not self.whole or not self.declared:
            return
        declared = min(self.declared, self.info.video_duration)
        if self.info.container == 'avi':
            # libavformat corrects the length of a cut AVI by its size.
            declared = max(declared, seconds / _riff_share(self.path))
        if declared - seconds > max(1.0, 0.1 * declared):
            self.fail(
                'undecodable',
                f'cut short: {seconds:.1f} s of {declared:.1f} s are there',
            )


def _riff_share(path: str) -> float:
    """How much of a RIFF file is there, by the size that its head tells."""
    with open(path, 'rb') as file:
        head = file.read(8)
    size = int.from_bytes(head[4:8], 'little') + 8
    if head[:4] != b'RIFF' or size in (8, 2**32 + 7):
        return 1.0  # recorded without going back to write the size
    return min(1.0, os.path.getsize(path) / size)
