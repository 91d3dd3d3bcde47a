"""Batches made ready for the model."""

import pytest
import torch

from avts_mm.models import AVDataPreprocessor


def batch(n=2):
    g = torch.Generator().manual_seed(0)
    return dict(
        inputs=dict(
            video=[
                torch.randint(0, 256, (3, 4, 6, 8), generator=g).byte()
                for _ in range(n)
            ],
            audio=[torch.randn(16000, generator=g) for _ in range(n)],
        ),
        data_samples=['a', 'b'][:n],
    )


def test_frames_are_normalised_and_sound_becomes_an_image():
    data = batch()
    pre = AVDataPreprocessor(mean=(1, 2, 3), std=(4, 5, 6))
    out = pre(data)
    frame = data['inputs']['video'][1][2].float()
    torch.testing.assert_close(out['inputs']['video'][1, 2], (frame - 3) / 6)
    assert out['inputs']['video'].dtype == torch.float32
    assert out['inputs']['audio'].shape == (2, 1, 40, 101)
    assert out['data_samples'] == ['a', 'b']


def test_training_and_testing_see_the_same():
    pre = AVDataPreprocessor()
    a, b = pre(batch(), training=True), pre(batch(), training=False)
    assert torch.equal(a['inputs']['audio'], b['inputs']['audio'])


def test_one_modality_alone():
    data = batch()
    del data['inputs']['video'], data['data_samples']
    out = AVDataPreprocessor()(data)
    assert set(out['inputs']) == {'audio'} and out['data_samples'] is None


def test_unknown_input_is_named():
    with pytest.raises(KeyError, match='flow'):
        AVDataPreprocessor()(dict(inputs=dict(flow=torch.zeros(1))))


def test_nothing_of_it_is_saved_with_the_model():
    assert not [k for k in AVDataPreprocessor().state_dict() if 'mean' in k]
