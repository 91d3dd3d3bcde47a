"""One video in, one prepared video and its sound out."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

import av
import numpy as np

from .containers import audio_stream, open_container, video_stream
from .errors import MediaError
from .options import PrepareOptions
from .picture import PictureClock, PictureGraph
from .probe import probe
from .pyav_audio import mono
from .timeline import SoundTimeline
from .writer import LoudnessMeter, PreparedWriter

# Containers that can be entered in the middle without doubt about time, and
# those that tell their length, so that a file cut short is recognised.
_INDEXED = {'mov', 'matroska'}
_DECLARED = _INDEXED | {'avi', 'flv', 'asf'}
_RUN_IN = 2.0  # s decoded before a segment, so that codecs have settled


@dataclass(frozen=True)
class Prepared:
    """What came out. Times are seconds of the prepared video's own clock.

    Attributes:
        start (float): Begin of the span with both picture and sound, which
            is the first real sample.
        duration (float): Length of that span.
        video_seconds (float): Length of the pictures.
        audio_end (float): End of the last real sample.
        width (int): Pixels.
        height (int): Pixels.
        loudness_db (float): RMS of the loudest tenth of a second.
        damaged (int): Damaged pictures and packets that were passed over.
    """

    start: float
    duration: float
    video_seconds: float
    audio_end: float
    width: int
    height: int
    loudness_db: float
    damaged: int = 0


def find_fault(
    prepared: Prepared, options: PrepareOptions
) -> tuple[str, str] | None:
    """Why a video that could be prepared is of no use all the same.

    Returns:
        tuple | None: Reason and explanation, None for a good one.
    """
    start, end = prepared.start, prepared.audio_end
    longer = max(prepared.video_seconds, end - start)
    if prepared.duration < options.min_overlap * longer:
        return 'out_of_sync', (
            f'picture (0 to {prepared.video_seconds:.2f} s) and sound '
            f'({start:.2f} to {end:.2f} s) have too little in common'
        )
    if prepared.duration < options.min_seconds - 1e-6:
        return 'too_short', (
            f'only {prepared.duration:.2f} s of {options.min_seconds:g} s '
            'have both picture and sound'
        )
    if prepared.loudness_db < options.silence_db:
        return 'silent', (
            f'its loudest moment has {prepared.loudness_db:.0f} dB of '
            f'{options.silence_db:.0f} dB'
        )
    return None


def transcode(
    path: str,
    mp4_path: str,
    wav_path: str,
    options: PrepareOptions,
    start: float | None = None,
    end: float | None = None,
    progress: Callable[[float], None] | None = None,
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
        progress (Callable | None): Called now and then with the seconds
            done.

    Raises:
        MediaError: The video is of no use; ``reason`` says why. What was
            written until then is left to the caller to remove.
    """
    job = _Transcoder(path, mp4_path, wav_path, options, start, end)
    try:
        job.read(progress or (lambda seconds: None))
        return job.finish()
    finally:
        if job.writer is not None:
            job.writer.abort()


