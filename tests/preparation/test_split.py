"""Training and validation share no video."""

import pytest

from avts_mm.preparation import split_records


def records_of(videos, segments=2):
    return [
        {'source': f'/data/{v:03d}.mp4', 'video': f'{v}_{s}.mp4'}
        for v in range(videos)
        for s in range(segments)
    ]


def test_split_keeps_segments_of_a_video_together():
    records = records_of(50)
    parts = split_records(records, 0.2)
    sides = {side: {r['source'] for r in part} for side, part in parts.items()}
    assert not sides['train'] & sides['val']
    assert len(sides['val']) == 10
    assert len(parts['train']) + len(parts['val']) == 100
    assert split_records(records[::-1], 0.2)['val'] == parts['val'][::-1]
    assert split_records(records, 0.2, seed=1)['val'] != parts['val']


def test_split_does_not_depend_on_the_place():
    records = records_of(20)
    moved = [dict(r, source='/else' + r['source']) for r in records]
    here, there = split_records(records, 0.3), split_records(moved, 0.3)
    assert len(split_records(records_of(2), 0.01)['val']) == 2
    names = [[r['video'] for r in p['val']] for p in (here, there)]
    assert names[0] == names[1]
    with pytest.raises(ValueError, match='1 video'):
        split_records(records_of(1), 0.5)
