"""Clips are loaded from their moments, ready for mmaction2's transforms."""

import os

import numpy as np
import pytest
from media_files import (
    find_click,
    is_bright,
    read_number,
    render,
    write_media,
)
from mmaction.registry import TRANSFORMS
from mmengine.dataset import Compose

import avts_mm  # noqa: F401
from avts_mm.datasets.transforms import (
    LoadAVAudio,
    LoadAVFrames,
    PackAVInputs,
)
from avts_mm.media import MediaError


def clip(path, video_start, audio_start, **kwargs):
    return dict(
        video_path=path,
        audio_path=path,
        video_start=video_start,
        audio_start=audio_start,
        clip_seconds=1.0,
        modality='RGB',
        start_index=0,
        **kwargs,
    )


@pytest.mark.parametrize('backend', ['decord', 'pyav'])
@pytest.mark.parametrize('start', [0.0, 0.4, 0.4123, 1.99, 2.0])
def test_successive_pictures(tmp_path, backend, start):
    path = render(tmp_path / 'a.mp4').path
    known = dict(prepared_bytes=os.path.getsize(path))
    results = LoadAVFrames(25, backend)(clip(path, start, 0.0, **known))
    # Pictures are 40 ms long; the middles of the 25 parts choose them.
    first = int(np.floor((start + 0.02) / 0.04 + 1e-6))
    found = [read_number(image) for image in results['imgs']]
    assert found == list(range(first, first + 25))
    assert results['imgs'][0].shape == (48, 64, 3)
    assert results['imgs'][0].dtype == np.uint8
    assert results['img_shape'] == results['original_shape'] == (48, 64)
    assert results['num_clips'] == 1 and results['clip_len'] == 25
    np.testing.assert_allclose(
        results['frame_times'], np.arange(first, first + 25) * 0.04, atol=1e-6
    )


def test_sound_and_picture_of_their_own_moments(tmp_path):
    truth = render(tmp_path / 'a.mp4', audio_start=0.119, rate=44100)
    events = truth.events
    results = clip(truth.path, events[0] - 0.2, events[2] - 0.3)
    results = LoadAVAudio(16000)(LoadAVFrames(25, 'pyav')(results))
    assert results['audio'].shape == (16000,)
    assert results['audio'].dtype == np.float32
    assert results['sample_rate'] == 16000
    found = find_click(results['audio'][:8000], 16000)
    assert found == pytest.approx(0.3, abs=2e-3)
    bright = [is_bright(image) for image in results['imgs']]
    assert bright.index(True) == 5


def test_with_the_transforms_of_mmaction2(tmp_path):
    path = render(tmp_path / 'a.mp4').path
    pipeline = Compose(
        [
            TRANSFORMS.build(step)
            for step in (
                dict(type='LoadAVFrames', num_frames=10),
                dict(type='LoadAVAudio', sample_rate=16000),
                dict(type='RegionCrop', region=(0.0, 0.5, 1.0, 1.0)),
                dict(type='Resize', scale=(-1, 24)),
                dict(type='RandomResizedCrop', area_range=(0.5, 1.0)),
                dict(type='Resize', scale=(16, 16), keep_ratio=False),
                dict(type='Flip', flip_ratio=0.5),
                dict(type='FormatShape', input_format='NCTHW'),
                dict(type='PackAVInputs'),
            )
        ]
    )
    packed = pipeline(clip(path, 0.5, 1.5, label=0, kind=2, pair=(0, 0, 2, 7)))
    assert packed['inputs']['video'].shape == (3, 10, 16, 16)
    assert packed['inputs']['audio'].shape == (16000,)
    assert packed['data_samples'].gt_label.item() == 0


