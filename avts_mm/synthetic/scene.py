"""Scenes of the embedded corpus: bodies that strike and sound.

A scene holds two or three instruments side by side. Each has a striker (a
falling ball, a mallet, or a ball between two plates) and struck plates whose
colour tells the material and whose width tells the pitch. Strikes come at
irregular times, in bursts with rests between, so one second of a scene is
unlike the next. Picture and sound are computed from the same list of
strikes: frame ``i`` is the state at ``i / fps`` seconds, and a sound begins at
the very instant of contact.

The strikes begin before the clip and go on after it, and nothing else depends
on the time within the clip; so neither half tells where in the clip a second
was taken.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Material(NamedTuple):
    """What a plate is made of: its looks and its timbre."""

    name: str
    colour: tuple[float, float, float]  # RGB in 0..1
    pitch: tuple[float, float]  # Hz, of the widest and the narrowest plate
    partials: tuple[tuple[float, float], ...]  # (frequency ratio, weight)
    decay: float  # seconds until the first partial falls by 1/e
    click: float  # weight of the noise at the contact
    glide: float  # how much sharper the tone begins


MATERIALS = (
    Material(
        'skin',
        (0.85, 0.25, 0.20),
        (110.0, 190.0),
        ((1.0, 1.0), (1.59, 0.5), (2.30, 0.3)),
        0.09,
        0.35,
        0.35,
    ),
    Material(
        'wood',
        (0.88, 0.66, 0.20),
        (320.0, 620.0),
        ((1.0, 1.0), (2.71, 0.4), (5.15, 0.2)),
        0.05,
        0.50,
        0.0,
    ),
    Material(
        'metal',
        (0.30, 0.48, 0.95),
        (750.0, 1400.0),
        ((1.0, 1.0), (2.76, 0.5), (5.40, 0.25)),
        0.15,
        0.15,
        0.0,
    ),
    Material(
        'glass',
        (0.30, 0.85, 0.50),
        (1700.0, 3200.0),
        ((1.0, 1.0), (2.32, 0.35)),
        0.11,
        0.20,
        0.0,
    ),
)
STRIKERS = ('ball', 'mallet', 'plates')
MAX_GAP = 0.8  # seconds without any strike, so that no second is silent
THICKNESS = 0.045  # half the thickness of a plate
# Seconds simulated before and after the clip: by then nothing is left of the
# common beginning with a burst (2 s left 15 % more strikes at the start).
_PAD = 8.0


class Body(NamedTuple):
    """One instrument; lengths are fractions of the picture's side."""

    striker: str
    material: int
    size: float  # 0..1; wide plates are low
    x: float
    half: float  # half the width of its lane
    floor: float  # y of the struck plate
    radius: float  # of the ball or the mallet's head
    travel: float  # greatest distance of the striker from the plate
    side: int  # where the mallet's handle points
    shade: float
    times: np.ndarray  # (K,) seconds
    strengths: np.ndarray  # (K,) 0..1


class Scene(NamedTuple):
    """Bodies and the clip they play in."""

    bodies: tuple[Body, ...]
    seconds: float
    seed: tuple[int, ...]

    @property
    def strikes(self) -> list[float]:
        """Times of all strikes within the clip, ascending, in seconds."""
        times = np.concatenate([body.times for body in self.bodies])
        times = times[(times >= 0) & (times < self.seconds)]
        return np.sort(times).tolist()

    @property
    def label(self) -> int:
        """Index into :data:`MATERIALS` of the body heard most."""
        power = [0.0] * len(MATERIALS)
        for body in self.bodies:
            heard = (body.times >= 0) & (body.times < self.seconds)
            power[body.material] += float((body.strengths[heard] ** 2).sum())
        return int(np.argmax(power))


def _draw_strikes(rng, begin: float, end: float) -> np.ndarray:
    """Bursts of strikes at irregular intervals, with rests between."""
    times = []
    now = begin - rng.uniform(0.0, 1.0)
    while now < end:
        stop = now + rng.uniform(0.4, 1.3)
        while now < stop:
            now += rng.uniform(0.22, 0.7)
            times.append(now)
        now += rng.uniform(0.3, 1.3)
    return np.array(times)


def _fill_gaps(rng, times: list[np.ndarray]) -> None:
    """Add strikes where all bodies rest for more than :data:`MAX_GAP`."""
    while True:
        union = np.sort(np.concatenate(times))
        gaps = np.diff(union)
        wide = np.flatnonzero(gaps > MAX_GAP)
        if not len(wide):
            return
        for i in wide:
            # Far enough from the strikes around, whichever body takes it.
            extra = union[i] + rng.uniform(0.3, 0.7) * gaps[i]
            which = rng.integers(len(times))
            times[which] = np.sort(np.append(times[which], extra))


def make_scene(seed: int | Sequence[int], seconds: float) -> Scene:
    """Draw the bodies of a clip and when they strike.

    Args:
        seed (int or sequence of int): Everything follows from it.
        seconds (float): Length of the clip.

    Returns:
        Scene: Its strikes reach beyond both ends of the clip.
    """
    key = tuple(np.atleast_1d(seed).tolist())
    rng = np.random.default_rng([*key, 0])
    count = int(rng.integers(2, 4))
    materials = rng.permutation(len(MATERIALS))[:count]
    times = [_draw_strikes(rng, -_PAD, seconds + _PAD) for _ in range(count)]
    _fill_gaps(rng, times)
    edges = np.cumsum(np.r_[0.0, rng.uniform(0.8, 1.2, count)])
    edges = 0.02 + 0.96 * edges / edges[-1]
    bodies = []
    for i in range(count):
        half = float(edges[i + 1] - edges[i]) / 2
        radius = min(0.13, 0.55 * half)
        ceiling, floor = rng.uniform(0.06, 0.14), rng.uniform(0.80, 0.90)
        bodies.append(
            Body(
                striker=STRIKERS[rng.integers(len(STRIKERS))],
                material=int(materials[i]),
                size=float(rng.uniform()),
                x=float(edges[i] + edges[i + 1]) / 2,
                half=half,
                floor=float(floor),
                radius=radius,
                travel=float(floor - ceiling - 2 * (radius + THICKNESS)),
                side=int(rng.choice([-1, 1])),
                shade=float(rng.uniform(0.85, 1.0)),
                times=times[i],
                strengths=rng.uniform(0.3, 1.0, len(times[i])),
            )
        )
    return Scene(tuple(bodies), float(seconds), key)
