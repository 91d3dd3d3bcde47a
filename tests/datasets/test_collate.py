"""Batches that the workers stack."""

import numpy as np
import pytest
import torch
from mmaction.registry import TRANSFORMS
from mmengine.dataset import pseudo_collate

from avts_mm.datasets import AVPairDataset, AVPairSampler, stack_inputs
from avts_mm.models import AVDataPreprocessor

PIPELINE = [
    dict(type='LoadAVFrames', num_frames=5, backend='pyav'),
    dict(type='LoadAVAudio'),
    dict(type='Resize', scale=(24, 20), keep_ratio=False),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackAVInputs'),
]


@pytest.fixture
def samples(corpus):
    pipeline = [TRANSFORMS.build(t) for t in PIPELINE]
    data = AVPairDataset(corpus.train, pipeline, data_root=str(corpus.root))
    return [data[pair] for pair, _ in zip(AVPairSampler(data, 0), range(4))]


def test_the_batch_is_that_of_the_host(samples):
    batch, plain = stack_inputs(samples), pseudo_collate(samples)
    assert batch['inputs']['video'].shape == (4, 3, 5, 20, 24)
    assert batch['inputs']['audio'].shape == (4, 16000)
    for name, value in batch['inputs'].items():
        assert torch.equal(value, torch.stack(plain['inputs'][name]))
    assert batch['data_samples'] == plain['data_samples']
    # To the model it makes no difference, to the last bit.
    prepared = AVDataPreprocessor()
    ours, hosts = prepared(batch)['inputs'], prepared(plain)['inputs']
    for name, value in hosts.items():
        assert torch.equal(ours[name], value)
        assert ours[name].stride() == value.stride()


def test_pictures_are_not_rearranged_in_the_worker(samples):
    video = samples[0]['inputs']['video']
    assert video.stride()[0] == 1
    assert stack_inputs(samples)['inputs']['video'].stride()[1] == 1
    # Whatever the order in memory, the values are the same.
    for sample in samples:
        inputs = sample['inputs']
        inputs['video'] = inputs['video'].contiguous()
    batch = stack_inputs(samples)['inputs']['video']
    np.testing.assert_array_equal(batch[0], video)


def test_inputs_of_different_sizes_stay_apart(samples):
    short = samples[1]['inputs']['audio'][:5]
    samples[1]['inputs']['audio'] = short
    inputs = stack_inputs(samples)['inputs']
    assert inputs['video'].shape == (4, 3, 5, 20, 24)
    assert [len(audio) for audio in inputs['audio']] == [
        16000,
        5,
        16000,
        16000,
    ]
    assert torch.equal(inputs['audio'][1], short)
