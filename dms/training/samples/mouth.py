"""Mouth patches as the mouth net sees them in training, with their classes.

Takes ``FacePicture`` objects, gives patches of drivers who yawn or do not, of other people with shut lips, and of
mouths that cannot be judged. Needs numpy and OpenCV only.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from dms.perception.landmarks import Crop
from dms.perception.mouth import SIZE, mouth_crop
from dms.training import augment
from dms.training.augment import occluders
from dms.training.faces import FacePicture, FloatArray, mirrored_order, similarity, transform

SHUT, YAWN, UNUSABLE = range(3)

UNUSABLE_SHARE = 0.18

OTHERS_SHARE = 0.15
"""Share of patches from the tables: faces of many people, none of them yawning."""

MOST_OPEN = 0.1
"""Gap between the lips over the distance of the outer eye corners up to which a face of a table is no yawn."""

LIGHT = augment.chain(
    augment.light(gamma=0.9, contrast=0.5, brightness=0.12),
    augment.sometimes(0.15, augment.low_light(0.15)),
    augment.sometimes(0.2, augment.shadow(0.8)),
    augment.sometimes(
        0.4,
        augment.one_of(augment.gaussian_blur(1.2), augment.motion_blur(5), augment.downscale(0.35), augment.jpeg(25)),
    ),
    augment.sometimes(0.4, augment.noise(8)),
    augment.sometimes(0.15, augment.cut_out(0.25)),
)


@dataclass(frozen=True, slots=True, eq=False)
class Mouth:
    """A face with what its mouth does.

    Attributes:
        picture: Where the face is.
        points: (68, 2), pixels of ``picture.levels[0]``.
        yawn: Whether it yawns.
    """

    picture: FacePicture
    points: FloatArray
    yawn: bool


class MouthMaker:
    """Makes patches with their classes.

    Args:
        drivers: With and without a yawn.
        others: Without a yawn.
    """

    def __init__(self, drivers: Sequence[Mouth], others: Sequence[Mouth]) -> None:
        self._yawns = [m for m in drivers if m.yawn]
        self._rest = [m for m in drivers if not m.yawn]
        self._others = list(others)

    def sample(self, rng: np.random.Generator) -> tuple[npt.NDArray[np.uint8], int]:
        """Return one patch and its class."""
        kind = rng.random()
        if kind < OTHERS_SHARE and self._others:
            pool = self._others
        else:
            pool = self._yawns if rng.random() < 0.5 else self._rest
        chosen = pool[rng.integers(len(pool))]
        if rng.random() < UNUSABLE_SHARE:
            return LIGHT(unusable_patch(chosen, rng), rng), UNUSABLE
        patch, _ = shaken_patch(chosen, rng)
        return LIGHT(patch, rng), YAWN if chosen.yawn else SHUT


def driver_mouths(pictures: Sequence[FacePicture]) -> list[Mouth]:
    """Return the drivers whose yawning is labelled."""
    return [Mouth(p, p.points[0], p.yawn) for p in pictures if p.yawn is not None]


def shut_mouths(pictures: Sequence[FacePicture]) -> list[Mouth]:
    """Return the faces whose lips are together, or nearly so."""
    return [Mouth(p, points, False) for p in pictures for points in p.points if lip_gap(points) <= MOST_OPEN]


def lip_gap(points: FloatArray) -> float:
    """Height of the gap between the lips over the distance of the outer eye corners."""
    gap = np.linalg.norm(points[61:64] - points[[67, 66, 65]], axis=1).mean()
    return float(gap / max(1.0, float(np.linalg.norm(points[36] - points[45]))))


def plain_patch(face: Mouth) -> npt.NDArray[np.uint8]:
    """Return the patch as the service cuts it."""
    return face.picture.warp(mouth_crop(face.points).matrix(SIZE), (SIZE, SIZE))


def shaken_patch(face: Mouth, rng: np.random.Generator) -> tuple[npt.NDArray[np.uint8], FloatArray]:
    """The patch cut by landmarks that are a little off, mirrored half of the time, with the points in its pixels."""
    crop = mouth_crop(face.points)
    dx, dy, zoom, roll = rng.normal(0, (0.04, 0.05, 0.07, 6.0))
    moved = Crop(crop.x + dx * crop.side, crop.y + dy * crop.side, crop.side * math.exp(zoom), crop.roll + roll)
    return _cut(face, moved, rng)


def unusable_patch(face: Mouth, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Return a patch that shows no mouth: covered by a hand, a mask or a block, or off the mouth."""
    crop, kind = mouth_crop(face.points), rng.random()
    if kind < 0.3:
        angle, distance = rng.uniform(0, 2 * math.pi), crop.side * rng.uniform(0.6, 1.0)
        crop = replace(crop, x=crop.x + distance * math.cos(angle), y=crop.y + distance * math.sin(angle))
        return _cut(face, crop, rng)[0]
    patch, points = _cut(face, crop, rng)
    if kind < 0.7:
        # fingers from below or aside until little of the mouth is left
        for _ in range(6):
            occluders.hand(patch, points, rng)
    low, high = points[48:60].min(0) - 3, points[48:60].max(0) + 3
    if kind < 0.85:
        centre, axes = (low + high) / 2, (high - low) * rng.uniform(0.55, 0.9, 2)
        skin = int(np.clip(np.median(patch) + rng.normal(0, 20), 0, 255))
        _ellipse(patch, centre, axes, skin)
    else:
        left, top = (int(v) for v in np.clip(low, 0, SIZE - 1))
        right, bottom = (int(v) for v in np.clip(high, 0, SIZE))
        patch[top:bottom, left:right] = int(rng.integers(256))
    return patch


def _cut(face: Mouth, crop: Crop, rng: np.random.Generator) -> tuple[npt.NDArray[np.uint8], FloatArray]:
    matrix, middle = crop.matrix(SIZE), (SIZE - 1) / 2
    mirror = bool(rng.random() < 0.5)
    change = similarity((middle, middle), (middle, middle), 1.0, 0.0, mirror)
    change[0] *= math.exp(rng.normal(0, 0.06))
    change[:, 2] = middle - change[:, :2] @ (middle, middle)
    matrix = change @ np.vstack([matrix, [0, 0, 1]])
    points = transform(face.points, matrix)
    border = 0 if rng.random() < 0.5 else None
    return face.picture.warp(matrix, (SIZE, SIZE), border), points[mirrored_order()] if mirror else points


def _ellipse(patch: npt.NDArray[np.uint8], centre: FloatArray, axes: FloatArray, grey: int) -> None:
    radii = (max(1, int(axes[0])), max(1, int(axes[1])))
    cv2.ellipse(patch, (int(centre[0]), int(centre[1])), radii, 0, 0, 360, (grey,), -1)
