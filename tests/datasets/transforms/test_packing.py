"""Clips are packed with what is needed to judge them later."""

import numpy as np
import pytest
import torch

from avts_mm.datasets.pairs import AVPair, PairKind
from avts_mm.datasets.transforms import PackAVInputs


def packable(**kwargs):
    video = np.arange(3 * 5 * 4 * 6, dtype=np.uint8).reshape(1, 3, 5, 4, 6)
    return dict(
        dict(
            imgs=video,
            audio=np.linspace(-1, 1, 100, dtype=np.float32),
            label=1,
            kind=PairKind.HARD,
            pair=AVPair(np.int64(3), np.int64(4), PairKind.HARD, 12),
            video_path='a.mp4',
            audio_path='a.wav',
            video_start=0.5,
            audio_start=2.0,
            video_span=(0.0, 3.0),
        ),
        **kwargs,
    )


def test_tensors():
    packed = PackAVInputs()(packable())
    video, audio = packed['inputs']['video'], packed['inputs']['audio']
    assert video.dtype == torch.uint8 and video.shape == (3, 5, 4, 6)
    assert torch.equal(video, torch.from_numpy(packable()['imgs'][0]))
    assert audio.dtype == torch.float32 and audio.shape == (100,)


@pytest.mark.parametrize('label', [0, 1])
def test_label_and_metainfo(label):
    sample = PackAVInputs()(packable(label=label))['data_samples']
    assert sample.gt_label.dtype == torch.long
    assert sample.gt_label.tolist() == [label]
    assert sample.metainfo == dict(
        kind=2,
        pair=(3, 4, 2, 12),
        video_path='a.mp4',
        audio_path='a.wav',
        video_start=0.5,
        audio_start=2.0,
    )
    assert all(type(value) is int for value in sample.pair)
    classed = PackAVInputs()(packable(class_label=3))['data_samples']
    assert classed.class_label == 3 and classed.gt_label.tolist() == [1]


def test_meta_keys_are_chosen():
    pack = PackAVInputs(meta_keys=('video_span', 'unknown'))
    sample = pack(packable())['data_samples']
    assert sample.metainfo == dict(video_span=(0.0, 3.0))


def test_one_clip_only():
    many = np.zeros((2, 3, 5, 4, 6), np.uint8)
    with pytest.raises(ValueError, match='FormatShape'):
        PackAVInputs()(packable(imgs=many))
    with pytest.raises(ValueError, match='1 clip'):
        PackAVInputs()(packable(imgs=[np.zeros((4, 6, 3), np.uint8)] * 2))


def test_strided_pictures_are_copied():
    video = np.zeros((1, 5, 4, 6, 3), np.uint8).transpose(0, 4, 1, 2, 3)
    packed = PackAVInputs()(packable(imgs=video[..., ::-1]))
    assert packed['inputs']['video'].is_contiguous()


def test_one_modality_alone():
    sound, picture = packable(), packable()
    del sound['imgs'], picture['audio']
    assert list(PackAVInputs()(sound)['inputs']) == ['audio']
    assert list(PackAVInputs()(picture)['inputs']) == ['video']
    del sound['audio']
    with pytest.raises(ValueError, match='neither imgs nor audio'):
        PackAVInputs()(sound)
