"""What the benchmarks share: spreads, ratios, reports."""

import json
import statistics
from collections.abc import Sequence
from pathlib import Path


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median and range of what was repeated."""
    return dict(
        median=statistics.median(values), min=min(values), max=max(values)
    )


def ratios(above: Sequence[float], below: Sequence[float]) -> dict[str, float]:
    """Spread of the ratio of two series of the same rounds."""
    return spread([a / b for a, b in zip(above, below)])


def text(value: dict[str, float], form: str) -> str:
    """A spread in words: median (least to greatest)."""
    median, low, high = (
        format(value[key], form) for key in ('median', 'min', 'max')
    )
    return f'{median} ({low} to {high})'


def write_json(path: Path | None, figures: dict) -> None:
    """Keep the figures, if a file is wanted."""
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(figures, indent=2) + '\n')
