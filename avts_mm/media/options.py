"""How videos are to be prepared, and whether what came out is of use."""

from dataclasses import asdict, dataclass
from fractions import Fraction

# Share of the longer track that must have both picture and sound; with less
# the two are held not to belong together.
_MIN_OVERLAP = 0.5


@dataclass(frozen=True)
class PrepareOptions:
    """What a prepared file is like, and what counts as usable.

    Args:
        short_side (int): Pixels of the picture's shorter side; even. The
            longer one keeps the aspect of the displayed picture.
        fps (Fraction | float | str): Constant number of pictures per second;
            ``'30000/1001'`` is understood.
        sample_rate (int): Hz of the mono sound.
        gop (int): Pictures from one key frame to the next, so that a reader
            decodes little to reach any moment.
        crf (int): Quality of x264, lower is better.
        preset (str): Speed of x264.
        crop (tuple[float] | None): Region kept, ``(x1, y1, x2, y2)`` as
            shares of the displayed picture; None for all of it.
        min_seconds (float): Least length of the span that has both picture
            and sound.
        silence_db (float): A file counts as silent if no tenth of a second
            of its sound is louder than this (dB below full scale).

    Raises:
        ValueError: An option is out of its range.
    """

    short_side: int = 128
    fps: Fraction | float | str = Fraction(25)
    sample_rate: int = 16000
    gop: int = 12
    crf: int = 20
    preset: str = 'veryfast'
    crop: tuple[float, float, float, float] | None = None
    min_seconds: float = 1.0
    silence_db: float = -60.0

    def __post_init__(self):
        try:
            fps = Fraction(self.fps).limit_denominator(1001)
        except (ValueError, ZeroDivisionError):
            raise ValueError(f'fps={self.fps!r} is not a number') from None
        object.__setattr__(self, 'fps', fps)
        if self.crop is not None:
            object.__setattr__(self, 'crop', tuple(map(float, self.crop)))
        even = self.short_side % 2 == 0
        for name, right, must in (
            (
                'short_side',
                self.short_side >= 16 and even,
                'even, at least 16',
            ),
            ('fps', 1 <= fps <= 240, 'from 1 to 240'),
            (
                'sample_rate',
                4000 <= self.sample_rate <= 96000,
                '4000 to 96000',
            ),
            ('gop', self.gop >= 1, 'at least 1'),
            ('min_seconds', self.min_seconds > 0, 'more than 0'),
            (
                'crop',
                self.crop is None or _is_region(*self.crop),
                'x1,y1,x2,y2 with 0 <= x1 < x2 <= 1 and 0 <= y1 < y2 <= 1',
            ),
        ):
            if not right:
                raise ValueError(
                    f'{name}={getattr(self, name)} must be {must}'
                )

    @property
    def rate(self) -> Fraction:
        """Pictures per second."""
        return Fraction(self.fps)

    def to_dict(self) -> dict:
        """The options as plain values, for a report."""
        values = asdict(self)
        values['fps'] = str(self.fps)
        if self.crop is not None:
            values['crop'] = list(self.crop)
        return values


def _is_region(*crop: float) -> bool:
    if len(crop) != 4:
        return False
    x1, y1, x2, y2 = crop
    return 0 <= x1 < x2 <= 1 and 0 <= y1 < y2 <= 1


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
    """Why (reason and explanation) a video that could be prepared is of no
    use all the same; None for a good one."""
    start, end = prepared.start, prepared.audio_end
    longer = max(prepared.video_seconds, end - start)
    if prepared.duration < _MIN_OVERLAP * longer:
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
