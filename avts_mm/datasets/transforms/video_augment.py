"""Random changes of pictures, the same for all of a clip.

Each of several clips of a video has its own.
"""

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform


def _per_clip(
    results: dict, change: Callable[[list[np.ndarray]], list[np.ndarray]]
) -> dict:
    """Replace the pictures clip by clip."""
    length = results['clip_len']
    images = results['imgs']
    results['imgs'] = [
        image
        for first in range(0, len(images), length)
        for image in change(images[first : first + length])
    ]
    results['img_shape'] = results['imgs'][0].shape[:2]
    return results


@TRANSFORMS.register_module()
class RandomAffine(BaseTransform):
    """Cut a region out of the pictures, distorted at random.

    Scale, aspect, angle and place are drawn, and all is done by one
    interpolation. Where the region reaches beyond the picture, its edge is
    repeated.

    Required keys: imgs, clip_len.

    Modified keys: imgs, img_shape.

    Args:
        region (Sequence[float]): (x1, y1, x2, y2), each a share of width or
            height, as of :class:`RegionCrop`.
        size (tuple[int, int]): Width and height of the result.
        scale (float): The region is e to the power of up to ± this as large.
            Defaults to 0.25.
        aspect (float): The same of its width over its height.
            Defaults to 0.15.
        angle (float): Turn, up to ± this (rad). Defaults to 0.2.
        shift (tuple[float, float]): Moves to the side and up or down, up to
            ± these shares of half its width and height.
            Defaults to (0.15, 0.2).
        flip_ratio (float): How often it is mirrored. Defaults to 0.5.
    """

    def __init__(
        self,
        region: Sequence[float],
        size: tuple[int, int],
        scale: float = 0.25,
        aspect: float = 0.15,
        angle: float = 0.2,
        shift: tuple[float, float] = (0.15, 0.2),
        flip_ratio: float = 0.5,
    ) -> None:
        self.region = tuple(region)
        self.size = tuple(size)
        self.scale, self.aspect, self.angle = scale, aspect, angle
        self.shift = tuple(shift)
        self.flip_ratio = flip_ratio

    def transform(self, results: dict) -> dict:
        """Distort each clip in a way of its own."""
        return _per_clip(results, self._distort)

    def _distort(self, images: list[np.ndarray]) -> list[np.ndarray]:
        width, height = self.size
        shape = np.array(images[0].shape[1::-1])
        corners = np.array(self.region).reshape(2, 2) * shape
        middle, half = corners.mean(0), np.diff(corners, axis=0)[0] / 2
        uniform = np.random.uniform
        middle = middle + half * uniform(-1, 1, 2) * self.shift
        aspect = np.exp(uniform(-self.aspect, self.aspect) / 2)
        half = half * np.exp(uniform(-self.scale, self.scale))
        half = half * (aspect, 1 / aspect)
        angle = uniform(-self.angle, self.angle)
        mirror = -1 if np.random.random() < self.flip_ratio else 1
        turn = np.array(
            [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
        )
        # From places in the result to those in the picture; half a pixel,
        # since both count from the middle of their first pixel.
        matrix = turn * (half * (mirror, 1) * 2 / self.size)
        offset = middle - 0.5 - matrix @ ((np.array(self.size) - 1) / 2)
        full = np.column_stack((matrix, offset))
        return [
            cv2.warpAffine(
                image,
                full,
                (width, height),
                flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                borderMode=cv2.BORDER_REPLICATE,
            )
            for image in images
        ]

    def __repr__(self) -> str:
        return (
            f'{self.__class__.__name__}(region={self.region}, '
            f'size={self.size}, scale={self.scale}, aspect={self.aspect}, '
            f'angle={self.angle}, shift={self.shift}, '
            f'flip_ratio={self.flip_ratio})'
        )


@TRANSFORMS.register_module()
class RandomTone(BaseTransform):
    """Another camera: gamma, contrast, brightness, blur and noise.

    Required keys: imgs, clip_len.

    Modified keys: imgs.

    Args:
        gamma (float): The exponent is e to the power of up to ± this.
            Defaults to 0.5.
        contrast (float): The same of a factor around middle grey.
            Defaults to 0.6.
        brightness (float): Up to ± this share of the range is added.
            Defaults to 0.2.
        blur (float): How often pictures are blurred, by 3 or 5 pixels.
            Defaults to 0.4.
        noise (float): Standard deviation, as a share of the range, up to
            which noise is added; one half of it stays where it is, one moves.
            Defaults to 0.02.
    """

    def __init__(
        self,
        gamma: float = 0.5,
        contrast: float = 0.6,
        brightness: float = 0.2,
        blur: float = 0.4,
        noise: float = 0.02,
    ) -> None:
        self.gamma, self.contrast = gamma, contrast
        self.brightness, self.blur, self.noise = brightness, blur, noise

    def transform(self, results: dict) -> dict:
        """Change each clip in a way of its own."""
        return _per_clip(results, self._change)

    def _change(self, images: list[np.ndarray]) -> list[np.ndarray]:
        uniform = np.random.uniform
        gamma = np.exp(uniform(-self.gamma, self.gamma))
        contrast = np.exp(uniform(-self.contrast, self.contrast))
        levels = np.linspace(0, 1, 256) ** gamma
        levels = (levels - 0.5) * contrast + 0.5
        levels += uniform(-self.brightness, self.brightness)
        table = (levels.clip(0, 1) * 255).round().astype(np.uint8)
        clip = cv2.LUT(np.concatenate(images), table)
        clip = clip.reshape(len(images), *images[0].shape)
        if np.random.random() < self.blur:
            width = (int(np.random.choice((3, 5))),) * 2
            clip = np.stack([cv2.blur(image, width) for image in clip])
        still, moving = 255 * uniform(0, self.noise, 2)
        shape = clip.shape[:3] + (1,)
        random = np.random.default_rng(np.random.randint(2**31))
        noise = still * random.standard_normal(shape[1:], np.float32)
        noise = noise + moving * random.standard_normal(shape, np.float32)
        changed = (clip + noise).clip(0, 255).round().astype(np.uint8)
        return list(changed)

    def __repr__(self) -> str:
        return (
            f'{self.__class__.__name__}(gamma={self.gamma}, '
            f'contrast={self.contrast}, brightness={self.brightness}, '
            f'blur={self.blur}, noise={self.noise})'
        )


@TRANSFORMS.register_module()
class Standardize(BaseTransform):
    """Make clips grey, of equal brightness and contrast.

    A clip gets the mean 128 and nearly the deviation 48: what is left is
    hardly the light it was filmed in.

    Required keys: imgs, clip_len.

    Modified keys: imgs (still three equal channels).

    Args:
        noise (float): Added to the deviation (levels), so that a clip
            without contrast is not made of noise. Defaults to 8.
    """

    mean, std = 128, 48

    def __init__(self, noise: float = 8.0) -> None:
        self.noise = noise

    def transform(self, results: dict) -> dict:
        """Standardise each clip."""
        return _per_clip(results, self._standardize)

    def _standardize(self, images: list[np.ndarray]) -> list[np.ndarray]:
        grey = np.stack(
            [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in images]
        ).astype(np.float32)
        grey = (grey - grey.mean()) / (grey.std() + self.noise)
        grey = (grey * self.std + self.mean).clip(0, 255).round()
        return list(grey.astype(np.uint8)[..., None].repeat(3, -1))

    def __repr__(self) -> str:
        return f'{self.__class__.__name__}(noise={self.noise})'
