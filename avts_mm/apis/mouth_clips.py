"""Embeddings of the clips that begin at each step of a mouth, or of sound."""

import numpy as np

from avts_mm.media.film import Film

from .embedding import LOUDNESS, MOTION, FilmEmbedder, around, effective


def embed_mouths(
    embedder: FilmEmbedder, mouths: np.ndarray, begin: int
) -> np.ndarray:
    """Embed the clip that begins at each picture of a mouth.

    Args:
        embedder (FilmEmbedder): Of clips of mouths.
        mouths (np.ndarray): ``(T, H, W, 3)`` uint8.
        begin (int): Step of the first.

    Returns:
        np.ndarray: ``(T - length + 1, D)``; NaN where nothing moves, and for
        those that the stride leaves out.
    """
    length = embedder.length
    change = np.abs(np.diff(mouths.astype(np.int16), axis=0))
    moving = np.append(False, change.mean((1, 2, 3)) > MOTION)
    steps = len(mouths) - length + 1
    moving = around(moving, 0, length - 1)[:steps]
    on = np.arange(begin, begin + steps) % embedder.stride == 0
    places = np.flatnonzero(on & moving)
    # One by one: a clip may be normalised by what is in it.
    clips = [
        embedder.transform(list(mouths[k : k + length])).swapaxes(0, 1)
        for k in places
    ]
    return _scattered(embedder, 'video', clips, places, steps)


def embed_sounds(
    embedder: FilmEmbedder, film: Film, begin: int, steps: int
) -> tuple[np.ndarray, np.ndarray]:
    """Embed the sound of the clip that begins at each step.

    Args:
        embedder (FilmEmbedder): Of clips.
        film (Film): The film.
        begin (int): The first step; it may lie before the film.
        steps (int): How many.

    Returns:
        tuple: ``(steps, D)``, NaN where nothing is heard or known, and the
        loudness ``(steps,)`` as in :class:`EmbeddedPiece`.
    """
    after, rate = embedder.length - 1, embedder.rate
    per_step = embedder.step * rate
    count = round((steps + after) * per_step)
    sound = film.sound(begin * embedder.step, count / rate, rate)
    loudness = effective(sound, steps + after)
    heard = around(np.nan_to_num(loudness) > LOUDNESS, 0, after)
    heard &= ~around(~np.isfinite(loudness), 0, after)
    places = np.flatnonzero(heard[:steps])
    size = round(embedder.length * per_step)
    begins = (round(k * per_step) for k in places)
    clips = [sound[b : b + size] for b in begins]
    audio = _scattered(embedder, 'audio', clips, places, steps)
    return audio, loudness[:steps]


def _scattered(
    embedder: FilmEmbedder,
    what: str,
    clips: list,
    places: np.ndarray,
    steps: int,
) -> np.ndarray:
    """Embeddings of clips at their places, else NaN."""
    if not clips:
        return np.full((steps, 1), np.nan, np.float32)
    with embedder.autocast:
        found = embedder.batched(what, clips)
    rows = np.full((steps, found.shape[1]), np.nan, np.float32)
    rows[places] = found
    return rows
