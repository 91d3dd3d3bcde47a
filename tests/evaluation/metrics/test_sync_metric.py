"""The metric on made-up distances, on one rank and on two."""

import math
import multiprocessing

import numpy as np
import pytest
import torch
import torch.distributed as dist
from mmaction.registry import METRICS
from mmaction.structures import ActionDataSample
from mmengine.evaluator import Evaluator
from sklearn.metrics import roc_auc_score

from avts_mm.evaluation import SyncMetric
from avts_mm.evaluation.metrics import sync_metric

KINDS = SyncMetric.KINDS


def sample(pair, distance, path=None):
    data = ActionDataSample()
    data.set_metainfo(
        dict(pair=pair, kind=pair[2], video_path=path or f'v{pair[0]}.mp4')
    )
    data.set_field(torch.tensor(distance), 'pred_distance')
    return data


def clips(videos=60, kinds=(0, 1, 2), shift=(0.0, 1.5, 0.8, 0.2), seed=0):
    """A sample of each kind for each of two clips per video."""
    rng = np.random.default_rng(seed)
    result = []
    for video in range(videos):
        for clip in range(2):
            for kind in kinds:
                other = (video + 1) % videos if kind == 1 else video
                pair = (video, other, kind, 1000 * video + clip)
                distance = float(rng.normal(shift[kind], 1))
                result.append(sample(pair, distance))
    return result


def evaluate(samples, **kwargs):
    evaluator = Evaluator(SyncMetric(**kwargs))
    for begin in range(0, len(samples), 7):
        evaluator.process(samples[begin : begin + 7])
    return evaluator.evaluate(size=3), evaluator.metrics[0]


def test_values():
    samples = clips()
    metrics, metric = evaluate(samples)
    assert list(metrics) == [
        'sync/easy/accuracy',
        'sync/easy/auc',
        'sync/easy/eer',
        'sync/hard/accuracy',
        'sync/hard/auc',
        'sync/hard/eer',
        'sync/within_video',
        'sync/accuracy',
        'sync/auc',
    ]
    of_kind = {
        kind: np.array(
            [float(s.pred_distance) for s in samples if s.kind == kind]
        )
        for kind in range(3)
    }
    for kind in (1, 2):
        both = np.concatenate([of_kind[0], of_kind[kind]])
        labels = np.repeat([0, 1], 120)
        name = f'sync/{KINDS[kind]}'
        assert metrics[f'{name}/auc'] == pytest.approx(
            roc_auc_score(labels, both)
        )
    both = np.concatenate([of_kind[k] for k in range(3)])
    assert metrics['sync/auc'] == pytest.approx(
        roc_auc_score(np.repeat([0, 1, 1], 120), both)
    )
    assert metrics['sync/within_video'] == pytest.approx(
        (of_kind[0] < of_kind[2]).mean()
    )
    # Normal distributions 1.5 and 0.8 apart: accuracy 0.773 and 0.655.
    assert metrics['sync/easy/accuracy'] == pytest.approx(0.773, abs=0.06)
    assert metrics['sync/hard/accuracy'] == pytest.approx(0.655, abs=0.07)
    assert metrics['sync/easy/eer'] == pytest.approx(0.227, abs=0.06)
    assert all(isinstance(value, float) for value in metrics.values())
    assert sorted(metric.last_distances) == ['easy', 'hard', 'positive']
    assert (metric.last_distances['hard'] == of_kind[2]).all()
    assert sorted(metric.last_intervals) == [
        'accuracy',
        'auc',
        'easy/accuracy',
        'easy/auc',
        'hard/accuracy',
        'hard/auc',
        'within_video',
    ]
    for name, (low, high) in metric.last_intervals.items():
        assert low < metrics[f'sync/{name}'] < high
        assert 0.05 < high - low < 0.2


def test_order_and_repetition_do_not_matter():
    samples = clips(videos=20)
    expected, _ = evaluate(samples)
    mixed = [samples[i] for i in np.random.default_rng(0).permutation(120)]
    assert evaluate(mixed + mixed[:50])[0] == pytest.approx(expected)


