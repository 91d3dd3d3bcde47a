"""Which parts of a long film are looked at."""

import math
from collections.abc import Callable
from itertools import islice

import numpy as np

from avts_mm.media.film import Film

from .embedding import LOUDNESS, effective

LONG = 600.0  # seconds from which on excerpts are looked at
EXCERPT, EXCERPTS = 20.0, 12  # seconds, and how many
TRIED = 3  # times as many places are glanced at
GLANCES = 0.25, 0.75  # of an excerpt, at which a face is looked for
RATE = 8000  # Hz, to hear whether there is sound


def choose_excerpts(
    film: Film, find: Callable[[np.ndarray], list]
) -> list[tuple[float, float]]:
    """The parts of a film in which most is seen and heard of people.

    Places are spread evenly over the film. At each the sound and two pictures
    are looked at; those with a face in both, and sound all the time, come
    first, larger faces before smaller ones.

    Args:
        film (Film): The film.
        find (Callable): A :class:`~avts_mm.media.faces.FaceFinder`.

    Returns:
        list[tuple]: Begin and end in seconds; from 0 to infinity if the film
        is short, or can be read from the beginning only.
    """
    if film.seconds <= LONG or not film.seekable:
        return [(0.0, math.inf)]
    last = film.seconds - EXCERPT
    places = np.linspace(0, last, EXCERPTS * TRIED) // EXCERPT * EXCERPT
    # Of equally good ones those that lie far apart.
    order = [*dict.fromkeys(p for k in range(TRIED) for p in places[k::TRIED])]
    order.sort(key=lambda place: _promise(film, find, place), reverse=True)
    return sorted((p, p + EXCERPT) for p in map(float, order[:EXCERPTS]))


def _promise(film: Film, find, place: float) -> tuple[float, float]:
    """Share of glances with a face and of the time with sound, multiplied,
    and the height of the faces."""
    heights = []
    for share in GLANCES:
        for picture in islice(film.pictures(1.0, place + share * EXCERPT), 1):
            faces = find(picture)[:1]
            heights += [np.ptp(f.box[1::2]) / len(picture) for f in faces]
    parts = int(EXCERPT * 10)
    loudness = effective(film.sound(place, EXCERPT, RATE), parts)
    heard = float((np.nan_to_num(loudness) > LOUDNESS).mean())
    return heard * len(heights), sum(heights)
