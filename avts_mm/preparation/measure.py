"""What a raw video has of picture and sound, without preparing it."""

from collections.abc import Callable

from ..media import (
    MediaError,
    Prepared,
    PrepareOptions,
    open_audio,
    probe,
)
from ..media.options import find_fault
from ..media.sound import LoudnessMeter
from .sources import Source

# Their heads tell how long they are.
_DECLARED = ('mov', 'matroska', 'avi', 'flv', 'asf')
_BLOCK = 5.0  # seconds of sound read at a time


def measure(
    options: PrepareOptions, source: Source, progress: Callable
) -> tuple[float, float]:
    """The span of a source that has both picture and sound.

    Reads all of the file and decodes sound until some is heard, so damage to
    pictures is not noticed.

    Args:
        options (PrepareOptions): Says what counts as too short and silent.
        source (Source): A video or a segment of one.
        progress (Callable): Of :func:`~avts_mm.preparation.run_jobs`.

    Returns:
        tuple: Its start and duration in seconds of the video's own clock.

    Raises:
        MediaError: The video is of no use, for one of the reasons of
            :func:`~avts_mm.preparation.prepare_corpus`.
    """

    def fail(reason: str, text: str) -> MediaError:
        return MediaError(f'{source.path}: {text}', source.path, reason)

    head = probe(source.path)
    if head.video_codec is None:
        raise fail('no_video', 'has no pictures')
    if head.audio_codec is None:
        raise fail('no_audio', 'has no sound')
    progress(0.0)
    info = probe(source.path, scan=True)
    lost = head.video_duration - info.video_duration
    if info.container in _DECLARED and lost > max(
        1.0, 0.1 * head.video_duration
    ):
        raise fail(
            'undecodable',
            f'cut short: {info.video_duration:.1f} s of '
            f'{head.video_duration:.1f} s are there',
        )
    if not info.audio_duration:
        raise fail('no_audio', 'its sound track holds no sound')
    begin, end = source.start or 0.0, info.video_duration
    if source.end is not None:
        end = min(end, source.end)
    if end <= begin:
        raise fail('too_short', 'ends before the segment begins')
    # Seconds after the begin.
    first = info.audio_start - info.video_start - begin
    audio_end = first + info.audio_duration
    if source.end is not None:
        audio_end = min(audio_end, source.end - begin)
    first = max(0.0, first)
    ends = begin + first, begin + audio_end
    prepared = Prepared(
        start=first,
        duration=max(0.0, min(end - begin, audio_end) - first),
        video_seconds=end - begin,
        audio_end=audio_end,
        width=info.width,
        height=info.height,
        loudness_db=_loudness(source.path, *ends, options.silence_db),
    )
    fault = find_fault(prepared, options)
    if fault:
        raise fail(*fault)
    return begin + first, prepared.duration


def _loudness(path: str, start: float, end: float, enough: float) -> float:
    """dB of the loudest tenth of a second until one is loud enough."""
    with open_audio(path) as reader:
        meter = LoudnessMeter(reader.sample_rate)
        while start < end and meter.decibels < enough:
            sound = reader.read(
                start, min(_BLOCK, end - start), reader.sample_rate
            )
            meter.add(sound * 32768)
            start += _BLOCK
    return meter.decibels
