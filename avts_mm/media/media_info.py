"""What is known of a media file, and the one error about it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class MediaInfo:
    """Properties of one media file. Times are seconds.

    Attributes:
        path (str): The file.
        container (str): Short name: ``'mov'`` (mp4 too), ``'matroska'``
            (webm too), ``'avi'``, ``'mpegts'``, ``'mpeg'``, ``'wav'``, ...
        video_codec (str | None): None for a file without pictures.
        fps (float): Average pictures per second, 0 if unknown.
        width (int): As stored, before rotation.
        height (int): As stored, before rotation.
        rotation (int): Counter-clockwise degrees by which the stored picture
            must be turned for display: 0, 90, 180 or 270.
        video_start (float): Container time of the first picture.
        video_duration (float): From the first picture to the end of the
            last.
        has_b_frames (bool): Pictures are stored in another order than shown.
        has_edits (bool): The track holds pictures that are not shown (an edit
            list made by cutting).
        picture_shift (float): What must be added to libavformat's times of
            the pictures (see :mod:`.edits`); ``video_start`` has it already.
        audio_codec (str | None): None for a file without sound.
        sample_rate (int): Hz.
        channels (int): Number of audio channels.
        audio_tracks (int): Number of audio tracks; the fields about sound
            are those of one of them.
        audio_start (float): Container time of the first sample.
        audio_duration (float): Length of the audio track.
    """

    path: str
    container: str
    video_codec: str | None = None
    fps: float = 0.0
    width: int = 0
    height: int = 0
    rotation: int = 0
    video_start: float = 0.0
    video_duration: float = 0.0
    has_b_frames: bool = False
    has_edits: bool = False
    picture_shift: float = 0.0
    audio_codec: str | None = None
    sample_rate: int = 0
    channels: int = 0
    audio_tracks: int = 0
    audio_start: float = 0.0
    audio_duration: float = 0.0

    @property
    def zero(self) -> float:
        """The time that libavformat gives the first picture."""
        return self.video_start - self.picture_shift

    @property
    def common_span(self) -> tuple[float, float]:
        """(start, duration) of what has both picture and sound, in the
        video's own clock; the duration is 0 where nothing has both."""
        if self.video_codec is None or self.audio_codec is None:
            return 0.0, 0.0
        offset = self.audio_start - self.video_start
        start = max(0.0, offset)
        end = min(self.video_duration, offset + self.audio_duration)
        return start, max(0.0, end - start)


class MediaError(Exception):
    """A media file cannot be read, or cannot be read rightly.

    Args:
        message (str): Full sentence naming the file, the cause and a remedy.
        path (str): The file.
        reason (str): Short code to count by. One of ``'missing'`` (no such
            file), ``'empty'`` (zero bytes), ``'undecodable'`` (not media, or
            damaged), ``'no_video'``, ``'no_audio'``, ``'too_short'`` (asked
            beyond the ends of the track), ``'gap'`` (the track has a hole
            there), ``'silent'`` (digital silence throughout), ``'timeout'``
            (reading took too long), ``'unsupported'`` (this backend would
            read the file wrongly, or this container cannot hold it),
            ``'unwritable'`` (a file to be written).
    """

    # The message comes first and suffices by itself: torch re-raises the
    # errors of data-loading workers as ``type(error)(message)``.
    def __init__(
        self, message: str, path: str = '', reason: str = 'undecodable'
    ) -> None:
        super().__init__(message)
        self.path = str(path)
        self.reason = reason
