"""The mix of negatives of a config, and the sequence of kinds it means."""

from collections.abc import Mapping
from fractions import Fraction
from math import lcm

import numpy as np

from .pairs import PairKind

MAX_PERIOD = 1024


def parse_mix(mix: Mapping) -> dict[PairKind, Fraction]:
    """Check the mix of negatives of a config.

    Args:
        mix (dict): Kind of negative to its share, in any unit, such as
            ``dict(easy=3, hard=1)`` or ``dict(easy=0.75, hard=0.25)``.

    Returns:
        dict[PairKind, Fraction]: Shares that sum to 1, without the kinds whose
        share is 0, in the order of :class:`PairKind`.

    Raises:
        ValueError: Unknown kind, a share that is negative or not a finite
            number, or nothing above 0.
    """
    if not isinstance(mix, Mapping) or not mix:
        raise ValueError(
            'mix should be a dict such as dict(easy=3, hard=1), '
            f'but got {mix!r}'
        )
    shares = {}
    for name, share in mix.items():
        kind = PairKind.parse(name)
        if kind is PairKind.POSITIVE:
            raise ValueError(
                f'mix {dict(mix)} names positives; they are always one half '
                'of the pairs, mix divides the negatives'
            )
        try:
            exact = Fraction(share)
            # Small denominators make 0.3 and 1 / 3 what they are meant to be.
            value = exact.limit_denominator(10_000) or exact
        except (TypeError, ValueError, OverflowError):
            raise ValueError(
                f'mix[{name!r}] should be a finite number, got {share!r}'
            ) from None
        if value < 0:
            raise ValueError(f'mix[{name!r}] is negative: {share!r}')
        if value:
            shares[kind] = value
    if not shares:
        raise ValueError(f'mix {dict(mix)} has no share above 0')
    total = sum(shares.values())
    return {kind: shares[kind] / total for kind in sorted(shares)}


def mix_pattern(mix: Mapping) -> np.ndarray:
    """The shortest sequence of kinds that has a mix exactly.

    Half of it are positives, the negatives follow the mix. Repeated, it holds
    exact counts in any window of whole periods, and nearly exact ones
    anywhere: each place goes to the kind that is furthest behind its share.

    Args:
        mix (dict): Shares of the kinds of negatives; see :func:`parse_mix`.

    Returns:
        np.ndarray: int64 ``(period,)`` of :class:`PairKind`. For
        ``dict(easy=3, hard=1)`` the period is 8: four positives, three easy
        and one hard negative.

    Raises:
        ValueError: The mix is wrong, or its period exceeds 1024.
    """
    shares = parse_mix(mix)
    negatives = lcm(*(share.denominator for share in shares.values()))
    period = 2 * negatives
    if period > MAX_PERIOD:
        raise ValueError(
            f'mix {dict(mix)} repeats only after {period} pairs (at most '
            f'{MAX_PERIOD}); choose simpler ratios, such as dict(easy=3, '
            'hard=1)'
        )
    counts = {PairKind.POSITIVE: negatives}
    counts.update((kind, int(s * negatives)) for kind, s in shares.items())
    kinds = np.array(list(counts), np.int64)
    targets = np.array(list(counts.values()), np.int64)
    given = np.zeros_like(targets)
    pattern = np.empty(period, np.int64)
    for place in range(period):
        # In units of 1 / period, so that nothing is rounded. A kind that has
        # all its places is never furthest behind.
        behind = targets * (place + 1) - given * period
        chosen = int(behind.argmax())
        given[chosen] += 1
        pattern[place] = kinds[chosen]
    return pattern
