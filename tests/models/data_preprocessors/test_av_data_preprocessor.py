"""Batches made ready for the model, with what the pipeline has put off."""

import random

import numpy as np
import pytest
import torch
from mmaction.registry import TRANSFORMS
from mmengine.dataset import Compose

from avts_mm.datasets import stack_inputs
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


def pipeline(*listed):
    pack = dict(type='PackAVInputs')
    return Compose([TRANSFORMS.build(t) for t in (*listed, pack)])


def transforms(lazy, direction='horizontal', size=(40, 36)):
    """Random crops of several shapes, scaled to one; half are flipped."""
    rest = [] if lazy else [dict(type='FormatShape', input_format='NCTHW')]
    return pipeline(
        dict(
            type='MultiScaleCrop',
            input_size=48,
            scales=(1, 0.8, 0.6),
            random_crop=True,
            lazy=lazy,
        ),
        dict(type='Resize', lazy=lazy, scale=size[::-1], keep_ratio=False),
        dict(type='Flip', lazy=lazy, flip_ratio=0.5, direction=direction),
        *rest,
    )


def pictures(seed, number=4, height=60, width=70):
    """Smooth ones, as photographs are, and noise."""
    rng = np.random.default_rng(seed)
    y, x = np.indices((height, width))[..., None]
    waves = 127 + 80 * np.sin(x / 9 + y / 7 + np.arange(3))
    noise = rng.normal(0, 15, (number, height, width, 3))
    return list(np.clip(waves + noise, 0, 255).astype(np.uint8))


def packed(pipeline, seed):
    random.seed(seed)
    np.random.seed(seed)
    info = dict(num_clips=1, clip_len=4, modality='RGB', label=0)
    return pipeline(dict(imgs=pictures(seed), **info))


@pytest.mark.parametrize('direction', ['horizontal', 'vertical'])
@pytest.mark.parametrize('size', [(40, 36), (80, 90), (48, 48)])
def test_put_off_gives_the_same_as_in_the_pipeline(direction, size):
    now, later = (transforms(x, direction, size) for x in (False, True))
    whole = stack_inputs([packed(now, seed) for seed in range(12)])
    parts = stack_inputs([packed(later, seed) for seed in range(12)])
    shapes = {tuple(clip.shape) for clip in parts['inputs']['video']}
    assert len(shapes) > 1
    assert {s.lazy['flip'] for s in parts['data_samples']} == {None, direction}
    done = AVDataPreprocessor().stack_clips(
        parts['inputs']['video'], parts['data_samples']
    )
    assert done.dtype == torch.uint8 and done.shape == (12, 3, 4, *size)
    wrong = (done.int() - whole['inputs']['video'].int()).abs()
    # OpenCV computes with weights of 11 bits, rounded down.
    assert wrong.max() <= 1
    assert wrong.float().mean() < 0.2


def test_the_network_gets_them_normalised():
    samples = [packed(transforms(True), seed) for seed in range(3)]
    prepare = AVDataPreprocessor(mean=(1, 2, 3), std=(4, 5, 6))
    out = prepare(stack_inputs(samples))['inputs']['video']
    pixels = prepare.stack_clips(
        [s['inputs']['video'] for s in samples],
        [s['data_samples'] for s in samples],
    )
    assert out.is_contiguous()
    torch.testing.assert_close(out[2, 1], (pixels[2, 1].float() - 2) / 5)


def test_a_crop_of_the_right_size_is_left_alone():
    flip = dict(type='Flip', flip_ratio=1.0, lazy=True)
    sample = packed(pipeline(flip), 0)
    lazy = sample['data_samples'].lazy
    assert lazy == dict(size=(60, 70), flip='horizontal')
    (clip,) = AVDataPreprocessor().stack_clips(
        sample['inputs']['video'][None], [sample['data_samples']]
    )
    mirrored = np.stack(pictures(0))[:, :, ::-1].transpose(3, 0, 1, 2)
    np.testing.assert_array_equal(clip, mirrored)


def test_clips_of_different_sizes_and_no_word_of_what_to_do():
    samples = [packed(transforms(True), seed) for seed in range(6)]
    batch = stack_inputs(samples)
    assert isinstance(batch['inputs']['video'], list)
    del batch['data_samples']
    with pytest.raises(ValueError, match=r'different sizes.*Resize'):
        AVDataPreprocessor()(batch)


def test_what_cannot_be_put_off_is_refused():
    cubic = dict(
        type='Resize',
        scale=(8, 8),
        keep_ratio=False,
        interpolation='bicubic',
        lazy=True,
    )
    with pytest.raises(ValueError, match="'bicubic'; put Fuse"):
        packed(pipeline(cubic), 0)
    flip = dict(type='Flip', lazy=True)
    shape = dict(type='FormatShape', input_format='NCTHW')
    with pytest.raises(ValueError, match=r'FormatShape.*leave it out'):
        packed(pipeline(flip, shape), 0)
