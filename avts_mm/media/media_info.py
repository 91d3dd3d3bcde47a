"""What is known of a media file."""

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
        open_gop (bool): Key frames are followed by pictures that need those
            before them. Only looked for in H.264 with B-frames.
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
    open_gop: bool = False
    audio_codec: str | None = None
    sample_rate: int = 0
    channels: int = 0
    audio_tracks: int = 0
    audio_start: float = 0.0
    audio_duration: float = 0.0

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
