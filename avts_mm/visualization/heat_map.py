"""Where in the picture the sound comes from."""

from collections.abc import Sequence

import cv2
import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure

from .figures import COLOURS, QUIET, bare, heading, look, new_figure

COLOUR_MAP = 'inferno'
OPACITY = 0.75
MOMENTS = 8  # shown at most
SWELL = 0.05  # of the loudest: less is no onset


def sound_distances(
    places: np.ndarray, sounds: np.ndarray, others: np.ndarray | None = None
) -> np.ndarray:
    """How much nearer than other sounds a sound is to each place.

    The distance itself mostly tells how unusual a place looks; a mean over
    other sounds does so too and is taken away.

    Args:
        places (np.ndarray): Embeddings ``(D, T, h, w)`` of places.
        sounds (np.ndarray): Embeddings ``(D, T)`` of the sound at the same
            steps.
        others (np.ndarray, optional): Embeddings ``(D, K)`` to compare with.
            Defaults to ``sounds``.

    Returns:
        np.ndarray: ``(T, h, w)``; small, below zero, where the sound comes
        from.
    """
    others = sounds if others is None else others
    maps = np.empty(places.shape[1:])
    for step, sound in enumerate(sounds.T):
        place = places[:, step, :, :, None]  # (D, h, w, 1)
        own = np.sqrt(np.square(place[..., 0] - sound[:, None, None]).mean(0))
        usual = np.sqrt(np.square(place - others[:, None, None]).mean(0))
        maps[step] = own - usual.mean(-1)
    return maps


def nearness(maps: np.ndarray) -> np.ndarray:
    """How much nearer than half of its picture each place is, at least 0."""
    if not maps.size:
        return np.zeros(maps.shape)
    middle = np.median(maps, axis=(1, 2), keepdims=True)
    return np.maximum(middle - maps, 0)


def map_scale(maps: np.ndarray) -> float:
    """The nearness that is drawn in the strongest colour."""
    near = nearness(maps[np.isfinite(maps).all((1, 2))])
    # The nearest place of a picture is clear in most of them.
    highest = near.max((1, 2)) if near.size else np.zeros(1)
    return float(np.quantile(highest, 0.9)) or 1.0


