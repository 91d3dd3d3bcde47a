"""Where in the picture the sound comes from, all along a film."""

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from avts_mm.media.film import Film
from avts_mm.media.writer import VideoWriter
from avts_mm.visualization.heat_map import (
    map_scale,
    overlay_heat_map,
    sound_distances,
)

from .embedding import LOUDNESS, FilmEmbedder, effective, windows

CONTEXT = 2.0  # seconds of sound around a piece that it is set against
MARGIN = 10  # steps of pictures around a piece that convolutions see
HEIGHT = 360  # of pictures that are kept to be shown


@dataclass
class LocatedPiece:
    """Successive steps of a film.

    Attributes:
        frames (np.ndarray): ``(T, H, W, 3)`` uint8, RGB, made smaller.
        maps (np.ndarray): ``(T, h, w)``, small where the sound comes from;
            NaN where nothing is heard.
        sound (np.ndarray): Samples ``(S,)`` at the model's rate.
    """

    frames: np.ndarray
    maps: np.ndarray
    sound: np.ndarray


class FilmLocalizer:
    """Finds where the sound comes from, along a film.

    The layers after the video backbone are applied at each place of its
    features, before they are averaged. A place belongs to the sound if it is
    nearer to it than to other sounds (`sound_distances`).

    Args:
        embedder (FilmEmbedder): The model.
        refine (int): Of :meth:`AVTS.embed_places`. Defaults to 1.

    Attributes:
        chunk (int): Steps at once.
    """

    chunk = 100

    def __init__(self, embedder: FilmEmbedder, refine: int = 1) -> None:
        self.embedder, self.refine = embedder, refine
        self.margin = MARGIN if embedder.by_steps else embedder.length
        # Clips overlap by four fifths.
        self.hop = 1 if embedder.by_steps else max(embedder.length // 5, 1)

    def region(self, height: int, width: int) -> tuple:
        """The part of a picture that the model looks at, as shares.

        Found by what the pipeline does to a picture of its own coordinates.
        """
        x = (np.arange(width, dtype=np.float32) + 0.5) / width
        y = (np.arange(height, dtype=np.float32) + 0.5) / height
        picture = np.stack([*np.meshgrid(x, y), np.zeros((height, width))], 2)
        (seen,) = self.embedder.transform([picture.astype(np.float32)])
        across, down = seen[0].mean(0), seen[1].mean(1)
        sides = []
        for line in (across, down):
            # Half a pixel beyond the middle of the first and the last.
            half = np.median(np.diff(line)) / 2 if len(line) > 1 else 0.5
            ends = line[0] - half, line[-1] + half
            sides.append([float(np.clip(end, 0, 1)) for end in ends])
        (left, right), (top, bottom) = sides
        return left, top, right, bottom

    def pieces(
        self, film: Film, seconds: float | None = None
    ) -> Iterator[LocatedPiece]:
        """Go along a film.

        Args:
            film (Film): The film.
            seconds (float, optional): For how long. Defaults to the end.

        Raises:
            MediaError: The film is damaged.
        """
        step = self.embedder.step

        def prepare(pictures):
            seen = self.embedder.transform(pictures)
            return zip(seen, map(_small, pictures))

        for held, at, done, last in windows(
            film.pictures(step),
            prepare,
            self.chunk,
            self.margin,
            self.margin,
            end=math.inf if seconds is None else round(seconds / step),
        ):
            seen, shown = zip(*held)
            frames = np.stack(shown[done - at : last - at])
            yield self._locate(film, np.stack(seen, 1), frames, at, done, last)

    def _locate(
        self, film: Film, held, frames, at: int, done: int, last: int
    ) -> LocatedPiece:
        step, rate = self.embedder.step, self.embedder.rate
        around = round(CONTEXT / step)
        first = max(done - around, 0)
        stop = min(last + around, max(round(film.seconds / step), last))
        count = round((stop - first) * step * rate)
        sound = film.sound(first * step, count / rate, rate)
        heard = np.nan_to_num(sound)
        if self.embedder.by_steps:
            sounds = self.embedder.embed('audio', heard[None])[0]
            places = self._places(held)[:, done - at : last - at]
            own = sounds[:, done - first : last - first]
            maps = sound_distances(places[:, : own.shape[1]], own, sounds)
        else:
            maps = self._clips(held, at, done, last, heard, first, stop)
        inside = slice(
            round((done - first) * step * rate),
            round((last - first) * step * rate),
        )
        maps = np.pad(  # should the sound have a step less
            maps,
            ((0, len(frames) - len(maps)), (0, 0), (0, 0)),
            constant_values=np.nan,
        )
        maps[effective(heard[inside], len(frames)) <= LOUDNESS] = np.nan
        return LocatedPiece(frames, maps, heard[inside])

    def _places(self, clip: np.ndarray) -> np.ndarray:
        """Embeddings ``(D, T, h, w)`` of the places of a clip."""
        return self.embedder.embed('places', clip[None], refine=self.refine)[0]

    def _clips(
        self, held, at: int, done: int, last: int, heard, first: int, stop: int
    ) -> np.ndarray:
        """Maps of overlapping clips, blended from one to the next."""
        length = self.embedder.length
        per_step = self.embedder.step * self.embedder.rate
        samples = round(length * per_step)

        def embed(begins):
            """The sounds of clips, ``(D, N)``."""
            starts = [max(round((b - first) * per_step), 0) for b in begins]
            cut = [padded[start : start + samples] for start in starts]
            return self.embedder.embed('audio', np.stack(cut)).T

        padded = np.pad(heard, (0, samples))
        others = embed(range(first, max(stop - length, first) + 1, self.hop))
        latest = at + held.shape[1] - length
        middle = length // 2
        begins = np.unique(
            np.clip(
                np.arange(done - middle, last - middle + self.hop, self.hop),
                at,
                max(latest, at),
            )
        )
        found = []
        for begin in begins:
            # Of a film shorter than a clip, the last picture again and again.
            steps = np.arange(begin - at, begin - at + length)
            clip = held[:, np.minimum(steps, held.shape[1] - 1)]
            own = embed([begin])
            found.append(sound_distances(self._places(clip), own, others)[0])
        maps = np.stack(found)
        where = np.interp(
            np.arange(done, last), begins + middle, np.arange(len(maps))
        )
        low = np.floor(where).astype(int)
        high = np.minimum(low + 1, len(maps) - 1)
        share = (where - low)[:, None, None]
        return maps[low] * (1 - share) + maps[high] * share


def _small(picture: np.ndarray) -> np.ndarray:
    """Of a height to be shown: neither tiny nor large."""
    height, width = picture.shape[:2]
    if height > HEIGHT:
        size = max(round(width * HEIGHT / height), 2), HEIGHT
        return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    grow = HEIGHT // height
    return picture.repeat(grow, 0).repeat(grow, 1)


def write_heat_map_video(
    embedder: FilmEmbedder,
    film: Film,
    path: str | os.PathLike,
    seconds: float | None = None,
    refine: int = 1,
) -> str:
    """Write a film, with its sound, in which what sounds is lit.

    Args:
        embedder (FilmEmbedder): The model.
        film (Film): The film.
        path (str): The video to write, ``.mp4``.
        seconds (float, optional): For how long. Defaults to the end.
        refine (int): Of :meth:`AVTS.embed_places`. Defaults to 1.

    Returns:
        str: ``path``.

    Raises:
        MediaError: The film is damaged.
        ValueError: There is no picture.
    """
    localizer = FilmLocalizer(embedder, refine)
    scale = region = None
    with VideoWriter(path, 1 / embedder.step, embedder.rate) as writer:
        for piece in localizer.pieces(film, seconds):
            if region is None:
                region = localizer.region(*piece.frames.shape[1:3])
            if scale is None and np.isfinite(piece.maps).any():
                scale = map_scale(piece.maps)
            frames = overlay_heat_map(piece.frames, piece.maps, region, scale)
            parts = np.array_split(piece.sound, len(frames))
            for frame, part in zip(frames, parts):
                writer.add_picture(frame)
                writer.add_sound(part)
    return writer.path
