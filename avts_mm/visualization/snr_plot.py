"""The picture of accuracy over noise."""

import math
from collections.abc import Mapping

from matplotlib.figure import Figure

from .figures import COLOURS, legend_below, look, new_figure, polish


def draw_snr(
    curves: Mapping[str, Mapping[float, tuple[float, float]]],
) -> Figure:
    """Draw accuracy over the signal-to-noise ratio.

    Args:
        curves (dict[str, dict]): Name to level in dB, infinite for no noise,
            to accuracy and half of its interval, NaN for none.
    """
    levels = sorted({x for found in curves.values() for x in found})[::-1]
    names = ['clean' if math.isinf(x) else f'{x:g}' for x in levels]
    figure = new_figure(6.5, 4.2)
    axes = figure.add_subplot()
    colours = list(COLOURS.values())
    for number, (name, found) in enumerate(curves.items()):
        dashes = '-' if number < len(colours) else '--'
        style = look(color=colours[number % len(colours)], ls=dashes)
        # Beside each other, so that no interval hides another.
        aside = 0.05 * (number - (len(curves) - 1) / 2)
        places = [i + aside for i, x in enumerate(levels) if x in found]
        points = [found[x] for x in levels if x in found]
        means = [mean for mean, _ in points]
        halves = [0.0 if math.isnan(half) else half for _, half in points]
        style |= look(marker='o', ms=4, capsize=3, lw=1.8)
        axes.errorbar(places, means, halves, label=name, **style)
    axes.set_xticks(range(len(levels)), names)
    axes.set_xlabel('sound over babble, dB')
    axes.set_ylabel('top-1 accuracy')
    axes.set_ylim(0, 1.02)
    polish(axes)
    legend_below(figure, axes, columns=3)
    return figure
