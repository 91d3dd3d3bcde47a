"""Distances of every picture of a film to the sounds around it.

Kept as sums over short blocks of time, which is all that is needed to find
the offset, and small for a film of any length.
"""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

BLOCK = 10  # steps


def shift_distances(
    video: np.ndarray, audio: np.ndarray, radius: int
) -> np.ndarray:
    """Distance of every picture to the sounds around it, centred.

    Some sounds are far from every picture and some pictures from every sound,
    which would favour the shifts they are compared at. So the mean of the row
    and of the column, over what is compared, is taken away from each distance.

    Args:
        video (np.ndarray): Embeddings ``(T, D)``; a row of NaN takes no part.
        audio (np.ndarray): Embeddings ``(T, D)`` of the same steps, likewise.
        radius (int): Largest shift in steps.

    Returns:
        np.ndarray: ``(T, 2 * radius + 1)``; column ``k`` compares the picture
        at step ``t`` with the sound at ``t + k - radius``. NaN where either
        is missing.
    """
    steps, size = video.shape
    padded = np.full((steps + 2 * radius, size), np.nan, np.float32)
    padded[radius : radius + steps] = audio
    bands = np.full((steps, 2 * radius + 1), np.nan)
    for k in range(2 * radius + 1):
        difference = video - padded[k : k + steps]
        bands[:, k] = np.sqrt(np.mean(difference**2, axis=1))
    there = np.isfinite(bands)
    values = np.where(there, bands, 0.0)
    rows = values.sum(1) / np.maximum(there.sum(1), 1)
    sums, counts = np.zeros(steps + 2 * radius), np.zeros(steps + 2 * radius)
    for k in range(2 * radius + 1):
        sums[k : k + steps] += values[:, k]
        counts[k : k + steps] += there[:, k]
    columns = sums / np.maximum(counts, 1)
    around = sliding_window_view(columns, 2 * radius + 1)
    # The columns' own mean stays, so that each row sums to zero.
    around = np.where(there, around, 0.0)
    around -= (around.sum(1) / np.maximum(there.sum(1), 1))[:, None]
    return bands - rows[:, None] - around


@dataclass
class OffsetSums:
    """Centred distances, summed over blocks of time.

    Attributes:
        sums (np.ndarray): ``(B, S)``, of what was compared in each block at
            each shift.
        counts (np.ndarray): ``(B, S)``, how much that was.
        step (float): Seconds from one step to the next.
        block (int): Steps of a block.
    """

    sums: np.ndarray
    counts: np.ndarray
    step: float
    block: int

    @classmethod
    def of(
        cls, distances: np.ndarray, step: float, block: int
    ) -> 'OffsetSums':
        """From distances ``(T, S)``; the last block may be shorter."""
        there = np.isfinite(distances)
        begins = np.arange(0, len(distances), block)
        return cls(
            np.add.reduceat(np.where(there, distances, 0.0), begins),
            np.add.reduceat(there.astype(float), begins),
            step,
            block,
        )

    @property
    def radius(self) -> int:
        """The largest shift in steps."""
        return self.sums.shape[1] // 2


class OffsetAccumulator:
    """Collects the sums of a film that is embedded piece by piece.

    Holds no more than a piece and four times the radius. The result does not
    depend on the size of the pieces.

    Args:
        radius (int): Largest shift in steps.
        step (float): Seconds from one step to the next.
    """

    def __init__(self, radius: int, step: float) -> None:
        self.radius, self.step = radius, step
        self._video: np.ndarray | None = None
        self._audio: np.ndarray | None = None
        self._begin = 0  # number of the first step that is held
        self._done = 0  # number of steps that are summed
        self._parts: list[OffsetSums] = []

    def add(self, video: np.ndarray, audio: np.ndarray) -> None:
        """Take the next steps.

        Args:
            video (np.ndarray): Embeddings ``(T, D)``; NaN for none.
            audio (np.ndarray): Embeddings ``(T, D)``; NaN for none.
        """
        if self._video is None or self._audio is None:
            self._video, self._audio = video, audio
        else:
            self._video = np.concatenate([self._video, video])
            self._audio = np.concatenate([self._audio, audio])
        ready = self._begin + len(self._video) - 2 * self.radius - self._done
        self._sum(ready // BLOCK * BLOCK)

    def finish(self) -> OffsetSums:
        """The sums, when there is no more."""
        if self._video is not None:
            self._sum(self._begin + len(self._video) - self._done)
        if not self._parts:
            nothing = np.zeros((1, 2 * self.radius + 1))
            return OffsetSums(nothing, nothing.copy(), self.step, BLOCK)
        return OffsetSums(
            np.concatenate([part.sums for part in self._parts]),
            np.concatenate([part.counts for part in self._parts]),
            self.step,
            BLOCK,
        )

    def _sum(self, steps: int) -> None:
        """Sum the next steps and drop what is not needed any more."""
        if steps <= 0 or self._video is None or self._audio is None:
            return
        # The mean of a column needs the pictures around the sounds around
        # the pictures.
        reach = 2 * self.radius
        end = self._done + steps + reach - self._begin
        distances = shift_distances(
            self._video[:end], self._audio[:end], self.radius
        )
        first = self._done - self._begin
        self._parts.append(
            OffsetSums.of(distances[first : first + steps], self.step, BLOCK)
        )
        self._done += steps
        drop = max(0, self._done - reach - self._begin)
        self._video, self._audio = self._video[drop:], self._audio[drop:]
        self._begin += drop