def test_a_second_evaluation_begins_anew():
    metric = SyncMetric()
    evaluator = Evaluator(metric)
    evaluator.process(clips(seed=1))
    evaluator.evaluate(0)
    evaluator.process(clips(seed=2))
    assert evaluator.evaluate(0) == evaluate(clips(seed=2))[0]


def test_super_hard():
    metrics, _ = evaluate(clips(kinds=(0, 3)))
    assert 'sync/super_hard/auc' in metrics
    assert 'sync/within_video' not in metrics
    assert 0.4 < metrics['sync/super_hard/within_video'] < 0.7


def test_names_come_from_the_dataset():
    metric = METRICS.build(dict(type='SyncMetric'))
    metric.dataset_meta = dict(kinds=('same', 'other', 'later'))
    metric.process(None, [s.to_dict() for s in clips(videos=4)])
    assert {'sync/other/auc', 'sync/later/auc'} <= set(metric.evaluate(0))


def test_positives_of_the_same_videos():
    # Hard negatives exist for one half of the videos only, whose positives
    # are the farther ones.
    samples = []
    for video in range(20):
        far = 10.0 * (video % 2)
        samples.append(sample((video, video, 0, video), far))
        samples.append(sample((video, (video + 1) % 20, 1, video), 5.0))
        if video % 2:
            samples.append(sample((video, video, 2, video), 5.0))
    metrics, _ = evaluate(samples)
    assert metrics['sync/hard/auc'] == 0
    assert metrics['sync/easy/auc'] == 0.5
    assert metrics['sync/within_video'] == 0


def test_what_is_missing():
    with pytest.raises(KeyError, match='pred_distance'):
        SyncMetric().process(None, [dict(pair=(0, 0, 0, 0))])
    for kinds in ((0,), (1,), ()):
        with pytest.raises(ValueError, match='AVPairTestSampler'):
            evaluate(clips(kinds=kinds))


def test_a_diverged_model(monkeypatch):
    lines = []
    monkeypatch.setattr(
        sync_metric, 'print_log', lambda line, **kwargs: lines.append(line)
    )
    samples = clips(videos=10)
    samples[5].set_field(torch.tensor(float('nan')), 'pred_distance')  # hard
    metrics, _ = evaluate(samples)
    assert math.isnan(metrics['sync/hard/auc'])
    assert math.isnan(metrics['sync/accuracy'])
    assert metrics['sync/easy/auc'] > 0.5
    assert lines[0].startswith('1 of 60 distances are not finite')


def _evaluate_as_rank(rank, parts, store, queue):
    dist.init_process_group(
        'gloo',
        init_method=f'file://{store}',
        rank=rank,
        world_size=len(parts),
    )
    try:
        metric = SyncMetric()
        for data in parts[rank]:
            metric.process(None, [data])
        queue.put((rank, metric.evaluate(0), metric.last_distances))
    finally:
        dist.destroy_process_group()


def test_two_processes(tmp_path):
    samples = clips(videos=15)
    expected, _ = evaluate(samples)
    plain = [s.to_dict() for s in samples]
    for data in plain:
        data['pred_distance'] = float(data['pred_distance'])
    # The second rank repeats a clip as padding, and rounds otherwise in a
    # batch of another size.
    again = [dict(d, pred_distance=d['pred_distance'] + 1e-5) for d in plain]
    parts = [plain[:45], plain[45:] + again[:3]]
    context = multiprocessing.get_context('fork')
    queue = context.Queue()
    processes = [
        context.Process(
            target=_evaluate_as_rank,
            args=(rank, parts, tmp_path / 'store', queue),
        )
        for rank in range(2)
    ]
    for process in processes:
        process.start()
    results = [queue.get(timeout=60) for _ in processes]
    for process in processes:
        process.join(60)
    assert sorted(result[0] for result in results) == [0, 1]
    for _, metrics, distances in results:
        assert metrics == pytest.approx(expected)
        assert {len(values) for values in distances.values()} == {30}
