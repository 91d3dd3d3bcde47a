"""Faces followed through the pictures of a film, from cut to cut."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import cv2
import numpy as np

from .faces import HEIGHT, REACH, WIDTH, Face, cut_mouth, overlap, shrink

EVERY = 8  # pictures from one look for faces to the next
# A cut: grey levels by which a picture differs from the one before, and how
# many times as much as pictures have differed lately.
CUT, SUDDEN, LATELY = 24.0, 2.5, 10
SAME = 0.3  # overlap of a face with where it was at the look before
MISSED = 2  # looks at which a face may not be found
MOST = 4  # faces followed at once, the largest
AROUND = 0.4  # of a face kept on each side, for where it moves until then
STEADY = 8.0  # pictures: a mouth is where it is on average around that long
KEPT = 3 * int(STEADY)  # pictures kept until it is known where that is
THUMBNAIL = 64, 36
PORTRAIT = 160  # pixels


@dataclass
class FaceTrack:
    """A face in successive pictures of one shot.

    Attributes:
        begin (int): Number of the first picture.
        mouths (np.ndarray): ``(T, 48, 64, 3)`` uint8.
        box (np.ndarray): ``(4,)``, left, top, right, bottom in the middle of
            the track, as shares of the picture.
        portrait (np.ndarray): The face then, ``(h, w, 3)`` uint8.
    """

    begin: int
    mouths: np.ndarray
    box: np.ndarray
    portrait: np.ndarray


@dataclass
class _Followed:
    """A face that is being followed."""

    begin: int
    looks: list[tuple[int, Face]] = field(default_factory=list)
    missed: int = 0
    # Pictures around it that wait to be cut: place, scale and picture.
    waiting: list[tuple] = field(default_factory=list)
    mouths: list[np.ndarray] = field(default_factory=list)
    portraits: list[tuple] = field(default_factory=list)

    @property
    def face(self) -> Face:
        return self.looks[-1][1]

    def keep(self, picture: np.ndarray) -> None:
        """Keep what is around the face, as large as a mouth needs it."""
        face = self.face
        margin = AROUND * np.ptp(face.box.reshape(2, 2), axis=0).max()
        low = np.maximum(face.box[:2] - margin, 0).astype(int)
        high = np.ceil(face.box[2:] + margin).astype(int)
        part = picture[low[1] : high[1], low[0] : high[0]]
        length = np.hypot(*(face.mouth - face.eyes))
        scale = min(1.0, 2 * WIDTH / (REACH * length))
        part = shrink(part, scale) if scale < 1 else part.copy()
        self.waiting.append((low, scale, part))

    def look(self, step: int, face: Face, picture: np.ndarray) -> None:
        """The face was found again."""
        self.looks.append((step, face))
        self.missed = 0
        size = picture.shape[1::-1]
        left, top, right, bottom = np.clip(face.box, 0, size * 2).astype(int)
        part = picture[top:bottom, left:right]
        part = shrink(part, PORTRAIT / max(part.shape[:2])).copy()
        self.portraits.append((face.box / (size * 2), part))

    def cut(self, until: int) -> None:
        """Cut the mouths of the pictures before that step."""
        steps = np.array([step for step, _ in self.looks])
        marks = np.array([[f.eyes, f.mouth] for _, f in self.looks])
        while self.waiting and self.begin + len(self.mouths) < until:
            low, scale, part = self.waiting.pop(0)
            away = (steps - self.begin - len(self.mouths)) / STEADY
            weights = np.exp(-(away**2) / 2)
            weights /= weights.sum()
            # The value here of a line through what is known around.
            middle = weights @ away
            tilt = weights * (away - middle)
            weights -= middle * tilt / (tilt @ away + 0.05)
            eyes, mouth = np.tensordot(weights, marks, 1)
            self.mouths.append(
                cut_mouth(part, (eyes - low) * scale, (mouth - low) * scale)
            )

    def finish(self) -> FaceTrack:
        last = self.looks[-1][0]
        self.cut(last + 1 if self.missed else last + EVERY + 1)
        box, portrait = self.portraits[len(self.portraits) // 2]
        shape = -1, HEIGHT, WIDTH, 3
        mouths = np.array(self.mouths, np.uint8).reshape(shape)
        return FaceTrack(self.begin, mouths, box, portrait)


def follow_faces(
    pictures: Iterable[np.ndarray],
    find: Callable[[np.ndarray], list[Face]],
    least: int = 1,
) -> tuple[list[FaceTrack], np.ndarray]:
    """Follow the faces of some pictures.

    Args:
        pictures (Iterable[np.ndarray]): ``(H, W, 3)`` uint8, 25 a second.
        find (Callable): A :class:`~avts_mm.media.faces.FaceFinder`.
        least (int): Pictures that a face must be in. Defaults to 1.

    Returns:
        tuple: The tracks, and ``(T,)``, by how many grey levels each picture
        differs from the one before, on average; NaN for the first and at
        cuts.
    """
    tracks: list[FaceTrack] = []
    open_: list[_Followed] = []
    motion: list[float] = []
    before, looked = None, 0

    def close(followed: _Followed) -> None:
        open_.remove(followed)
        track = followed.finish()
        if len(track.mouths) >= least:
            tracks.append(track)

    for step, picture in enumerate(pictures):
        # Of a large picture every k-th pixel is enough.
        k = max(1, min(picture.shape[:2]) // (4 * THUMBNAIL[1]))
        now = cv2.resize(
            picture[::k, ::k], THUMBNAIL, interpolation=cv2.INTER_AREA
        ).astype(np.int16)
        motion.append(
            np.nan if before is None else np.abs(now - before).mean()
        )
        before = now
        lately = np.append(motion[-LATELY - 1 : -1], 0.0)
        cut = motion[-1] > max(CUT, SUDDEN * np.nanmedian(lately))
        if cut:
            motion[-1] = np.nan
            for followed in list(open_):
                close(followed)
        if not step or cut or step - looked >= EVERY:
            looked = step
            faces = find(picture)[:MOST]
            for followed in list(open_):
                same = max(
                    faces,
                    key=lambda f: overlap(f.box, followed.face.box),
                    default=None,
                )
                if same and overlap(same.box, followed.face.box) >= SAME:
                    followed.look(step, same, picture)
                    faces = [face for face in faces if face is not same]
                    continue
                followed.missed += 1
                if followed.missed > MISSED:
                    close(followed)
            for face in faces[: MOST - len(open_)]:
                open_.append(_Followed(step))
                open_[-1].look(step, face, picture)
        for followed in open_:
            followed.keep(picture)
            followed.cut(step - KEPT)
    for followed in list(open_):
        close(followed)
    return sorted(tracks, key=lambda track: track.begin), np.array(motion)
