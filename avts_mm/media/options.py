"""How the videos of a corpus are to be prepared."""

from dataclasses import asdict, dataclass
from fractions import Fraction


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
        min_overlap (float): Least share of the longer track that the span
            with both picture and sound must cover; below it the tracks are
            held not to belong together.
        max_gap (float): Longest time without a picture, or jump of the
            sound's timestamps, in seconds, that is believed.
        max_damaged (float): Largest share of pictures or packets that may be
            damaged.

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
    min_overlap: float = 0.5
    max_gap: float = 120.0
    max_damaged: float = 0.05

    def __post_init__(self):
        try:
            fps = Fraction(self.fps).limit_denominator(1001)
        except (ValueError, ZeroDivisionError):
            raise ValueError(f'fps={self.fps!r} is not a number') from None
        object.__setattr__(self, 'fps', fps)
        if self.crop is not None:
            object.__setattr__(self, 'crop', tuple(map(float, self.crop)))
        self._check()

    @property
    def rate(self) -> Fraction:
        """Pictures per second."""
        return Fraction(self.fps)

    def _check(self) -> None:
        if self.short_side < 16 or self.short_side % 2:
            raise ValueError(
                f'short_side={self.short_side} must be even and at least 16'
            )
        if not 1 <= self.rate <= 240:
            raise ValueError(f'fps={self.fps} must be from 1 to 240')
        if not 4000 <= self.sample_rate <= 96000:
            raise ValueError(
                f'sample_rate={self.sample_rate} must be from 4000 to 96000'
            )
        if self.gop < 1:
            raise ValueError(f'gop={self.gop} must be at least 1')
        if self.min_seconds <= 0:
            raise ValueError(f'min_seconds={self.min_seconds} must be > 0')
        if self.crop is not None:
            if len(self.crop) != 4:
                raise ValueError(
                    f'crop={self.crop} needs four numbers: x1, y1, x2, y2'
                )
            x1, y1, x2, y2 = self.crop
            if not (0 <= x1 < x2 <= 1 and 0 <= y1 < y2 <= 1):
                raise ValueError(
                    f'crop={self.crop} must be x1,y1,x2,y2 with '
                    '0 <= x1 < x2 <= 1 and 0 <= y1 < y2 <= 1'
                )

    def to_dict(self) -> dict:
        """The options as plain values, for a report."""
        values = asdict(self)
        values['fps'] = str(self.fps)
        if self.crop is not None:
            values['crop'] = list(self.crop)
        return values
