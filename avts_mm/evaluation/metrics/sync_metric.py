"""Accuracy of telling pairs in sync from pairs that are not."""

import logging
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from mmaction.registry import METRICS
from mmengine.dist import all_gather_object
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log

from ..functional.intervals import auc_interval, share_interval
from ..functional.sync import (
    balanced_accuracy,
    cross_fitted_decisions,
    equal_error_rate,
    paired_wins,
    roc_auc,
)

NAN = float('nan')


class Judged(NamedTuple):
    """One pair, as the sampler numbers it, and its distance."""

    pair: tuple[int, ...]
    path: str
    distance: float


class _Pairs(NamedTuple):
    """Pairs of one kind as columns ``(N,)``; a clip is a picture."""

    distances: np.ndarray
    videos: np.ndarray
    clips: np.ndarray

    def where(self, mask: np.ndarray) -> '_Pairs':
        return _Pairs(*(column[mask] for column in self))

    @property
    def finite(self) -> bool:
        return bool(np.isfinite(self.distances).all())


@METRICS.register_module()
class SyncMetric(BaseMetric):
    """Accuracy, AUC and equal-error rate for each kind of negative.

    For every kind of negative among the validation pairs it gives, against
    the positives of the same videos,

    - ``sync/<kind>/accuracy``: balanced accuracy, the threshold fitted on one
      half of the videos and applied to the other, and vice versa;
    - ``sync/<kind>/auc``: area under the ROC curve;
    - ``sync/<kind>/eer``: equal-error rate;

    then ``sync/within_video``, the share of clips whose own sound is nearer
    than a shifted one of the same video, which needs no threshold and
    cannot be solved by knowing videos apart (``sync/super_hard/within_video``
    likewise), and over all negatives together ``sync/accuracy`` and
    ``sync/auc``. Chance is 0.5 for each.

    For reports the last evaluation stays in :attr:`last_distances`, kind to
    array ``(N,)``, and :attr:`last_intervals`, name of an accuracy, AUC or
    within-video share to its 95 % confidence interval, which takes into
    account that clips of one video are related.

    Arguments are those of ``BaseMetric``; results are small, and gathered as
    objects whatever ``collect_device`` says.
    """

    default_prefix = 'sync'

    # If the dataset does not tell; the numbers of PairKind.
    KINDS = ('positive', 'easy', 'hard', 'super_hard')

    def __init__(self, **kwargs) -> None:
        super().__init__(**kwargs)
        self.last_distances: dict[str, np.ndarray] = {}
        self.last_intervals: dict[str, tuple[float, float]] = {}

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Note the distances of a batch.

        Raises:
            KeyError: A sample lacks ``pred_distance`` or ``pair``.
        """
        for sample in data_samples:
            for key in ('pred_distance', 'pair'):
                if key not in sample:
                    raise KeyError(
                        f'SyncMetric needs {key!r} of each sample, which has '
                        f'{sorted(sample)}; the model sets pred_distance, '
                        'PackAVInputs the pair'
                    )
            pair = tuple(int(value) for value in sample['pair'])
            path = sample.get('video_path', str(pair[0]))
            distance = float(sample['pred_distance'])
            self.results.append(Judged(pair, path, distance))

    def evaluate(self, size: int) -> dict[str, float]:
        """Gather all ranks' results and judge them.

        ``size``, the length of the dataset, says nothing about the number of
        pairs, and what ranks repeat to be equally long is found by the pair.
        Every rank computes the same, so an error stops them all.
        """
        gathered = all_gather_object(self.results)
        judged = {case[0]: Judged(*case) for part in gathered for case in part}
        self.results.clear()
        metrics = self.compute_metrics(list(judged.values()))
        return {f'{self.prefix}/{key}': v for key, v in metrics.items()}

    def compute_metrics(self, results: list[Judged]) -> dict[str, float]:
        """Judge pairs that are all different.

        Raises:
            ValueError: There are no positives, or no negatives.
        """
        names = (self.dataset_meta or {}).get('kinds', self.KINDS)
        paths = sorted({case.path for case in results})
        videos = {path: number for number, path in enumerate(paths)}
        # The record, and the seed that decides the moment.
        clips = {(case.pair[0], case.pair[3]) for case in results}
        numbers = {clip: number for number, clip in enumerate(sorted(clips))}
        every = _Pairs(
            np.array([case.distance for case in results], np.float64),
            np.array([videos[case.path] for case in results], np.int64),
            np.array([numbers[c.pair[0], c.pair[3]] for c in results], int),
        )
        kinds = np.array([case.pair[2] for case in results])
        groups = {
            name: every.where(kinds == kind)
            for kind, name in enumerate(names)
            if (kinds == kind).any()
        }
        self.last_distances = {n: g.distances for n, g in groups.items()}
        positives = groups.pop(names[0], None)
        if positives is None or not groups:
            raise ValueError(
                'SyncMetric needs positives and negatives but was given '
                f'{sorted(self.last_distances) or "nothing"}; use sampler='
                "dict(type='AVPairTestSampler') for validation"
            )
        broken = int((~np.isfinite(every.distances)).sum())
        if broken:
            print_log(
                f'{broken} of {len(results)} distances are not finite: the '
                'model has diverged, and its metrics are NaN',
                logger='current',
                level=logging.WARNING,
            )
        metrics: dict[str, float] = {}
        self.last_intervals = {}
        for name, negatives in groups.items():
            # Against the positives of the same videos.
            same = np.isin(positives.videos, negatives.videos)
            found = positives.where(same) if same.any() else positives
            metrics.update(self._judge(f'{name}/', found, negatives))
            metrics.update(self._errors(name, found, negatives))
        merged = _Pairs(*map(np.concatenate, zip(*groups.values())))
        return {**metrics, **self._judge('', positives, merged)}

    def _judge(
        self, name: str, positives: _Pairs, negatives: _Pairs
    ) -> dict[str, float]:
        """Accuracy and AUC, and their intervals."""
        metrics = {f'{name}accuracy': NAN, f'{name}auc': NAN}
        if not (positives.finite and negatives.finite):
            return metrics
        distances = positives.distances, negatives.distances
        videos = positives.videos, negatives.videos
        right = cross_fitted_decisions(*distances, *videos)
        if right is not None:
            metrics[f'{name}accuracy'] = balanced_accuracy(*right)
            interval = share_interval(right, videos)
            self.last_intervals[f'{name}accuracy'] = interval
        metrics[f'{name}auc'] = roc_auc(*distances)
        self.last_intervals[f'{name}auc'] = auc_interval(*distances, *videos)
        return metrics

    def _errors(
        self, name: str, positives: _Pairs, negatives: _Pairs
    ) -> dict[str, float]:
        """Equal-error rate, and the share of clips nearer to their own
        sound than to another of the same video."""
        if not (positives.finite and negatives.finite):
            return {f'{name}/eer': NAN}
        rate = equal_error_rate(positives.distances, negatives.distances)
        metrics = {f'{name}/eer': rate}
        paired = negatives.where(np.isin(negatives.clips, positives.clips))
        if name != 'easy' and len(paired.clips):
            own = dict(zip(positives.clips, positives.distances))
            wins = paired_wins(
                np.array([own[clip] for clip in paired.clips]),
                paired.distances,
            )
            key = 'within_video' if name == 'hard' else f'{name}/within_video'
            metrics[key] = float(wins.mean())
            self.last_intervals[key] = share_interval(wins, paired.videos)
        return metrics
