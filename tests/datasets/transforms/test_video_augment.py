"""Pictures are changed as told, and the same for all of a clip."""

import numpy as np
import pytest

from avts_mm.datasets.transforms import (
    RandomAffine,
    RandomTone,
    RegionCrop,
    Standardize,
)

STILL = dict(scale=0, aspect=0, angle=0, shift=(0, 0), flip_ratio=0)
SAME = dict(gamma=0, contrast=0, brightness=0, blur=0, noise=0)


def clips(count=2, length=3, height=40, width=60, seed=0):
    """Clips that each show one picture, ``length`` times."""
    rng = np.random.default_rng(seed)
    images = []
    for _ in range(count):
        image = rng.integers(0, 256, (height, width, 3), np.uint8)
        images += [image.copy() for _ in range(length)]
    return dict(imgs=images, clip_len=length, img_shape=(height, width))


def test_without_chance_a_region_is_cut_out():
    region = (0.25, 0.2, 0.75, 0.7)
    cut = RandomAffine(region, (30, 20), **STILL)(clips())
    expected = RegionCrop(region)(clips())
    np.testing.assert_array_equal(cut['imgs'], expected['imgs'])
    assert cut['img_shape'] == (20, 30)
    mirrored = RandomAffine(region, (30, 20), **STILL | dict(flip_ratio=1))
    np.testing.assert_array_equal(
        mirrored(clips())['imgs'], np.array(expected['imgs'])[:, :, ::-1]
    )


def place(**changes):
    """Where a dot 6 right of and 4 below the middle comes to lie."""
    image = np.zeros((41, 61, 3), np.uint8)
    image[20 + 4, 30 + 6] = 255
    results = dict(imgs=[image], clip_len=1)
    affine = RandomAffine((0, 0, 1, 1), (61, 41), **STILL | changes)
    shown = affine(results)['imgs'][0][..., 0].astype(float)
    rows, columns = np.indices(shown.shape)
    weight = shown / shown.sum()
    return (columns * weight).sum() - 30, (rows * weight).sum() - 20


@pytest.mark.parametrize(
    'changes, limits',
    [
        (dict(scale=0.2), ((6 / 1.23, 6 * 1.23), (4 / 1.23, 4 * 1.23))),
        (dict(shift=(0.1, 0)), ((6 - 3.1, 6 + 3.1), (3.9, 4.1))),
        (dict(shift=(0, 0.1)), ((5.9, 6.1), (4 - 2.1, 4 + 2.1))),
    ],
)
def test_changes_stay_within_their_limits(changes, limits):
    np.random.seed(0)
    places = np.array([place(**changes) for _ in range(50)])
    for axis, (low, high) in enumerate(limits):
        assert low - 0.2 < places[:, axis].min()
        assert places[:, axis].max() < high + 0.2
    moved = places.std(0) > 0.3
    wanted = np.diff(limits)[:, 0] > 0.3
    assert moved.tolist() == wanted.tolist()


def test_a_turn_keeps_the_distance_from_the_middle():
    np.random.seed(0)
    places = np.array([place(angle=0.3) for _ in range(30)])
    np.testing.assert_allclose(np.hypot(*places.T), np.hypot(6, 4), atol=0.3)
    angles = np.arctan2(places[:, 1], places[:, 0]) - np.arctan2(4, 6)
    assert 0.1 < np.abs(angles).max() < 0.32


@pytest.mark.parametrize(
    'transform',
    [
        RandomAffine((0.1, 0.1, 0.9, 0.9), (30, 20)),
        RandomTone(noise=0),
        Standardize(),
    ],
)
def test_all_pictures_of_a_clip_change_alike_and_clips_do_not(transform):
    np.random.seed(0)
    results = clips(1)
    results['imgs'] = 2 * results['imgs']  # the same clip twice
    changed = np.array(transform(results)['imgs'])
    np.testing.assert_array_equal(changed[:3], changed[:1].repeat(3, 0))
    alike = np.array_equal(changed[0], changed[3])
    assert alike == isinstance(transform, Standardize)
    assert type(transform).__name__ in repr(transform)


def test_tone():
    np.random.seed(0)
    same = RandomTone(**SAME)(clips())
    np.testing.assert_array_equal(same['imgs'], clips()['imgs'])
    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, -1)
    for name in ('gamma', 'contrast', 'brightness'):
        tone = RandomTone(**SAME | {name: 0.4})
        levels = tone(dict(imgs=[ramp], clip_len=1))['imgs'][0][..., 0]
        assert (np.diff(levels.reshape(-1).astype(int)) >= 0).all()
        assert not np.array_equal(levels, ramp[..., 0])
    blurred = RandomTone(**SAME | dict(blur=1))(clips())
    assert np.std(blurred['imgs']) < 0.6 * np.std(clips()['imgs'])


def test_half_of_the_noise_moves():
    np.random.seed(1)
    grey = np.full((64, 64, 3), 128, np.uint8)
    tone = RandomTone(**SAME | dict(noise=0.1))
    still, moving = [], []
    for _ in range(20):
        clip = np.array(tone(dict(imgs=[grey] * 8, clip_len=8))['imgs'])
        clip = clip[..., 0].astype(float)
        still.append(clip.mean(0).std())
        moving.append(clip.std(0).mean())
    for sizes in (still, moving):
        assert max(sizes) < 28 and 8 < np.mean(sizes) < 16


def test_standardised_clips():
    dark = clips()
    dark['imgs'] = [image // 4 + 10 for image in dark['imgs']]
    for results in (clips(), dark):
        changed = np.array(Standardize(noise=0)(results)['imgs'], float)
        assert changed.mean() == pytest.approx(128, abs=1)
        assert changed.std() == pytest.approx(48, abs=2)
        np.testing.assert_array_equal(changed[..., 0], changed[..., 2])
    flat = dict(imgs=[np.full((8, 8, 3), 7, np.uint8)], clip_len=1)
    assert (Standardize()(flat)['imgs'][0] == 128).all()
