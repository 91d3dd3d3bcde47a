"""The offset of a film from the mouths of the people in it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice

import numpy as np

from avts_mm.evaluation.functional.energy import energy_sums
from avts_mm.evaluation.functional.offset import (
    OffsetEstimate,
    estimate_offset,
)
from avts_mm.evaluation.functional.offset_sums import (
    BLOCK,
    OffsetSums,
    shift_distances,
)
from avts_mm.media.face_tracks import FaceTrack, follow_faces
from avts_mm.media.faces import FaceFinder
from avts_mm.media.film import Film

from .embedding import LOUDNESS, MOTION, EmbeddedPiece, FilmEmbedder
from .excerpts import choose_excerpts
from .mouth_clips import embed_mouths, embed_sounds

PART = 1500  # steps whose mouths are held at once
LEAST = 0.5  # seconds of motion, and of sound, to say anything
# Below which nothing is said; docs/offset.md tells how they were set.
TOLD = dict(min_confidence=0.9, min_clarity=4.4, min_compared=2.6)
FITS = 3.0  # clarity from which on a face is taken to speak
AROUND = 5  # blocks, two seconds, that tell whether it speaks at a time


@dataclass
class SeenFace:
    """A face that was compared with the sound.

    Attributes:
        begin, end (float): Seconds between which it is seen.
        box (np.ndarray): ``(4,)``, left, top, right and bottom in the middle
            of that time, as shares of the picture.
        portrait (np.ndarray): The face then, ``(h, w, 3)`` uint8.
        spoke (list[tuple]): Begin and end, in seconds, of the times at which
            the sound, moved by the offset that was found, is that of its
            lips.
        block (int): The block of the film with which its sums begin.
        sums (OffsetSums): Of its mouth and the sound.
        clarity (float): Of these alone.
    """

    begin: float
    end: float
    box: np.ndarray
    portrait: np.ndarray
    block: int
    sums: OffsetSums
    clarity: float = 0.0
    spoke: list[tuple[float, float]] = field(default_factory=list)


def find_by_faces(
    embedder: FilmEmbedder,
    film: Film,
    radius: int,
    progress: Callable[[float], None] | None = None,
    on_piece: Callable[[EmbeddedPiece], None] | None = None,
    whole: bool = False,
    **options,
) -> OffsetEstimate:
    """By how much the sound is late, by the lips or else by motion.

    Args:
        embedder (FilmEmbedder): Of mouths.
        film (Film): The film.
        radius (int): Largest shift in steps.
        progress (Callable, optional): Of :func:`find_offset`, as the rest.
        on_piece (Callable, optional): Its pieces have no embeddings.
        whole (bool): Defaults to False.
        options: Of :func:`estimate_offset`.
    """
    comparison = FaceComparison(embedder, film, radius, progress)
    spans = [(0.0, np.inf)]
    if not whole:
        spans = choose_excerpts(film, comparison.find)
    for span in spans:
        for piece in comparison.look(*span):
            if on_piece is not None:
                on_piece(piece)
    found = comparison.estimate(**options)
    if np.isfinite(spans[0][1]):
        found.excerpts = spans
    return found


class FaceComparison:
    """Compares each face of a film with the sound.

    Args:
        embedder (FilmEmbedder): Of mouths.
        film (Film): The film.
        radius (int): Largest shift in steps.
        progress (Callable, optional): Called with the seconds of the film
            that were looked at last.
    """

    def __init__(
        self,
        embedder: FilmEmbedder,
        film: Film,
        radius: int,
        progress: Callable[[float], None] | None = None,
    ) -> None:
        self.embedder, self.film, self.radius = embedder, film, radius
        self.progress = progress or (lambda seconds: None)
        self.find = FaceFinder()
        self.faces: list[SeenFace] = []
        self.parts: list[tuple[int, np.ndarray, np.ndarray]] = []

    def look(self, begin: float, end: float) -> Iterator[EmbeddedPiece]:
        """Compare the faces between two times, in seconds.

        Yields:
            EmbeddedPiece: What the pictures and the sound of some steps are,
            without embeddings.
        """
        step = self.embedder.step
        first = round(begin / step)
        pictures = self._pictures(first)
        if np.isfinite(end):
            pictures = islice(pictures, round(end / step) - first)
        while True:
            tracks, motion = follow_faces(
                islice(pictures, PART), self.find, self.embedder.length
            )
            steps = len(motion)
            if not steps:
                return
            audio, loudness = embed_sounds(
                self.embedder,
                self.film,
                first - self.radius,
                steps + 2 * self.radius,
            )
            self.faces += [self._compare(t, first, audio) for t in tracks]
            self.parts.append((first, motion, loudness))
            nothing = np.zeros((steps, 0), np.float32)
            heard = loudness[self.radius : self.radius + steps]
            yield EmbeddedPiece(nothing, nothing, motion, heard)
            first += steps

    def _pictures(self, first: int) -> Iterator[np.ndarray]:
        step = self.embedder.step
        pictures = self.film.pictures(step, first * step)
        for number, picture in enumerate(pictures, first + 1):
            yield picture
            if number % 25 == 0:
                self.progress(number * step)

    def _compare(
        self, track: FaceTrack, first: int, audio: np.ndarray
    ) -> SeenFace:
        embedder, radius = self.embedder, self.radius
        video = embed_mouths(embedder, track.mouths, first + track.begin)
        steps = len(video)
        audio = audio[track.begin : track.begin + steps + 2 * radius]
        bands = np.full((steps, 2 * radius + 1), np.nan)
        if np.isfinite(video).any() and np.isfinite(audio).any():
            padding = np.full((radius, video.shape[1]), np.nan, np.float32)
            padded = np.concatenate([padding, video, padding])
            bands = shift_distances(padded, audio, radius)
            bands = bands[radius : radius + steps]
        begin = first + track.begin
        # Blocks of all faces begin at the same steps of the film.
        before = np.full((begin % BLOCK, bands.shape[1]), np.nan)
        sums = OffsetSums.of(
            np.concatenate([before, bands]), embedder.step, BLOCK
        )
        # A clip of pictures stands for those that the stride has left out.
        sums.counts *= embedder.stride
        sums.sums *= embedder.stride
        alone = estimate_offset(sums)
        return SeenFace(
            begin * embedder.step,
            (begin + len(track.mouths)) * embedder.step,
            track.box,
            track.portrait,
            begin // BLOCK,
            sums,
            alone.clarity,
        )

    def pool(self, faces: list[SeenFace]) -> OffsetSums:
        """The sums of some faces, from the beginning of the film on."""
        end = max((f.block + len(f.sums.sums) for f in faces), default=1)
        sums = np.zeros((end, 2 * self.radius + 1))
        counts = sums.copy()
        for face in faces:
            here = slice(face.block, face.block + len(face.sums.sums))
            sums[here] += face.sums.sums
            counts[here] += face.sums.counts
        return OffsetSums(sums, counts, self.embedder.step, BLOCK)

    def estimate(self, **options: float) -> OffsetEstimate:
        """What was found: by the faces, or else by motion and loudness."""
        found = self._by_faces(options)
        if found is not None and found.offset is not None:
            self._note_who_spoke(found)
            return found
        energy = self._by_motion(options)
        if found is None or energy.offset is not None:
            found = energy
        found.faces = self.faces
        return found

    def _by_faces(self, options: dict) -> OffsetEstimate | None:
        """None without a face."""
        options = {**TOLD, **options}
        best = max((face.clarity for face in self.faces), default=0)
        least = max(FITS, best / 2)
        clear = [face for face in self.faces if face.clarity >= least]
        found = [
            estimate_offset(self.pool(faces), **options)
            for faces in (self.faces, clear)
            if faces
        ]
        if not found:
            return None
        clearest = max(found, key=lambda estimate: estimate.clarity)
        clearest.found_by, clearest.faces = 'faces', self.faces
        return clearest

    def _by_motion(self, options: dict) -> OffsetEstimate:
        options = {**TOLD, **options}
        step = self.embedder.step
        end = max((f + len(m) for f, m, _ in self.parts), default=0)
        motion = np.full(end, np.nan)
        loudness = np.full(end + 2 * self.radius, np.nan)
        for first, moved, loud in self.parts:
            motion[first : first + len(moved)] = moved
            loudness[first : first + len(loud)] = loud
        reason = ''
        if end * step < LEAST:
            reason = 'too_short'
        elif (loudness > LOUDNESS).sum() * step < LEAST:
            reason = 'silent'
        elif (motion > MOTION).sum() * step < LEAST:
            reason = 'still'
        sums = energy_sums(motion, loudness, step)
        found = estimate_offset(sums, reason, **options)
        found.found_by = 'motion'
        if found.reason in ('no_clear_minimum', 'too_little'):
            found.reason = 'no_face'
        return found

    def _note_who_spoke(self, found: OffsetEstimate) -> None:
        """Note of each face when the sound fits its lips."""
        seconds = BLOCK * self.embedder.step
        place = int(np.abs(found.shifts - found.offset).argmin())
        depth = found.curve[place] / 2
        for face in self.faces:
            kernel = np.ones(AROUND)
            sums = np.convolve(face.sums.sums[:, place], kernel, 'same')
            counts = np.convolve(face.sums.counts[:, place], kernel, 'same')
            fits = sums < depth * counts
            edges = np.flatnonzero(np.diff(fits, prepend=0, append=0))
            for begin, end in edges.reshape(-1, 2):
                span = (face.block + np.array([begin, end])) * seconds
                begin, end = np.clip(span, face.begin, face.end)
                face.spoke.append((float(begin), float(end)))
