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
    """One pair and its distance. ``clip`` tells which moment of a video."""

    pair: tuple[int, ...]
    path: str
    distance: float

    @property
    def clip(self) -> tuple[int, int]:
        """The picture: the record and the seed that decides the moment."""
        return self.pair[0], self.pair[3]


class _Group(NamedTuple):
    """Pairs of one kind as columns ``(N,)``."""

    distances: np.ndarray
    videos: np.ndarray
    clips: list[tuple[int, int]]

    @classmethod
    def of(cls, judged: Sequence[Judged], numbers: dict) -> '_Group':
        return cls(
            np.array([case.distance for case in judged], np.float64),
            np.array([numbers[case.path] for case in judged], np.int64),
            [case.clip for case in judged],
        )

    def of_videos(self, videos: np.ndarray) -> '_Group':
        """The part that is of some videos."""
        keep = np.isin(self.videos, videos)
        clips = [clip for clip, kept in zip(self.clips, keep) if kept]
        return _Group(self.distances[keep], self.videos[keep], clips)


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

    Args:
        split_seed (int): Decides which videos form a half. Defaults to 0.
        collect_device (str): As in mmengine; results are small and gathered
            as objects either way. Defaults to 'cpu'.
        prefix (str, optional): Instead of 'sync'.
    """

    default_prefix = 'sync'

    # If the dataset does not tell; the numbers of PairKind.
    KINDS = ('positive', 'easy', 'hard', 'super_hard')

    def __init__(
        self,
        split_seed: int = 0,
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.split_seed = split_seed
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
        numbers = {path: number for number, path in enumerate(paths)}
        groups = {
            name: _Group.of([c for c in results if c.pair[2] == kind], numbers)
            for kind, name in enumerate(names)
        }
        groups = {name: g for name, g in groups.items() if len(g.clips)}
        self.last_distances = {n: g.distances for n, g in groups.items()}
        positives = groups.pop(names[0], None)
        if positives is None or not groups:
            raise ValueError(
                'SyncMetric needs positives and negatives but was given '
                f'{sorted(self.last_distances) or "nothing"}; use sampler='
                "dict(type='AVPairTestSampler') for validation"
            )
        broken = sum(not np.isfinite(case.distance) for case in results)
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
            metrics.update(self._judge(name, positives, negatives))
        merged = _Group(
            np.concatenate([g.distances for g in groups.values()]),
            np.concatenate([g.videos for g in groups.values()]),
            [],
        )
        metrics['accuracy'] = self._accuracy('', positives, merged)
        metrics['auc'] = self._auc('', positives, merged)
        return metrics

    def _judge(
        self, name: str, positives: _Group, negatives: _Group
    ) -> dict[str, float]:
        """One kind of negative against the positives of the same videos."""
        same = positives.of_videos(negatives.videos)
        positives = same if same.clips else positives
        groups = positives, negatives
        metrics = {
            f'{name}/accuracy': self._accuracy(f'{name}/', *groups),
            f'{name}/auc': self._auc(f'{name}/', *groups),
            f'{name}/eer': NAN,
        }
        if not _are_finite(*groups):
            return metrics
        metrics[f'{name}/eer'] = equal_error_rate(
            positives.distances, negatives.distances
        )
        if name == 'easy':
            return metrics
        own = dict(zip(positives.clips, positives.distances))
        places = [i for i, c in enumerate(negatives.clips) if c in own]
        if places:
            wins = paired_wins(
                np.array([own[negatives.clips[i]] for i in places]),
                negatives.distances[places],
            )
            key = 'within_video' if name == 'hard' else f'{name}/within_video'
            metrics[key] = float(wins.mean())
            self.last_intervals[key] = share_interval(
                wins, negatives.videos[places]
            )
        return metrics

    def _accuracy(
        self, name: str, positives: _Group, negatives: _Group
    ) -> float:
        if not _are_finite(positives, negatives):
            return NAN
        groups = (
            positives.distances,
            negatives.distances,
            positives.videos,
            negatives.videos,
        )
        right = cross_fitted_decisions(*groups, self.split_seed)
        if right is None:
            return NAN
        self.last_intervals[f'{name}accuracy'] = share_interval(
            right, groups[2:]
        )
        return balanced_accuracy(*right)

    def _auc(self, name: str, positives: _Group, negatives: _Group) -> float:
        if not _are_finite(positives, negatives):
            return NAN
        distances = positives.distances, negatives.distances
        self.last_intervals[f'{name}auc'] = auc_interval(
            *distances, positives.videos, negatives.videos
        )
        return roc_auc(*distances)


def _are_finite(*groups: _Group) -> bool:
    return all(np.isfinite(group.distances).all() for group in groups)
