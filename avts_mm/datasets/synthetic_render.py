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
        0.20,
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
_PAD = 2.0  # seconds simulated before and after the clip
_FLASH = 0.09  # seconds until the flash of a struck plate falls by 1/e


class Body(NamedTuple):
    """One instrument; lengths are fractions of the picture's side."""

    striker: str
    material: int
    size: float  # 0..1; wide plates are low
    x: float
    half: float  # half the width of its lane
    floor: float  # y of the struck plate
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


def _draw_strikes(rng, begin: float, end: float, solo: bool) -> np.ndarray:
    """Bursts of strikes at irregular intervals, with rests between."""
    times = []
    now = begin - rng.uniform(0.0, 1.0)
    while now < end:
        stop = now + rng.uniform(0.4, 1.3)
        while now < stop:
            now += rng.uniform(0.22, 0.7)
            times.append(now)
        now += rng.uniform(0.0, 0.2) if solo else rng.uniform(0.3, 1.3)
    return np.array(times)


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
    while True:
        times = [
            _draw_strikes(rng, -_PAD, seconds + _PAD, count == 1)
            for _ in range(count)
        ]
        union = np.sort(np.concatenate(times))
        inner = union[(union > -MAX_GAP) & (union < seconds + MAX_GAP)]
        if np.diff(inner).max() <= MAX_GAP:
            break
    edges = np.cumsum(np.r_[0.0, rng.uniform(0.8, 1.2, count)])
    edges = 0.02 + 0.96 * edges / edges[-1]
    bodies = []
    for i in range(count):
        floor = rng.uniform(0.74, 0.88)
        bodies.append(
            Body(
                striker=STRIKERS[rng.integers(len(STRIKERS))],
                material=int(materials[i]),
                size=float(rng.uniform()),
                x=float(edges[i] + edges[i + 1]) / 2,
                half=float(edges[i + 1] - edges[i]) / 2,
                floor=float(floor),
                travel=float(floor - rng.uniform(0.30, 0.42)),
                side=int(rng.choice([-1, 1])),
                shade=float(rng.uniform(0.85, 1.0)),
                times=times[i],
                strengths=rng.uniform(0.3, 1.0, len(times[i])),
            )
        )
    return Scene(tuple(bodies), float(seconds), key)


def _motion(body: Body, t: np.ndarray):
    """Where the striker is and how bright the plates are, at times ``t``.

    Returns:
        tuple: Distance from the plate struck next or last, 0..1; which plate
        that is (0 or 1); flash of either plate (2, T), 0..1; and squash of the
        striker, 0..1. Each ``(T,)``.
    """
    times, strengths = body.times, body.strengths
    nxt = np.searchsorted(times, t, side='right')
    last = nxt - 1
    since, until = t - times[last], times[nxt] - t
    span = since + until
    # A weak blow and a short interval both mean a small swing.
    reach = np.minimum(1.0, span / 0.4) * (0.35 + 0.65 * strengths[nxt])
    quick = 0.14 if body.striker == 'mallet' else 0.25
    rise = np.minimum(0.5 * span, quick)
    fall = np.minimum(0.5 * span, quick)
    up = 1 - np.clip(1 - since / rise, 0, 1) ** 2
    down = 1 - np.clip(1 - until / fall, 0, 1) ** 2
    distance = reach * np.minimum(up, down)
    glow = strengths[last] * np.exp(-since / _FLASH)
    plate = np.zeros(len(t), int)
    flash = np.stack([glow, 0 * glow])
    if body.striker == 'plates':
        # The two plates are struck in turn; half-way the ball may pause.
        plate = np.where(since < until, last % 2, nxt % 2)
        flash = np.stack([glow * (last % 2 == 0), glow * (last % 2 == 1)])
        up = np.clip(since / rise, 0, 1)
        down = np.clip(until / fall, 0, 1)
        distance = np.where(since < until, up, down)
    squash = np.exp(-since / 0.05) * strengths[last]
    return distance, plate, flash, squash


