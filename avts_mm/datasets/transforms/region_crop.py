"""Crop to a fixed region of the picture, such as a mouth."""

import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform


@TRANSFORMS.register_module()
class RegionCrop(BaseTransform):
    """Crop all pictures of a clip to one region.

    Required keys: imgs, img_shape.

    Modified keys: imgs, img_shape, crop_bbox (added).

    Args:
        region (Sequence[float]): (x1, y1, x2, y2), each a share of width or
            height within [0, 1].
        jitter (float): The region is moved at random, the same way for the
            whole clip, by up to this share of its own size; it stays within
            the picture. Defaults to 0.
    """

    def __init__(self, region, jitter: float = 0.0) -> None:
        region = tuple(float(value) for value in region)
        if len(region) != 4:
            raise ValueError(
                f'region must be (x1, y1, x2, y2), got {len(region)} numbers'
            )
        x1, y1, x2, y2 = region
        if not (0 <= x1 < x2 <= 1 and 0 <= y1 < y2 <= 1):
            raise ValueError(
                'region must hold 0 <= x1 < x2 <= 1 and 0 <= y1 < y2 <= 1, '
                f'got {region}'
            )
        if jitter < 0:
            raise ValueError(f'jitter must not be negative, got {jitter}')
        self.region = region
        self.jitter = float(jitter)

    def transform(self, results: dict) -> dict:
        """Crop the pictures."""
        height, width = results['img_shape']
        x1, y1, x2, y2 = self.region
        if self.jitter:
            dx, dy = np.random.uniform(-self.jitter, self.jitter, 2)
            dx, dy = dx * (x2 - x1), dy * (y2 - y1)
            dx = min(max(dx, -x1), 1 - x2)
            dy = min(max(dy, -y1), 1 - y2)
            x1, x2, y1, y2 = x1 + dx, x2 + dx, y1 + dy, y2 + dy
        # The size does not depend on where the corner is rounded to.
        crop_w = max(1, round((x2 - x1) * width))
        crop_h = max(1, round((y2 - y1) * height))
        left = min(round(x1 * width), width - crop_w)
        top = min(round(y1 * height), height - crop_h)
        results['imgs'] = [
            image[top : top + crop_h, left : left + crop_w]
            for image in results['imgs']
        ]
        results['crop_bbox'] = np.array(
            [left, top, left + crop_w, top + crop_h]
        )
        results['img_shape'] = (crop_h, crop_w)
        return results

    def __repr__(self) -> str:
        return (
            f'{self.__class__.__name__}(region={self.region}, '
            f'jitter={self.jitter})'
        )
