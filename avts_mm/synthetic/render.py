"""Picture and sound of a scene of the embedded corpus.

Both are computed from the same list of strikes: frame ``i`` is the state at
``i / fps`` seconds, and a sound begins at the very instant of contact.
"""

from collections.abc import Sequence

import numpy as np

from avts_mm.synthetic.scene import (
    MATERIALS,
    THICKNESS,
    Body,
    Scene,
    make_scene,
)

_FLASH = 0.09  # seconds until the flash of a struck plate falls by 1/e
_GLOW = 0.10  # reach of that light around the plate, in picture sides
# As loud in every clip: it must not tell one video from another.
_NOISE = 0.003
_HANDLE = (0.75, 0.65, 0.55)


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
    # Even a weak blow must be seen in a picture of 32 pixels.
    glow = (0.3 + 0.7 * strengths[last]) * np.exp(-since / _FLASH)
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


def _paint(frames, distance, colour, size, glow=None):
    """Blend a shape, given by its signed distance, over ``frames``.

    Args:
        frames (np.ndarray): ``(3, T, H, W)``, changed in place.
        distance (np.ndarray): ``(T, H, W)``, negative inside.
        colour (sequence): Per channel a number or ``(T, 1, 1)``.
        size (int): Pixels in one unit of distance.
        glow (np.ndarray, optional): ``(T, 1, 1)``, light around the shape.
    """
    cover = np.clip(0.5 - distance * size, 0, 1)
    if glow is not None:
        halo = 0.7 * glow * np.exp(-((np.maximum(distance, 0) / _GLOW) ** 2))
    for channel, value in zip(frames, colour):
        if glow is not None:
            channel += value * halo
        channel += cover * (value - channel)


def _capsule(x, y, x0, y0, x1, y1, radius):
    """Signed distance of points to a segment with round ends."""
    dx, dy = x1 - x0, y1 - y0
    along = ((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy + 1e-9)
    along = np.clip(along, 0, 1)
    return np.hypot(x - x0 - along * dx, y - y0 - along * dy) - radius


def _column(values) -> np.ndarray:
    return np.asarray(values, np.float32)[:, None, None]


def _draw_body(frames, body: Body, t, size: int, sway) -> None:
    distance, plate, flash, squash = _motion(body, t)
    grid = (np.arange(size, dtype=np.float32) + 0.5) / size
    # Nothing but the lane, with room for sway and glow, needs computing.
    near = np.flatnonzero(np.abs(grid - body.x) < body.half + 0.2)
    lane = slice(near[0], near[-1] + 1)
    frames = frames[..., lane]
    x = grid[lane] - np.float32(body.x) - _column(sway[0])
    y = grid[:, None] - _column(sway[1])
    colour = [body.shade * value for value in MATERIALS[body.material].colour]
    width = (0.5 + 0.4 * body.size) * body.half
    thick, radius = THICKNESS, body.radius
    ceiling = body.floor - body.travel - 2 * (radius + thick)
    for which, level in enumerate((body.floor, ceiling)):
        if which and body.striker != 'plates':
            continue
        light = _column(flash[which])
        push = level + 0.035 * light * (-1 if which else 1)
        shape = _capsule(x, y, -width, push, width, push, thick)
        hue = [value + light * (1 - value) for value in colour]
        _paint(frames, shape, hue, size, light)
    # A ball is flattened against the plate for about two frames.
    flat = 1 - 0.45 * squash * (body.striker != 'mallet')
    lift: np.ndarray = distance * body.travel
    lean: float | np.ndarray = 1.0
    if body.striker == 'plates':
        lift = np.where(plate == 0, 0.5 * lift, body.travel - 0.5 * lift)
        lean = np.where(plate == 0, 1.0, -1.0)
    sink = radius * (1 - flat) * lean
    cx: float | np.ndarray = 0.0
    cy = _column(body.floor - thick - radius - lift + sink)
    if body.striker == 'mallet':
        cx = _column(-0.25 * body.side * lift)
        hinge = body.side * body.half, body.floor - 0.45
        _paint(frames, _capsule(x, y, cx, cy, *hinge, 0.018), _HANDLE, size)
    ry, rx = _column(radius * flat), _column(radius * (2 - flat))
    shape = (np.hypot((x - cx) / rx, (y - cy) / ry) - 1) * np.minimum(rx, ry)
    _paint(frames, shape, [0.45 * value + 0.5 for value in colour], size)


def _draw_background(rng, frames, sway) -> None:
    """Fill ``(3, T, H, W)`` with a cloudy texture that sways."""
    size = frames.shape[-1]
    grid = (np.arange(size) + 0.5) / size
    frames[:] = rng.uniform(0.10, 0.25)
    for _ in range(2):  # layers of one tint each
        texture = np.zeros(frames.shape[1:], np.float32)
        for _ in range(6):
            rate = rng.uniform(1.0, 9.0)
            angle, phase = rng.uniform(0, 2 * np.pi, 2)
            kx, ky = rate * np.cos(angle), rate * np.sin(angle)
            still = 2 * np.pi * (kx * grid + ky * grid[:, None]) + phase
            turn = 2 * np.pi * (kx * sway[0] + ky * sway[1])
            # sin(still + turn), without a sine for every pixel and frame
            for image, weight in (
                (np.sin(still), np.cos(turn)),
                (np.cos(still), np.sin(turn)),
            ):
                image = (image * 0.03 / np.sqrt(rate)).astype(np.float32)
                texture += _column(weight) * image
        for channel, (offset, tint) in zip(frames, rng.uniform(-1, 1, (3, 2))):
            channel += np.float32(0.03 * offset)
            channel += np.float32(1 + 0.5 * tint) * texture


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
    frames = np.empty((3, len(t), size, size), np.float32)
    _draw_background(rng, frames, sway)
    for body in scene.bodies:
        _draw_body(frames, body, t, size, sway)
    frames *= _column(1 + _walk(rng, t, 0.03))
    noise = rng.standard_normal(frames.shape, np.float32)
    frames += np.float32(rng.uniform(0.006, 0.015)) * noise
    pixels = (np.clip(frames, 0, 1) * 255 + 0.5).astype(np.uint8)
    return np.ascontiguousarray(pixels.transpose(1, 2, 3, 0))


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
            first = max(int(np.ceil(time * sample_rate)), 0)
            stop = min(int((time + length) * sample_rate), samples)
            if first < stop:
                after = np.arange(first, stop) / sample_rate - time
                wave[first:stop] += strength * _strike_sound(
                    rng, body, after, sample_rate
                )
    wave *= rng.uniform(0.7, 0.9) / np.abs(wave).max()
    wave += _NOISE * rng.standard_normal(samples)
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
