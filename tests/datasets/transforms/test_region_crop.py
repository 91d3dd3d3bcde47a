"""A region is cut out at the same place of all pictures of a clip."""

import numpy as np
import pytest

import avts_mm  # noqa: F401
from avts_mm.datasets.transforms import RegionCrop


def images(count=4, height=48, width=64):
    """Pictures whose pixels hold their own place."""
    rows, columns = np.mgrid[:height, :width]
    image = np.stack([rows, columns, rows * 0], -1).astype(np.uint8)
    return dict(imgs=[image] * count, img_shape=(height, width))


def test_place_and_size():
    results = RegionCrop((0.25, 0.5, 0.75, 1.0))(images())
    assert results['img_shape'] == (24, 32)
    assert results['crop_bbox'].tolist() == [16, 24, 48, 48]
    for image in results['imgs']:
        assert image.shape == (24, 32, 3)
        assert image[0, 0, :2].tolist() == [24, 16]


def test_whole_picture():
    results = RegionCrop((0, 0, 1, 1), jitter=0.3)(images())
    assert results['crop_bbox'].tolist() == [0, 0, 64, 48]


def test_jitter_moves_within_bounds_and_keeps_the_size():
    np.random.seed(0)
    crop = RegionCrop((0.1, 0.4, 0.6, 0.9), jitter=0.2)
    boxes, shapes = set(), set()
    for _ in range(100):
        results = crop(images(2))
        boxes.add(tuple(results['crop_bbox'].tolist()))
        shapes.add(results['img_shape'])
        first, second = results['imgs']
        assert (first == second).all()
        assert first.shape[:2] == results['img_shape']
    left, top, right, bottom = np.array(list(boxes)).T
    assert shapes == {(24, 32)}
    assert left.min() >= 0 and right.max() <= 64
    assert top.min() >= 0 and bottom.max() <= 48
    # Up to 0.2 of 32 x 24 pixels to either side, but not out of the left.
    assert left.min() in (0, 1) and left.max() in (12, 13)
    assert top.min() in (14, 15) and top.max() in (23, 24)


def test_tiny_pictures():
    results = RegionCrop((0.4, 0.4, 0.5, 0.5))(images(1, 3, 2))
    assert results['imgs'][0].shape == (1, 1, 3)


@pytest.mark.parametrize(
    'region', [(0.5, 0, 0.5, 1), (0, 0, 1.1, 1), (-0.1, 0, 1, 1), (0, 0, 1)]
)
def test_bad_arguments(region):
    with pytest.raises(ValueError, match='region'):
        RegionCrop(region)
    with pytest.raises(ValueError, match='jitter'):
        RegionCrop((0, 0, 1, 1), jitter=-1)
