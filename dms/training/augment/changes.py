"""Random changes to single grey pictures, so that small datasets stand for what a cabin camera sees.

Takes (height, width) uint8 pictures and a ``numpy.random.Generator``, gives pictures of the same size. Each function
makes an augmentation from its strengths; ``chain`` and ``sometimes`` compose them. Holds no randomness of its own.
"""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]
Augmentation = Callable[[Picture, np.random.Generator], Picture]


def chain(*steps: Augmentation) -> Augmentation:
    """Return an augmentation that makes these changes one after the other."""

    def apply(picture: Picture, rng: np.random.Generator) -> Picture:
        for step in steps:
            picture = step(picture, rng)
        return picture

    return apply


def sometimes(probability: float, step: Augmentation) -> Augmentation:
    """Return an augmentation that changes only a share of the pictures."""
    return lambda picture, rng: step(picture, rng) if rng.random() < probability else picture


def one_of(*steps: Augmentation) -> Augmentation:
    """Return an augmentation that makes one of these changes, each as likely."""
    return lambda picture, rng: steps[rng.integers(len(steps))](picture, rng)


def affine(degrees: float, scale: float, shift: float, aspect: float = 0.0) -> Augmentation:
    """Turn by up to +-degrees, zoom by 1/(1+scale)..1+scale, shift by a share of the size, stretch the width."""

    def apply(picture: Picture, rng: np.random.Generator) -> Picture:
        height, width = picture.shape
        angle, zoom, stretch, dx, dy = rng.uniform(-1, 1, 5)
        zoom, stretch = (1 + scale) ** zoom, (1 + aspect) ** stretch
        matrix: Any = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle * degrees, zoom)
        matrix[:, 0] *= stretch
        centre = matrix @ ((width - 1) / 2, (height - 1) / 2, 1.0)
        matrix[:, 2] += ((width - 1) / 2 + dx * shift * width, (height - 1) / 2 + dy * shift * height) - centre
        return _picture(
            cv2.warpAffine(picture, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
        )

    return apply


def mirror(probability: float = 0.5) -> Augmentation:
    """Left and right change places."""
    return sometimes(probability, lambda picture, rng: np.ascontiguousarray(picture[:, ::-1]))


def light(gamma: float, contrast: float, brightness: float) -> Augmentation:
    """Gamma of 1/(1+gamma)..1+gamma, contrast likewise about the middle, brightness by +-255 times its value."""

    def apply(picture: Picture, rng: np.random.Generator) -> Picture:
        g, c, b = rng.uniform(-1, 1, 3)
        curve = _RAMP ** ((1 + gamma) ** g)
        curve = (curve - 0.5) * (1 + contrast) ** c + 0.5 + b * brightness
        return _picture(cv2.LUT(picture, (curve.clip(0, 1) * 255).astype(np.uint8)))

    return apply


def gain(lowest: float, highest: float) -> Augmentation:
    """All light times lowest..highest."""
    return lambda picture, rng: _bytes(picture * rng.uniform(lowest, highest))


def low_light(darkest: float) -> Augmentation:
    """Scale the picture down to darkest..1 of its light and add the sensor noise that comes with it."""

    def apply(picture: Picture, rng: np.random.Generator) -> Picture:
        level = rng.uniform(darkest, 1)
        grain = rng.normal(0, 2 + 4 * (1 - level), picture.shape)
        return _bytes(picture * level + grain)

    return apply


def shadow(strength: float) -> Augmentation:
    """One side is darker: a linear fall of light across the picture in a random direction."""

    def apply(picture: Picture, rng: np.random.Generator) -> Picture:
        height, width = picture.shape
        angle, depth = rng.uniform(0, 2 * np.pi), rng.uniform(0, strength)
        ramp = np.add.outer(np.sin(angle) * np.linspace(-1, 1, height), np.cos(angle) * np.linspace(-1, 1, width))
        return _bytes(picture * (1 - depth * (0.5 + 0.5 * ramp.clip(-1, 1))))

    return apply


def gaussian_blur(sigma: float) -> Augmentation:
    """Out of focus, by a standard deviation of up to ``sigma`` pixels."""
    return lambda picture, rng: _picture(cv2.GaussianBlur(picture, (0, 0), 0.2 + rng.uniform(0, sigma)))


def motion_blur(length: int) -> Augmentation:
    """Moved during exposure, along a line of up to ``length`` pixels in a random direction."""

    def apply(picture: Picture, rng: np.random.Generator) -> Picture:
        size = 2 * (int(rng.integers(2, max(3, length + 1))) // 2) + 1
        kernel = np.zeros((size, size), np.float32)
        dx, dy = (size // 2) * np.array([np.cos(a := rng.uniform(0, np.pi)), np.sin(a)])
        middle = size // 2
        cv2.line(kernel, (round(middle - dx), round(middle - dy)), (round(middle + dx), round(middle + dy)), (1.0,))
        return _picture(cv2.filter2D(picture, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REPLICATE))

    return apply


def downscale(smallest: float) -> Augmentation:
    """Seen from far away: shrunk to smallest..1 of its size and enlarged again."""

    def apply(picture: Picture, rng: np.random.Generator) -> Picture:
        height, width = picture.shape
        factor = rng.uniform(smallest, 1)
        small = cv2.resize(
            picture, (max(2, int(width * factor)), max(2, int(height * factor))), interpolation=cv2.INTER_AREA
        )
        return _picture(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR))

    return apply


def jpeg(worst: int) -> Augmentation:
    """Compressed as JPEG with a quality of worst..90."""

    def apply(picture: Picture, rng: np.random.Generator) -> Picture:
        _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(worst, 91))])
        return _picture(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE))

    return apply


def noise(sigma: float) -> Augmentation:
    """Sensor noise with a standard deviation of up to ``sigma`` grey levels."""
    return lambda picture, rng: _bytes(picture + rng.normal(0, rng.uniform(0, sigma), picture.shape))


def cut_out(largest: float) -> Augmentation:
    """A rectangle with sides of up to ``largest`` of the picture's is filled with one grey (DeVries & Taylor 2017)."""

    def apply(picture: Picture, rng: np.random.Generator) -> Picture:
        height, width = picture.shape
        h, w = (int(n * rng.uniform(0.1, largest)) for n in (height, width))
        y, x = rng.integers(0, height - h + 1), rng.integers(0, width - w + 1)
        changed = picture.copy()
        changed[y : y + h, x : x + w] = rng.integers(0, 256)
        return changed

    return apply


def glint(radius: float) -> Augmentation:
    """A specular reflection of a lamp, as spectacles and wet eyes show it: a bright disc of up to ``radius`` pixels."""

    def apply(picture: Picture, rng: np.random.Generator) -> Picture:
        height, width = picture.shape
        centre = (int(rng.integers(width)), int(rng.integers(height)))
        changed = picture.copy()
        cv2.circle(changed, centre, round(rng.uniform(0, radius)), (int(rng.integers(180, 256)),), -1, cv2.LINE_AA)
        return changed

    return apply


def augment_all(pictures: Picture, augmentation: Augmentation, rng: np.random.Generator) -> Picture:
    """Each of (N, height, width) pictures on its own."""
    return np.stack([augmentation(picture, rng) for picture in pictures])


_RAMP = np.linspace(0, 1, 256)


def _bytes(picture: npt.NDArray[np.float64]) -> Picture:
    return picture.clip(0, 255).astype(np.uint8)


def _picture(picture: npt.NDArray[np.generic]) -> Picture:
    """OpenCV's stubs lose the element type; the pictures here are uint8 throughout."""
    return picture  # type: ignore[return-value]
