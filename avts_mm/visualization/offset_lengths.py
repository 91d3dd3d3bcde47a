"""The accuracy of offsets against the length of what is judged."""

import os
import re
from collections.abc import Mapping
from typing import Any

from .figures import COLOURS, new_figure, polish, save

MEASURES = {'frame': 'within a frame', 'fifth': 'within 0.2 s'}
_KEY = re.compile(r'offset/([\d.]+)s/((?:baseline/|chance/)?)(\w+)$')


def plot_offset_lengths(
    results: Mapping[str, Mapping[str, float]], path: str | os.PathLike
) -> str:
    """Draw what `OffsetMetric` measured, one curve for each model.

    Args:
        results (dict[str, dict]): Name of a model to its metrics, as
            ``tools/test.py --json`` writes them. Baseline and chance are
            those of the first.
        path (str): Where the picture is written.

    Returns:
        str: The path.

    Raises:
        ValueError: There is no such metric in one of them.
    """
    figure = new_figure(9, 3.4)
    panels = figure.subplots(1, len(MEASURES), sharey=True)
    curves: dict[str, tuple[dict, dict[str, Any]]] = {}
    for number, (name, metrics) in enumerate(results.items()):
        found = _by_length(metrics)
        if not found:
            raise ValueError(
                f'{name}: holds no metric of offsets; make it by '
                'tools/test.py --json with a config of configs/offset'
            )
        curves[name] = (found[''], dict(linewidth=2))
        if number == 0:
            dashed: dict[str, Any] = dict(color='#777777', linewidth=1.3)
            curves['baseline'] = (
                found['baseline/'],
                dict(linestyle='--', **dashed),
            )
            curves['chance'] = (
                found['chance/'],
                dict(linestyle=':', **dashed),
            )
    colours = iter(list(COLOURS.values()) * len(results))
    for _, style in curves.values():
        if 'color' not in style:
            style.update(color=next(colours), marker='o', markersize=4)
    for axes, (measure, title) in zip(panels, MEASURES.items()):
        for name, (lengths, style) in curves.items():
            seconds = sorted(lengths)
            axes.plot(
                seconds,
                [lengths[s][measure] for s in seconds],
                label=name,
                **style,
            )
        axes.set_title(title, fontsize=10)
        axes.set_xlabel('length of the excerpt, seconds')
        axes.set_ylim(-0.02, 1.04)
        polish(axes)
    panels[0].set_ylabel('share of excerpts')
    panels[0].legend(frameon=False, fontsize=9)
    return save(figure, path)


def _by_length(metrics: Mapping[str, float]) -> dict:
    """Whose, to seconds, to measure, to value."""
    found: dict[str, dict[float, dict[str, float]]] = {}
    for key, value in metrics.items():
        match = _KEY.match(key)
        if match:
            seconds, whose, measure = match.groups()
            lengths = found.setdefault(whose, {})
            lengths.setdefault(float(seconds), {})[measure] = value
    return found
