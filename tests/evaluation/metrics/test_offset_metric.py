"""Measures of offsets from cases worked out by hand."""

import pytest

from avts_mm.evaluation import OffsetMetric


def case(true, best, told=True, baseline=0.0, seconds=4.0, video='a'):
    return dict(
        video=video,
        true=true,
        best=best,
        told=told,
        baseline=baseline,
        seconds=seconds,
    )


def test_measures():
    metric = OffsetMetric(max_shift=1.0)
    metric.process(
        None,
        [
            case(0.0, 0.04),  # a frame off counts
            case(0.5, 0.59, told=False, baseline=0.5),
            case(-0.5, 0.5, video='b'),
            case(0.2, None, told=False, baseline=0.1),
        ],
    )
    found = metric.evaluate(4)
    get = lambda name: found[f'offset/4s/{name}']  # noqa: E731
    assert (get('excerpts'), get('videos')) == (4, 2)
    assert get('frame') == 0.25
    assert get('fifth') == 0.5
    # No estimate counts as twice the range.
    assert get('mae') == pytest.approx((0.04 + 0.09 + 1.0 + 2.0) / 4)
    assert (get('told'), get('told_frame')) == (0.5, 0.5)
    assert get('baseline/frame') == 0.5
    assert get('baseline/fifth') == 0.75
    assert get('chance/frame') == pytest.approx(0.04, abs=2e-3)
    assert get('chance/fifth') == pytest.approx(0.2, abs=2e-3)


def test_each_length_on_its_own():
    metric = OffsetMetric()
    metric.process(None, [case(0, 0, seconds=1), case(0, 1, seconds=2.5)])
    found = metric.evaluate(2)
    assert found['offset/1s/frame'] == 1
    assert found['offset/2.5s/frame'] == 0


def test_nothing_told():
    metric = OffsetMetric()
    metric.process(None, [case(0, None, told=False)])
    found = metric.evaluate(1)
    assert found['offset/4s/told'] == 0
    assert found['offset/4s/told_frame'] != found['offset/4s/told_frame']
