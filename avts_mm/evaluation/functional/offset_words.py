"""Offsets in words."""

REASONS = {
    'no_audio': 'the file has no sound',
    'no_video': 'the file has no pictures',
    'too_short': 'it is too short',
    'silent': 'there is next to no sound',
    'still': 'next to nothing moves in the picture',
    'too_little': 'too little picture and sound can be compared',
    'no_clear_minimum': 'no offset fits clearly better than the others',
    'beyond_range': 'the best offset is at the end of the range that was '
    'searched; search further',
}


def describe(estimate, tolerance: float) -> str:
    """The verdict on an estimate as a sentence.

    Args:
        estimate (OffsetEstimate): The estimate.
        tolerance (float): Seconds that count as in sync.
    """
    if estimate.offset is None:
        return f'Cannot tell: {REASONS[estimate.reason]}.'
    if estimate.drift is not None:
        first, *_, last = (
            segment for segment in estimate.segments if segment[2] is not None
        )
        per_minute = abs(estimate.drift) * 60
        way = 'later' if estimate.drift > 0 else 'earlier'
        return (
            f'The sound drifts: {_late(first[2])} at the beginning, '
            f'{_late(last[2])} at the end ({per_minute:.3f} s {way} every '
            'minute).'
        )
    if abs(estimate.offset) <= tolerance:
        return f'In sync (the sound is {_late(estimate.offset)}).'
    return f'The sound is {_late(estimate.offset)}.'


def _late(offset: float) -> str:
    if abs(offset) < 0.005:
        return '0.00 s late'
    return f'{abs(offset):.2f} s {"late" if offset > 0 else "early"}'