def test_errors_name_the_file(tmp_path):
    path = render(tmp_path / 'a.mp4', audio=None).path
    with pytest.raises(MediaError, match='has no sound'):
        LoadAVAudio()(clip(path, 0.0, 0.0))
    with pytest.raises(MediaError, match=r'a\.mp4.*cover 0 to 3'):
        LoadAVFrames()(clip(path, 2.5, 0.0))
    stream = render(tmp_path / 'a.ts').path
    with pytest.raises(MediaError, match="backend='pyav'"):
        LoadAVFrames(backend='decord')(clip(stream, 0.0, 0.0))


def heard(path, start, **kwargs):
    return LoadAVAudio(**kwargs)(clip(path, 0.0, start))['audio']


@pytest.mark.parametrize('codec, name', [('pcm_s16le', 'wav'), ('aac', 'mp4')])
def test_silent_files(tmp_path, codec, name):
    """Silent moments are kept, files without a sound need not be."""
    quiet = np.zeros((1, 48000), np.float32)
    quiet[0] = 1e-6
    silent = write_media(
        tmp_path / f'silent.{name}', codec, [(0, quiet)], 16000
    )
    assert not heard(silent, 0.5).any() or codec == 'aac'
    with pytest.raises(MediaError, match='is silent') as caught:
        heard(silent, 0.5, keep_silent=False)
    assert caught.value.reason == 'silent'
    loud = quiet.copy()
    loud[0, -8000:] = 0.5 * np.sin(np.arange(8000) / 5)
    other = write_media(tmp_path / f'other.{name}', codec, [(0, loud)], 16000)
    assert np.abs(heard(other, 0.5, keep_silent=False)).max() < 1e-3
    assert np.abs(heard(other, 2.0, keep_silent=False)).max() > 0.3


def test_holes_in_the_sound(tmp_path):
    second = 0.1 * np.ones((1, 16000), np.float32)
    blocks = [(0, second), (1.3, second), (2.3, second)]
    path = write_media(tmp_path / 'a.mkv', 'pcm_s16le', blocks, 16000)
    assert (heard(path, 1.3) > 0.09).all()
    for start, rate in ((0.2, 16000), (0.8, 16000), (0.8, 8000)):
        with pytest.raises(
            MediaError, match=r'no sound for 0\.[23]'
        ) as caught:
            heard(path, start, sample_rate=rate)
        assert caught.value.reason == 'gap'
    sound = heard(path, 0.8, max_gap=0.31)
    np.testing.assert_array_equal(sound[3300:7900], 0)
    # A little of it is no matter.
    assert len(heard(path, 0.04)) == 16000


def test_arguments():
    with pytest.raises(ValueError, match='num_frames'):
        LoadAVFrames(0)
    with pytest.raises(ValueError, match='opencv'):
        LoadAVFrames(25, 'opencv')
    with pytest.raises(ValueError, match='sample_rate'):
        LoadAVAudio(0)


def test_sound_that_may_lack(tmp_path):
    silent = write_media(
        tmp_path / 'zeros.wav', 'pcm_s16le', [(0, np.zeros((1, 32000)))], 16000
    )
    mute = render(tmp_path / 'mute.mp4', audio=None).path
    heard = render(tmp_path / 'heard.mp4').path
    for path in ('', mute, silent):
        results = LoadAVAudio(optional=True)(clip(path, 0.0, 0.5))
        assert results['with_sound'] is False and 'audio' not in results
        packed = PackAVInputs()(
            dict(results, imgs=np.zeros((1, 3, 2, 4, 4), np.uint8), label=0)
        )
        assert list(packed['inputs']) == ['video']
        assert packed['data_samples'].with_sound is False
    results = LoadAVAudio(optional=True)(clip(heard, 0.0, 0.5))
    assert 'with_sound' not in results and results['audio'].shape == (16000,)
    gone = clip(str(tmp_path / 'gone.mp4'), 0.0, 0.5)
    with pytest.raises(MediaError, match=r'gone\.mp4'):
        LoadAVAudio(optional=True)(gone)
    with pytest.raises(MediaError, match=r'mute\.mp4'):
        LoadAVAudio()(clip(mute, 0.0, 0.5))