class _Transcoder:
    """The state of one :func:`transcode`."""

    def __init__(self, path, mp4_path, wav_path, options, start, end):
        self.path = path
        self.options = options
        self.outputs = mp4_path, wav_path
        self.whole = start is None and end is None
        self.begin = float(start or 0.0)
        self.length = float('inf') if end is None else end - self.begin
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
        self.graph = self.writer = None
        self.early = []  # sound that comes before the first picture
        self.timeline = SoundTimeline(
            options.sample_rate, max_gap=options.max_gap
        )
        self.meter = LoudnessMeter(options.sample_rate)

    def fail(self, reason: str, text: str) -> NoReturn:
        raise MediaError(f'{self.path}: {text}', self.path, reason)

    def read(self, progress) -> None:
        """Decode what is needed and hand it on."""
        with open_container(self.path) as source:
            video = video_stream(source, self.path)
            audio = audio_stream(source, self.path)
            self.aspect = video.sample_aspect_ratio
            for stream in (video, audio):
                stream.thread_type = 'NONE'  # files are the parallel unit
            # Containers that count blocks instead of time are coarse.
            self.timeline.tolerance = max(
                self.timeline.tolerance, 2 * float(audio.time_base)
            )
            container = self.info.container
            if container in _DECLARED and source.duration:
                self.declared = source.duration / av.time_base
            if self.begin > 2 * _RUN_IN and container in _INDEXED:
                entry = self.zero - _RUN_IN
                source.seek(round(entry * av.time_base), backward=True)
            tick = float('-inf')
            for packet in self._packets(source, (video, audio)):
                self._take(packet)
                if self._complete():
                    break
                if self.video_time > tick:
                    progress(max(0.0, self.video_time))
                    tick = self.video_time + 1.0
        self._pictures(self.graph.close() if self.graph else ())
        self._sound_blocks(self.timeline.close())

    def _packets(self, source, streams):
        packets = source.demux(streams)
        while True:
            try:
                yield next(packets)
            except StopIteration:
                return
            except av.FFmpegError as error:
                if self.declared is None:
                    self.fail('undecodable', f'cannot be read on ({error})')
                self.damaged += 1
                return  # the length will tell whether it was enough

    def _take(self, packet) -> None:
        self.packets += packet.size > 0
        try:
            frames = packet.decode()
        except (av.FFmpegError, ValueError):
            self.damaged += 1
            return
        for frame in frames:
            if isinstance(frame, av.VideoFrame):
                self._picture(frame, packet.stream)
            elif isinstance(frame, av.AudioFrame):
                self._sound(frame)

    def _complete(self) -> bool:
        """Both tracks have passed the end of the segment, or one by far."""
        ends = self.video_time, self.audio_time
        return min(ends) > self.length or max(ends) > self.length + 10

    def _picture(self, frame, stream) -> None:
        self.damaged += frame.is_corrupt
        time = self.clock.time(frame, stream)
        if time is None:
            return
        time -= self.begin
        if time - max(self.video_time, 0) > self.options.max_gap:
            self.fail(
                'bad_timestamps',
                f'its pictures jump from {self.video_time:.2f} s to '
                f'{time:.2f} s',
            )
        self.video_time = time
        if self.graph is None:
            self.graph = PictureGraph(frame, self.aspect, self.options)
            self.writer = PreparedWriter(
                *self.outputs,
                self.graph.width,
                self.graph.height,
                self.options,
                self.length,
            )
            self._sound_blocks(self.early)
        self._pictures(self.graph.add(frame, time))

    def _pictures(self, frames) -> None:
        if self.writer is None:
            return
        for frame in frames:
            self.writer.add_picture(frame)

    def _sound(self, frame) -> None:
        if not np.isfinite(mono(frame)).all():
            self.damaged += 1
            return
        time = None
        if frame.pts is not None:
            time = float(frame.pts * frame.time_base) - self.zero
            self.audio_time = time + frame.samples / frame.sample_rate
        try:
            blocks = list(self.timeline.add(frame, time))
        except ValueError as error:
            self.fail('bad_timestamps', str(error))
        if self.writer is None:
            self.early += blocks
        else:
            self._sound_blocks(blocks)

    def _sound_blocks(self, blocks) -> None:
        if self.writer is None:
            return
        for block in blocks:
            self.meter.add(block)
            self.writer.add_sound(block)

    def finish(self) -> Prepared:
        """Judge what came out and complete the files."""
        graph, writer = self.graph, self.writer
        if graph is None or writer is None or not writer.seconds:
            self._fail_empty()
        seconds = writer.seconds
        self._check_damage(seconds)
        first = self.timeline.first
        if first is None:
            if self.audio_time == float('-inf') and self.damaged:
                self.fail('undecodable', 'none of its sound can be decoded')
            if self.audio_time == float('-inf'):
                self.fail('no_audio', 'its sound track holds no sound')
            self.fail('out_of_sync', 'its sound ends before its first picture')
        start, end = first, self.timeline.written / self.options.sample_rate
        end = min(end, self.length)
        prepared = Prepared(
            start=start,
            duration=max(0.0, min(seconds, end) - start),
            video_seconds=seconds,
            audio_end=end,
            width=graph.width,
            height=graph.height,
            loudness_db=max(-200.0, self.meter.decibels),
            damaged=self.damaged,
        )
        if fault := find_fault(prepared, self.options):
            self.fail(*fault)
        writer.finish()
        return prepared

    def _fail_empty(self) -> NoReturn:
        if self.begin and self.packets:
            self.fail('too_short', 'ends before the segment begins')
        self.fail('undecodable', 'no picture can be decoded')

    def _check_damage(self, seconds: float) -> None:
        if self.damaged > max(2, self.options.max_damaged * self.packets):
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
