"""Does a map point at the body that is heard?"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from .intervals import share_interval


class Strike(NamedTuple):
    """A body strikes.

    Attributes:
        step (int): The step of the map within which it does.
        left (float): Where the body's lane begins, share of the width.
        right (float): Where it ends.
        alone (bool): No other body strikes at nearly the same time.
    """

    step: int
    left: float
    right: float
    alone: bool


def pointing_hits(maps: np.ndarray, strikes: Sequence[Strike]) -> np.ndarray:
    """Whether the smallest value at a strike lies in the lane of the body.

    Args:
        maps (np.ndarray): ``(T, h, w)``, small where the sound comes from.
        strikes (Sequence[Strike]): Of the same clip.

    Returns:
        np.ndarray: bool ``(len(strikes),)``.
    """
    width = maps.shape[2]
    hits = np.zeros(len(strikes), bool)
    for number, strike in enumerate(strikes):
        column = int(maps[strike.step].argmin()) % width
        hits[number] = strike.left <= (column + 0.5) / width <= strike.right
    return hits


def pointing_chance(width: int, strikes: Sequence[Strike]) -> np.ndarray:
    """Probability that a place drawn at random lies in the lane.

    Returns:
        np.ndarray: ``(len(strikes),)``.
    """
    middles = (np.arange(width) + 0.5) / width
    return np.array(
        [np.mean((middles >= s.left) & (middles <= s.right)) for s in strikes]
    )


def share_of(
    values: np.ndarray, clips: np.ndarray
) -> tuple[float, float, float]:
    """Mean of hits and its 95 % interval; strikes of a clip are related."""
    values = np.asarray(values, np.float64)
    return float(values.mean()), *share_interval(values, np.asarray(clips))
