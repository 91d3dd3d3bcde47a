"""Resizing and flipping on the device gives what mmaction2's own give."""

import random

import numpy as np
import pytest
import torch
from mmaction.registry import TRANSFORMS
from mmengine.dataset import Compose

from avts_mm.datasets import stack_inputs
from avts_mm.models import AVDataPreprocessor


def transforms(lazy, direction='horizontal', size=(40, 36)):
    """Random crops of several shapes, scaled to one; half are flipped."""
    rest = [] if lazy else [dict(type='FormatShape', input_format='NCTHW')]
    scale = dict(scale=size[::-1], keep_ratio=False)
    flip = dict(flip_ratio=0.5, direction=direction)
    listed = [
        dict(
            type='MultiScaleCrop',
            input_size=48,
            scales=(1, 0.8, 0.6),
            random_crop=True,
            lazy=lazy,
        ),
        dict(type='Resize', lazy=lazy, **scale),
        dict(type='Flip', lazy=lazy, **flip),
        *rest,
        dict(type='PackAVInputs'),
    ]
    return Compose([TRANSFORMS.build(t) for t in listed])


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
    return pipeline(
        dict(
            imgs=pictures(seed),
            num_clips=1,
            clip_len=4,
            modality='RGB',
            label=0,
        )
    )


@pytest.mark.parametrize('direction', ['horizontal', 'vertical'])
@pytest.mark.parametrize('size', [(40, 36), (80, 90), (48, 48)])
def test_the_same_as_in_the_pipeline(direction, size):
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
    size = (60, 70)
    flip = dict(type='Flip', flip_ratio=1.0, lazy=True)
    pack = dict(type='PackAVInputs')
    pipeline = Compose([TRANSFORMS.build(t) for t in (flip, pack)])
    sample = packed(pipeline, 0)
    assert sample['data_samples'].lazy == dict(size=size, flip='horizontal')
    (clip,) = AVDataPreprocessor().stack_clips(
        sample['inputs']['video'][None], [sample['data_samples']]
    )
    mirrored = np.stack(pictures(0))[:, :, ::-1].transpose(3, 0, 1, 2)
    np.testing.assert_array_equal(clip, mirrored)


def test_clips_of_different_sizes_and_no_word_of_what_to_do():
    pipeline = transforms(True)
    samples = [packed(pipeline, seed) for seed in range(6)]
    batch = stack_inputs(samples)
    assert isinstance(batch['inputs']['video'], list)
    del batch['data_samples']
    with pytest.raises(ValueError, match=r'different sizes.*Resize'):
        AVDataPreprocessor()(batch)


def test_other_interpolation_is_refused():
    listed = [
        dict(
            type='Resize',
            scale=(8, 8),
            keep_ratio=False,
            interpolation='bicubic',
            lazy=True,
        ),
        dict(type='PackAVInputs'),
    ]
    with pytest.raises(ValueError, match="'bicubic'; put Fuse"):
        packed(Compose([TRANSFORMS.build(t) for t in listed]), 0)


def test_shaped_pictures_are_refused():
    listed = [
        dict(type='Flip', lazy=True),
        dict(type='FormatShape', input_format='NCTHW'),
        dict(type='PackAVInputs'),
    ]
    with pytest.raises(ValueError, match=r'FormatShape.*leave it out'):
        packed(Compose([TRANSFORMS.build(t) for t in listed]), 0)
