"""Things drawn over a face: sunglasses, a hand, a scarf or hat, flat and grainy blocks.

Takes a grey patch with the 68 points of a face in it, gives the patch with something in front of the face. Draws in
place; the caller decides how often. The points stay what they were: the nets learn to guess what is hidden.
"""

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

Patch = npt.NDArray[np.uint8]
FloatArray = npt.NDArray[np.float32]
Occlusion = Callable[[Patch, FloatArray, np.random.Generator], None]


def sunglasses(patch: Patch, points: FloatArray, rng: np.random.Generator) -> None:
    """Two dark ellipses over the eyes, a bridge, and now and then a reflection."""
    right, left = points[36:42].mean(0), points[42:48].mean(0)
    across = left - right
    span, angle = float(np.hypot(*across)), float(np.degrees(np.arctan2(across[1], across[0])))
    shade, width, height = int(rng.integers(0, 80)), rng.uniform(0.3, 0.42), rng.uniform(0.2, 0.32)
    for eye in (right, left):
        _ellipse(patch, eye, (span * width, span * height), angle, shade)
        if rng.random() < 0.3:
            _ellipse(patch, eye + span * rng.normal(0, 0.1, 2), (span * 0.12, span * 0.05), angle, shade + 100)
    cv2.line(patch, _pixel(right), _pixel(left), (shade,), max(1, int(span * 0.08)))


def hand(patch: Patch, points: FloatArray, rng: np.random.Generator) -> None:
    """A few finger-like ellipses of the skin's own grey, from outside the face to its lower half or cheek."""
    size = float(np.ptp(points[:, 1]))
    aim = points[rng.integers(0, 17)] * 0.5 + points[rng.integers(48, 60)] * 0.5
    angle, fingers = rng.uniform(0, 360), int(rng.integers(1, 5))
    along = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
    aside = np.array([-along[1], along[0]])
    thickness = size * rng.uniform(0.06, 0.13)
    for finger in range(fingers):
        grey = int(np.clip(_grey_at(patch, points[30]) + rng.normal(0, 18), 0, 255))
        centre = aim + along * size * rng.uniform(0.1, 0.3) + aside * thickness * 1.6 * (finger - fingers / 2)
        _ellipse(patch, centre, (size * rng.uniform(0.25, 0.5), thickness), angle, grey)


def headwear(patch: Patch, points: FloatArray, rng: np.random.Generator) -> None:
    """A hat or scarf: all that is above a line over the brows."""
    up = points[36:48].mean(0) - points[33]
    rim = points[17:27] + np.float32(rng.uniform(0.2, 0.9)) * up
    side = (points[26] - points[17]) * 0.4
    outline = np.vstack([rim[:1] - side, rim, rim[-1:] + side, rim[-1:] + side + 2.5 * up, rim[:1] - side + 2.5 * up])
    cv2.fillPoly(patch, [outline.astype(np.int32)], (int(rng.integers(0, 256)),))


def blocks(patch: Patch, points: FloatArray, rng: np.random.Generator) -> None:
    """One or two rectangles, flat or grainy."""
    low, size = points.min(0), np.ptp(points, axis=0)
    for _ in range(rng.integers(1, 3)):
        start = low + rng.uniform(-0.2, 0.9, 2) * size
        end = start + rng.uniform(0.15, 0.5, 2) * size
        _fill(patch, start, end, rng)


def wiped(patch: Patch, points: FloatArray, rng: np.random.Generator) -> None:
    """The whole face, forehead included, is covered: no face is left."""
    low, size = points.min(0), np.ptp(points, axis=0)
    _fill(patch, low - (0.15, 0.5) * size, low + (1.15, 1.1) * size, rng)


def something(patch: Patch, points: FloatArray, rng: np.random.Generator) -> None:
    """One of the occlusions that leave a face."""
    kinds: tuple[Occlusion, ...] = (sunglasses, hand, headwear, blocks)
    kinds[rng.integers(len(kinds))](patch, points, rng)


def _fill(patch: Patch, start: FloatArray, end: FloatArray, rng: np.random.Generator) -> None:
    height, width = patch.shape
    left, top = (int(v) for v in np.clip(start, 0, (width, height)))
    right, bottom = (int(v) for v in np.clip(end, 0, (width, height)))
    area, grey = (max(0, bottom - top), max(0, right - left)), float(rng.integers(0, 256))
    grain = 0.0 if rng.random() < 0.5 else 30.0
    patch[top : top + area[0], left : left + area[1]] = rng.normal(grey, grain, area).clip(0, 255)


def _ellipse(
    patch: Patch,
    centre: npt.NDArray[np.float32] | npt.NDArray[np.float64],
    axes: tuple[float, float],
    angle: float,
    grey: int,
) -> None:
    radii = (max(1, int(axes[0])), max(1, int(axes[1])))
    cv2.ellipse(patch, _pixel(centre), radii, angle, 0, 360, (grey,), -1)


def _pixel(point: npt.NDArray[np.float32] | npt.NDArray[np.float64]) -> tuple[int, int]:
    return int(point[0]), int(point[1])


def _grey_at(patch: Patch, point: FloatArray) -> float:
    x, y = (int(v) for v in np.clip(point, 0, (patch.shape[1] - 1, patch.shape[0] - 1)))
    return float(patch[y, x])
