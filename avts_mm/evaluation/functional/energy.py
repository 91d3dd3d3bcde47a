"""Motion and loudness: where they go together, without any learning."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from .offset import MIN_OVERLAP
from .offset_sums import BLOCK, OffsetSums


def energy_offset(
    motion: np.ndarray, loudness: np.ndarray, radius: int, step: float
) -> float:
    """A baseline without learning: where motion and loudness go together.

    Args:
        motion (np.ndarray): ``(T,)``, mean change of the picture.
        loudness (np.ndarray): ``(T,)``, effective value of the sound; NaN
            where there is no track. Its logarithm is taken.
        radius (int): Largest shift in steps.
        step (float): Seconds of a step.

    Returns:
        float: Seconds by which the sound is late: where Pearson's correlation
        is largest; 0 if it is defined nowhere.
    """
    sound = np.log(np.maximum(loudness, 1e-5))
    best, offset = -np.inf, 0
    for shift in range(-radius, radius + 1):
        begin, end = max(0, -shift), len(motion) - max(0, shift)
        if end - begin < max(MIN_OVERLAP / step, 3):
            continue
        x, y = motion[begin:end], sound[begin + shift : end + shift]
        known = np.isfinite(x) & np.isfinite(y)
        x, y = x[known], y[known]
        if known.sum() * step < MIN_OVERLAP or not (x.std() and y.std()):
            continue
        correlation = np.corrcoef(x, y)[0, 1]
        if correlation > best:
            best, offset = correlation, shift
    return offset * step


def energy_sums(
    motion: np.ndarray, loudness: np.ndarray, step: float
) -> OffsetSums:
    """Motion and loudness compared in the form of distances.

    What `estimate_offset` makes of it is a baseline that knows how sure it
    is: its curve is the correlation of both, turned upside down.

    Args:
        motion (np.ndarray): ``(T,)``, mean change of the picture; NaN where
            it is not known.
        loudness (np.ndarray): ``(T + 2 * radius,)``, effective value of the
            sound, from ``radius`` steps before the first picture on; NaN
            likewise. Its logarithm is taken.
        step (float): Seconds of a step.
    """
    size = len(loudness) - len(motion) + 1
    sound = np.log(np.maximum(loudness, 1e-5))
    moved, heard = (
        (values - np.nanmean(values)) / max(np.nanstd(values), 1e-9)
        if np.isfinite(values).any()
        else values
        for values in (motion, sound)
    )
    if not len(moved):
        moved, heard = np.full(1, np.nan), np.full(size, np.nan)
    products = -moved[:, None] * sliding_window_view(heard, size)
    there = np.isfinite(products)
    means = np.where(there, products, 0).sum(1) / np.maximum(there.sum(1), 1)
    return OffsetSums.of(products - means[:, None], step, BLOCK)
