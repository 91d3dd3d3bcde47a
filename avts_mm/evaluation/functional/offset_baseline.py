"""What an offset can be told by without any learning."""

import numpy as np


def energy_offset(
    motion: np.ndarray,
    loudness: np.ndarray,
    radius: int,
    step: float,
    min_overlap: float = 0.5,
) -> float:
    """The shift at which motion and loudness go together best.

    Args:
        motion (np.ndarray): ``(T,)``, mean change of the picture.
        loudness (np.ndarray): ``(T,)``, effective value of the sound; NaN
            where there is no track. Its logarithm is taken.
        radius (int): Largest shift in steps.
        step (float): Seconds of a step.
        min_overlap (float): Seconds that must be compared. Defaults to 0.5.

    Returns:
        float: Seconds by which the sound is late: where Pearson's correlation
        is largest; 0 if it is defined nowhere.
    """
    sound = np.log(np.maximum(loudness, 1e-5))
    best, offset = -np.inf, 0
    for shift in range(-radius, radius + 1):
        begin, end = max(0, -shift), len(motion) - max(0, shift)
        if end - begin < max(min_overlap / step, 3):
            continue
        x, y = motion[begin:end], sound[begin + shift : end + shift]
        known = np.isfinite(x) & np.isfinite(y)
        x, y = x[known], y[known]
        if known.sum() * step < min_overlap or not (x.std() and y.std()):
            continue
        correlation = np.corrcoef(x, y)[0, 1]
        if correlation > best:
            best, offset = correlation, shift
    return offset * step
