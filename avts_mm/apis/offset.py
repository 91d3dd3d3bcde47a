"""The offset between picture and sound of a film."""

from collections.abc import Callable

import numpy as np

from avts_mm.evaluation.functional.offset import (
    OffsetEstimate,
    estimate_offset,
)
from avts_mm.evaluation.functional.offset_sums import OffsetAccumulator
from avts_mm.media.film import Film

from .embedding import EmbeddedPiece, FilmEmbedder

LEAST = 0.5  # seconds of motion, and of sound, to say anything


def find_offset(
    embedder: FilmEmbedder,
    film: Film,
    max_shift: float = 2.0,
    progress: Callable[[float], None] | None = None,
    on_piece: Callable[[EmbeddedPiece], None] | None = None,
    **options,
) -> OffsetEstimate:
    """By how much the sound of a film is late.

    Reads the film once and holds a few seconds of it at a time.

    Args:
        embedder (FilmEmbedder): The model.
        film (Film): The film.
        max_shift (float): Seconds to search in both directions.
            Defaults to 2.
        progress (Callable, optional): Called with the seconds done so far.
        on_piece (Callable, optional): Called with each piece.
        options: Of :func:`estimate_offset`.

    Returns:
        OffsetEstimate

    Raises:
        MediaError: The film is damaged.
        ValueError: ``max_shift`` is not at least a step.
    """
    radius = round(max_shift / embedder.step)
    if radius < 1:
        raise ValueError(
            f'max_shift must be at least {embedder.step:g} s, not {max_shift}'
        )
    sums = OffsetAccumulator(radius, embedder.step)
    steps = moving = heard = 0
    for piece in embedder.pieces(film):
        sums.add(piece.video, piece.audio)
        steps += len(piece.video)
        moving += embedder.stride * int(np.isfinite(piece.video[:, 0]).sum())
        heard += int(np.isfinite(piece.audio[:, 0]).sum())
        if on_piece is not None:
            on_piece(piece)
        if progress is not None:
            progress(steps * embedder.step)
    reason = ''
    if steps * embedder.step < LEAST:
        reason = 'too_short'
    elif heard * embedder.step < LEAST:
        reason = 'silent'
    elif moving * embedder.step < LEAST:
        reason = 'still'
    found = sums.finish()
    # A clip of pictures stands for those that the stride has left out.
    found.counts *= embedder.stride
    found.sums *= embedder.stride
    return estimate_offset(found, reason, **options)