def overlay_heat_map(
    frames: np.ndarray,
    maps: np.ndarray,
    region: Sequence[float] = (0, 0, 1, 1),
    scale: float | None = None,
) -> np.ndarray:
    """Lay maps over frames: bright where the sound comes from.

    The nearest place of each has a ring.

    Places that are no nearer to the sound than half of the picture is stay
    as they are, and so does a frame whose map is NaN.

    Args:
        frames (np.ndarray): ``(T, H, W, 3)`` uint8, RGB.
        maps (np.ndarray): ``(T, h, w)``, small where the sound comes from,
            as :func:`sound_distances` gives them.
        region (Sequence[float]): (x1, y1, x2, y2), the part of the frame
            that the maps are of, shares of its width and height. What lies
            beyond is darkened. Defaults to all of it.
        scale (float, optional): The nearness drawn in the strongest colour.
            Defaults to :func:`map_scale`.

    Returns:
        np.ndarray: ``(T, H, W, 3)`` uint8.
    """
    scale = scale or map_scale(maps)
    height, width = frames.shape[1:3]
    left, right = (round(region[i] * width) for i in (0, 2))
    top, bottom = (round(region[i] * height) for i in (1, 3))
    size = max(right - left, 1), max(bottom - top, 1)
    colours = colormaps[COLOUR_MAP]
    out = frames.copy()
    outside = np.ones((height, width), bool)
    outside[top:bottom, left:right] = False
    out[:, outside] //= 2
    for image, values in zip(out, maps):
        if not np.isfinite(values).all():
            continue
        near = nearness(values[None])[0].astype(np.float32)
        near = cv2.resize(near, size, interpolation=cv2.INTER_CUBIC)
        near = np.clip(near / scale, 0, 1)[..., None]
        part = image[top : top + size[1], left : left + size[0]]
        warm = 255 * colours(0.4 + 0.6 * near[..., 0])[..., :3]
        opacity = OPACITY * np.sqrt(near)
        part[:] = part * (1 - opacity) + warm * opacity
        if values.min() < values.max():
            y, x = np.unravel_index(values.argmin(), values.shape)
            centre = (
                round((x + 0.5) / values.shape[1] * size[0]),
                round((y + 0.5) / values.shape[0] * size[1]),
            )
            ring = np.ascontiguousarray(part)
            radius, thick = max(min(size) // 10, 2), max(min(size) // 100, 1)
            cv2.circle(ring, centre, radius, (255,) * 3, thick, cv2.LINE_AA)
            part[:] = ring
    return out


def draw_heat_maps(
    frames: np.ndarray,
    maps: np.ndarray,
    times: Sequence[float] | np.ndarray,
    wave: np.ndarray,
    seconds: float,
    region: Sequence[float] = (0, 0, 1, 1),
    title: str = '',
) -> Figure:
    """A sheet: frames, the same with their maps, and the sound below.

    The moments shown are those at which the sound swells most.

    Args:
        frames (np.ndarray): ``(T, H, W, 3)`` uint8, RGB.
        maps (np.ndarray): ``(T, h, w)``.
        times (Sequence[float]): ``(T,)`` seconds.
        wave (np.ndarray): ``(S,)``, the sound of ``seconds`` from 0.
        seconds (float): Length of the sound.
        region (Sequence[float]): Of :func:`overlay_heat_map`.
        title (str): Above it. Defaults to none.
    """
    times = np.asarray(times, np.float64)
    chosen = onsets(wave, seconds, times, MOMENTS)
    columns = len(chosen)
    height, width = frames.shape[1:3]
    grow = max(1, round(160 / height))
    large = [
        cv2.resize(frames[i], (width * grow, height * grow)) for i in chosen
    ]
    scale = map_scale(maps)
    over = overlay_heat_map(np.stack(large), maps[chosen], region, scale)
    wide = max(1.4 * columns, 6)
    figure = new_figure(wide, 2 * wide / columns * height / width + 1.9)
    grid = figure.add_gridspec(
        3, columns, height_ratios=[1, 1, 0.6], hspace=0.02, wspace=0.02
    )
    small = look(fontsize=9, color=QUIET)
    for place, index in enumerate(chosen):
        above = figure.add_subplot(grid[0, place])
        below = figure.add_subplot(grid[1, place])
        above.imshow(large[place])
        below.imshow(over[place])
        bare(above)
        bare(below)
        above.set_title(f'{times[index]:.2f} s', fontsize=9)
        if not place:
            above.set_ylabel('picture', **small)
            below.set_ylabel('sound comes\nfrom here', **small)
    axes = figure.add_subplot(grid[2, :])
    at = np.linspace(0, seconds, len(wave), endpoint=False)
    axes.plot(at, wave, color=COLOURS['easy'], linewidth=0.5)
    for index in chosen:
        axes.axvline(times[index], color=COLOURS['hard'], linewidth=1.2)
    axes.set_xlim(0, seconds)
    axes.set_yticks([])
    axes.set_ylabel('sound', **small)
    axes.set_xlabel(
        'seconds (lines: the moments above; ring: the nearest place)',
        fontsize=9,
    )
    axes.spines[['top', 'right', 'left']].set_visible(False)
    heading(figure, title)
    return figure


def onsets(
    wave: np.ndarray, seconds: float, times: np.ndarray, count: int
) -> list[int]:
    """The steps at which the sound swells most, spread over the time.

    Chosen by the sound alone, so that the maps shown are not the best ones.
    """
    half = (times[-1] - times[0]) / max(len(times) - 1, 1) / 2
    rate = len(wave) / seconds
    loud = np.zeros(len(times))
    for index, time in enumerate(times):
        begin = max(round((time - half) * rate), 0)
        part = wave[begin : max(round((time + half) * rate), begin + 1)]
        loud[index] = np.sqrt(np.mean(np.square(part))) if len(part) else 0
    rise = np.diff(loud, prepend=loud[:1])
    if len(times) <= count:
        return list(range(len(times)))
    apart = (times[-1] - times[0]) / (2 * count)
    found: list[int] = []
    for index in np.argsort(-rise, kind='stable').tolist():
        if len(found) == count or rise[index] < SWELL * loud.max():
            break
        if all(abs(times[index] - times[i]) >= apart for i in found):
            found.append(index)
    return sorted(found) or [int(np.argmax(loud))]