def _paint(frames, distance, colour, size, glow=0.0):
    """Blend a shape, given by its signed distance, over ``frames``."""
    cover = np.clip(0.5 - distance * size, 0, 1)[..., None]
    if np.any(glow):
        halo = np.exp(-np.maximum(distance, 0) / 0.05)[..., None]
        frames += 0.5 * glow * halo * np.asarray(colour, np.float32)
    frames += cover * (colour - frames)


def _capsule(x, y, x0, y0, x1, y1, radius):
    """Signed distance of points to a segment with round ends."""
    dx, dy = x1 - x0, y1 - y0
    along = ((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy + 1e-9)
    along = np.clip(along, 0, 1)
    return np.hypot(x - x0 - along * dx, y - y0 - along * dy) - radius


def _draw_body(frames, body: Body, t, size: int, sway) -> None:
    distance, plate, flash, squash = _motion(body, t)
    grid = (np.arange(size, dtype=np.float32) + 0.5) / size
    column = lambda v: np.asarray(v, np.float32)[:, None, None]  # noqa: E731
    x = grid[None, None, :] - body.x - column(sway[0])
    y = grid[None, :, None] - column(sway[1])
    colour = body.shade * np.array(MATERIALS[body.material].colour)
    width = (0.5 + 0.4 * body.size) * body.half
    thick, radius = 0.035, min(0.11, 0.5 * body.half)
    ceiling = body.floor - body.travel - 2 * radius - 2 * thick
    for which, level in enumerate((body.floor, ceiling)):
        if which and body.striker != 'plates':
            continue
        lit = column(flash[which])
        push = 0.035 * lit * (-1 if which else 1)
        shape = _capsule(
            x, y, -width, level + push, width, level + push, thick
        )
        light = lit[..., None]
        hue = (colour + light * (1.0 - colour)).astype(np.float32)
        _paint(frames, shape, hue, size, light)
    # A ball is flattened against the plate for about two frames.
    flat = 1 - 0.45 * squash * (body.striker != 'mallet')
    reach = distance * body.travel
    if body.striker == 'plates':
        gap = body.travel
        reach = np.where(plate == 0, 0.5 * reach, gap - 0.5 * reach)
        lean = np.where(plate == 0, 1.0, -1.0)
        offset = radius * (1 - flat) * lean
    else:
        offset = radius * (1 - flat)
    cy = column(body.floor - thick - radius - reach + offset)
    cx = column(0 * reach)
    if body.striker == 'mallet':
        cx = column(-0.25 * reach * body.side)
        handle = _capsule(
            x, y, cx, cy, body.side * body.half, body.floor - 0.45, 0.018
        )
        _paint(frames, handle, np.float32([0.75, 0.65, 0.55]), size)
    ry = column(radius * flat)
    rx = column(radius * (2 - flat))
    shape = (np.hypot((x - cx) / rx, (y - cy) / ry) - 1) * np.minimum(rx, ry)
    tint = (0.45 * colour + 0.5).astype(np.float32)
    _paint(frames, shape, tint, size)


def _walk(rng, t: np.ndarray, scale: float) -> np.ndarray:
    """A smooth wander of standard deviation ``scale``, alike at all times."""
    value = np.zeros(len(t))
    for _ in range(4):
        rate, phase = rng.uniform(0.15, 1.1), rng.uniform(0, 2 * np.pi)
        value += np.sin(2 * np.pi * rate * t + phase)
    return scale * value / np.sqrt(2)


def render_frames(scene: Scene, size: int, fps: float) -> np.ndarray:
    """Draw a scene.

    Args:
        scene (Scene): From :func:`make_scene`.
        size (int): Height and width in pixels.
        fps (float): Frames per second; frame ``i`` shows ``i / fps``.

    Returns:
        np.ndarray: uint8 RGB of shape ``(T, size, size, 3)``.
    """
    rng = np.random.default_rng([*scene.seed, 1])
    t = np.arange(round(scene.seconds * fps)) / fps
    sway = _walk(rng, t, 0.006), _walk(rng, t, 0.006)
    frames = np.empty((len(t), size, size, 3), np.float32)
    frames[:] = rng.uniform(0.12, 0.38) + rng.uniform(-0.06, 0.06, 3)
    grid = (np.arange(size) + 0.5) / size
    for _ in range(12):  # gratings of all directions make a cloudy texture
        rate = rng.uniform(1.0, 9.0)
        angle, phase = rng.uniform(0, 2 * np.pi, 2)
        kx, ky = rate * np.cos(angle), rate * np.sin(angle)
        wave = 2 * np.pi * (kx * grid[None, :] + ky * grid[:, None]) + phase
        turn = 2 * np.pi * (kx * sway[0] + ky * sway[1])
        tint = 0.05 / np.sqrt(rate) * rng.uniform(0.5, 1.0, 3)
        for image, weight in (
            (np.sin(wave), np.cos(turn)),
            (np.cos(wave), -np.sin(turn)),
        ):
            part = (image[..., None] * tint).astype(np.float32)
            frames += weight.astype(np.float32)[:, None, None, None] * part
    for body in scene.bodies:
        _draw_body(frames, body, t, size, sway)
    light = 1 + _walk(rng, t, 0.03)
    frames *= light.astype(np.float32)[:, None, None, None]
    frames += rng.uniform(0.006, 0.015) * rng.standard_normal(
        frames.shape, np.float32
    )
    return (np.clip(frames, 0, 1) * 255 + 0.5).astype(np.uint8)


def _strike_sound(rng, body: Body, after: np.ndarray, rate: int) -> np.ndarray:
    """Sound of one strike at ``after`` seconds after the contact."""
    material = MATERIALS[body.material]
    high, low = material.pitch[1], material.pitch[0]
    pitch = high * (low / high) ** body.size
    bend = material.glide * 0.03 * (1 - np.exp(-after / 0.03))
    sound = np.zeros(len(after))
    for ratio, weight in material.partials:
        if ratio * pitch < 0.45 * rate:
            phase = 2 * np.pi * ratio * pitch * (after + bend)
            decay = material.decay / np.sqrt(ratio)
            sound += weight * np.sin(phase) * np.exp(-after / decay)
    click = rng.standard_normal(len(after)) * np.exp(-after / 0.004)
    return sound + material.click * click


def render_wave(scene: Scene, sample_rate: int) -> np.ndarray:
    """Play a scene.

    Args:
        scene (Scene): From :func:`make_scene`.
        sample_rate (int): Hz.

    Returns:
        np.ndarray: float32 of shape ``(seconds * sample_rate,)`` in -1..1.
    """
    rng = np.random.default_rng([*scene.seed, 2])
    samples = round(scene.seconds * sample_rate)
    wave = np.zeros(samples)
    for body in scene.bodies:
        # After five decays a tone is below the background.
        length = 5 * MATERIALS[body.material].decay + 0.05
        for time, strength in zip(body.times, body.strengths):
            first = int(np.ceil(time * sample_rate))
            stop = min(int((time + length) * sample_rate), samples)
            index = np.arange(first, stop)
            sound = _strike_sound(
                rng, body, index / sample_rate - time, sample_rate
            )
            heard = index >= 0
            wave[index[heard]] += strength * sound[heard]
    wave *= rng.uniform(0.4, 0.9) / np.abs(wave).max()
    wave += 10 ** rng.uniform(-3.0, -2.3) * rng.standard_normal(samples)
    return np.clip(wave, -1, 1).astype(np.float32)


def render_clip(
    seed: int | Sequence[int],
    size: int = 48,
    seconds: float = 4.0,
    fps: float = 25,
    sample_rate: int = 16000,
) -> tuple[np.ndarray, np.ndarray, list[float]]:
    """Picture, sound and strikes of one clip.

    Args:
        seed (int or sequence of int): Everything follows from it.
        size (int): Height and width in pixels.
        seconds (float): Length of the clip.
        fps (float): Frames per second; frame ``i`` shows ``i / fps``.
        sample_rate (int): Hz.

    Returns:
        tuple: Frames, uint8 RGB ``(T, size, size, 3)``; sound, float32
        ``(S,)``; times of the strikes in seconds, ascending.
    """
    scene = make_scene(seed, seconds)
    frames = render_frames(scene, size, fps)
    return frames, render_wave(scene, sample_rate), scene.strikes
