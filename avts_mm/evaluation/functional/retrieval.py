"""Cross-modal retrieval: how near a clip's own sound is among all others.

Functions of plain arrays: row ``i`` of the queries and row ``i`` of the
gallery are the picture and the sound of one clip, or the other way round.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import hypergeom

from .intervals import DEVIATIONS, share_interval

# What the distances of some queries to the whole gallery may take.
CHUNK_BYTES = 2**26


@dataclass
class Ranking:
    """Where in the gallery the items stand that a query looks for.

    Attributes:
        closer (np.ndarray): int64 ``(N,)``: items that are nearer than the
            nearest wanted one.
        tied (np.ndarray): int64 ``(N,)``: other unwanted items as near as it.
        wanted (np.ndarray): int64 ``(N,)``: wanted items among those.
        size (int): Items in the gallery.
        all_wanted (np.ndarray): int64 ``(N,)``: wanted items in the gallery.
        groups (np.ndarray): ``(N,)``: the video of each query.
    """

    closer: np.ndarray
    tied: np.ndarray
    wanted: np.ndarray
    size: int
    all_wanted: np.ndarray
    groups: np.ndarray

    def hits(self, k: int) -> np.ndarray:
        """Whether the first ``k`` hold a wanted item, float64 ``(N,)``.

        Ties are in random order, so with ties this is a probability: a model
        that gives all the same embedding is exactly at chance.
        """
        places = np.clip(k - self.closer, 0, self.tied + self.wanted)
        return 1 - hypergeom.pmf(
            0, self.tied + self.wanted, self.wanted, places
        )

    def ranks(self) -> np.ndarray:
        """Mean rank of the first wanted item, from 1, float64 ``(N,)``."""
        return 1 + self.closer + self.tied / (self.wanted + 1)

    def chance(self, k: int) -> float:
        """Mean of :meth:`hits` if the order were random."""
        k = min(k, self.size)
        miss = hypergeom.pmf(0, self.size, self.all_wanted, k)
        return float(1 - miss.mean())

    def chance_rank(self) -> float:
        """Median of the rank over queries if the order were random."""
        every = range(self.size + 1)
        half = 0.5 - 1e-9, 0.5 + 1e-9
        low, high = (bisect_left(every, h, key=self.chance) for h in half)
        return (low + high) / 2


def rank_gallery(
    queries: np.ndarray,
    gallery: np.ndarray,
    groups: Sequence | None = None,
) -> tuple[Ranking, Ranking]:
    """Rank the gallery by Euclidean distance from each query.

    The distances are computed for some queries at a time.

    Args:
        queries (np.ndarray): Embeddings ``(N, D)``.
        gallery (np.ndarray): Embeddings ``(N, D)`` of the same clips in the
            other modality.
        groups (Sequence, optional): The video of each clip ``(N,)``.
            Defaults to a video of its own for each.

    Returns:
        tuple[Ranking, Ranking]: Of the same clip (one wanted item), and of
        any clip of the same video.

    Raises:
        ValueError: Arrays do not fit each other or are not finite.
    """
    queries, gallery = np.asarray(queries), np.asarray(gallery)
    number = len(queries)
    if queries.ndim != 2 or queries.shape != gallery.shape or not number:
        raise ValueError(
            'need two arrays (N, D) of the same clips, got '
            f'{queries.shape} and {gallery.shape}'
        )
    queries, gallery = queries.astype(np.float64), gallery.astype(np.float64)
    if not (np.isfinite(queries).all() and np.isfinite(gallery).all()):
        raise ValueError('embeddings must be finite')
    videos = np.arange(number) if groups is None else np.asarray(groups)
    if videos.shape != (number,):
        raise ValueError(f'{len(videos)} groups for {number} clips')
    _, ids, counts = np.unique(videos, return_inverse=True, return_counts=True)
    ids = ids.reshape(-1)
    squares = np.einsum('nd,nd->n', gallery, gallery)
    # Equal rows may differ by rounding, depending on their place in the
    # product; that is far below what embeddings of 32 bits can tell.
    slack = 1e-12 * max(
        squares.max(), np.einsum('nd,nd->n', queries, queries).max()
    )
    chunk = max(CHUNK_BYTES // (8 * number), 1)
    counted = np.empty((2, 3, number), np.int64)
    for begin in range(0, number, chunk):
        rows = slice(begin, min(begin + chunk, number))
        places = np.arange(rows.start, rows.stop)
        # Squared distances less the query's own square: the same order.
        distances = queries[rows] @ gallery.T
        distances *= -2
        distances += squares
        own = distances[places - begin, places]
        clip = places[:, None] == np.arange(number)
        video = ids[rows, None] == ids
        best = np.where(video, distances, np.inf).min(1)
        for target, (mask, value) in enumerate(((clip, own), (video, best))):
            far = value[:, None] + slack
            near = value[:, None] - slack
            closer = (distances < near) & ~mask
            level = (distances >= near) & (distances <= far)
            counted[target, :, rows] = (
                closer.sum(1),
                (level & ~mask).sum(1),
                (level & mask).sum(1),
            )

    def ranking(target: int, all_wanted: np.ndarray) -> Ranking:
        closer, tied, wanted = counted[target]
        return Ranking(closer, tied, wanted, number, all_wanted, videos)

    return ranking(0, np.ones(number, np.int64)), ranking(1, counts[ids])


def retrieval_measures(
    ranking: Ranking, ks: Sequence[int] = (1, 5, 10)
) -> dict[str, dict[str, Any]]:
    """Recall at k and the median rank, with intervals and chance levels.

    Clips of one video are related, so the intervals count videos: of a
    recall, Wilson's with the variance between videos; of the median, the
    order statistics of as many ranks as there are videos.

    Args:
        ranking (Ranking): Of :func:`rank_gallery`.
        ks (Sequence[int]): Defaults to (1, 5, 10).

    Returns:
        dict: ``metrics``, ``intervals`` and ``chance``, each of ``R@k`` and
        ``median_rank``.
    """
    metrics, intervals, chance = {}, {}, {}
    for k in ks:
        hits = ranking.hits(k)
        metrics[f'R@{k}'] = float(hits.mean())
        intervals[f'R@{k}'] = share_interval(hits, ranking.groups)
        chance[f'R@{k}'] = ranking.chance(k)
    ranks = ranking.ranks()
    metrics['median_rank'] = float(np.median(ranks))
    videos = len(np.unique(ranking.groups))
    spread = DEVIATIONS / (2 * np.sqrt(videos))
    shares = np.clip([0.5 - spread, 0.5 + spread], 0, 1)
    intervals['median_rank'] = tuple(np.quantile(ranks, shares).tolist())
    chance['median_rank'] = ranking.chance_rank()
    return dict(metrics=metrics, intervals=intervals, chance=chance)
