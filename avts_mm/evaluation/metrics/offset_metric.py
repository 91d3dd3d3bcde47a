"""How exactly offsets are found."""

from collections.abc import Sequence

import numpy as np
from mmaction.registry import METRICS
from mmengine.evaluator import BaseMetric

FRAME = 0.04  # seconds


@METRICS.register_module()
class OffsetMetric(BaseMetric):
    """Accuracy of offsets that are known.

    Each data sample is a dict with ``video`` (which one), ``true`` (s),
    ``best`` (s, the estimate, told or not; None for none), ``told`` (bool),
    ``baseline`` (s) and ``seconds`` (length of the excerpt; results are given
    for each length). `OffsetTestLoop` makes them.

    For the model and, under ``baseline/``, the baseline, for each length:

    - ``frame``: share within one frame;
    - ``fifth``: share within 0.2 s;
    - ``mae``: mean absolute error in seconds;

    of all excerpts, whether an answer was given or not; ``told``, the share
    it was given for, and ``told_frame``, the share of these within one frame;
    and under ``chance/`` what drawing from the range would give.

    Args:
        max_shift (float): Seconds, the range that is searched.
            Defaults to 2.0.
        **kwargs: Of ``BaseMetric``.
    """

    default_prefix = 'offset'

    def __init__(self, max_shift: float = 2.0, **kwargs) -> None:
        super().__init__(**kwargs)
        self.max_shift = max_shift

    def process(self, data_batch, data_samples: Sequence[dict]) -> None:
        """Keep the cases."""
        self.results.extend(data_samples)

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Measures of each length of excerpts."""
        metrics: dict[str, float] = {}
        for seconds in sorted({case['seconds'] for case in results}):
            cases = [case for case in results if case['seconds'] == seconds]
            for name, value in self._measure(cases).items():
                metrics[f'{seconds:g}s/{name}'] = value
        return metrics

    def _measure(self, cases: list[dict]) -> dict[str, float]:
        true = np.array([case['true'] for case in cases])
        told = np.array([case['told'] for case in cases])
        # No estimate at all counts as the largest possible error.
        best = np.array(
            [
                case['true'] + 2 * self.max_shift
                if case['best'] is None
                else case['best']
                for case in cases
            ]
        )
        baseline = np.array([case['baseline'] for case in cases])
        guesses = np.linspace(-self.max_shift, self.max_shift, 2001)
        chance = np.abs(guesses - true[:, None])
        measures = {
            'videos': float(len({case['video'] for case in cases})),
            'excerpts': float(len(cases)),
            'told': float(told.mean()),
            'told_frame': np.nan,
        }
        limit = FRAME + 1e-6  # what is exactly a frame away counts
        if told.any():
            near = np.abs(best - true)[told] <= limit
            measures['told_frame'] = float(near.mean())
        for prefix, errors in (
            ('', np.abs(best - true)),
            ('baseline/', np.abs(baseline - true)),
            ('chance/', chance),
        ):
            measures[f'{prefix}frame'] = float((errors <= limit).mean())
            measures[f'{prefix}fifth'] = float((errors <= 0.2 + 1e-6).mean())
            measures[f'{prefix}mae'] = float(errors.mean())
        return measures
