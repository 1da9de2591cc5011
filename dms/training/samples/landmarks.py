"""Crops as the landmark net sees them in training, and what it should say about them.

Takes ``FacePicture`` objects, gives crops that are off in place, scale and roll as the service's are, and crops without
a usable face. Needs numpy and OpenCV only.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from dms.perception.landmarks import SIZE, Crop
from dms.training import augment
from dms.training.augment import occluders
from dms.training.faces import FacePicture, FloatArray, mirrored_order, similarity, transform

NO_FACE = 0.22
"""Share of crops without a usable face."""

LIGHT = augment.chain(
    augment.light(gamma=0.9, contrast=0.5, brightness=0.15),
    augment.sometimes(0.1, augment.low_light(0.1)),
    augment.sometimes(0.15, augment.shadow(0.8)),
    augment.sometimes(
        0.35, augment.one_of(augment.gaussian_blur(1.2), augment.motion_blur(5), augment.downscale(0.35))
    ),
    augment.sometimes(0.5, augment.noise(9)),
    augment.sometimes(0.15, augment.jpeg(25)),
)


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One crop with what the net should say.

    Attributes:
        patch: (SIZE, SIZE) uint8.
        points: (68, 2) in sides of the crop from its centre.
        weights: (68,) weight of each point; all 0 without a face.
        face: 1 with a face whose points can be located, 0 without.
    """

    patch: npt.NDArray[np.uint8]
    points: FloatArray
    weights: FloatArray
    face: float


class Sampler:
    """Makes crops from pictures.

    Args:
        pictures: With at least one face each.
        no_face: Share of crops without a usable face.
    """

    def __init__(self, pictures: Sequence[FacePicture], no_face: float = NO_FACE) -> None:
        self._no_face = no_face
        self._sources = [[p for p in pictures if p.source == source] for source in sorted({p.source for p in pictures})]
        # the accurate table is the smallest and the one that counts: half of all crops
        shares = np.array([2.0 if i == 0 else 1.0 for i in range(len(self._sources))])
        self._shares = shares / shares.sum()

    def samples(self, rng: np.random.Generator, count: int) -> Iterator[Sample]:
        """Give ``count`` crops."""
        for _ in range(count):
            pictures = self._sources[rng.choice(len(self._sources), p=self._shares)]
            picture = pictures[rng.integers(len(pictures))]
            sample = with_face(picture, rng) if rng.random() >= self._no_face else without_face(picture, rng)
            yield replace(sample, patch=LIGHT(sample.patch, rng))


def with_face(picture: FacePicture, rng: np.random.Generator) -> Sample:
    """A crop as the service makes it: off in place and scale, tilted, sometimes with something before the face."""
    face = rng.integers(len(picture.points))
    points = picture.points[face]
    crop = shaken(Crop.around_landmarks(points), rng)
    patch, points = cropped(picture, crop, points, rng)
    if rng.random() < 0.3:
        occluders.something(patch, points, rng)
    weights = np.ones(68, np.float32)
    weights[36:48] = 1.5
    if picture.complete:
        # pseudo-landmarks follow another definition of the jaw
        weights[:17], weights[17:] = 0.0, weights[17:] * 0.5
    elif picture.source > 0:
        weights *= 0.5
    return Sample(patch, (points - (SIZE - 1) / 2) / np.float32(SIZE), weights, 1.0)


def without_face(picture: FacePicture, rng: np.random.Generator) -> Sample:
    """Return a crop beside a face, of a part of it, far too wide, or of a face that is covered."""
    points = picture.points[rng.integers(len(picture.points))]
    crop, kind = Crop.around_landmarks(points), rng.random()
    if kind < 0.55:
        angle, distance = rng.uniform(0, 2 * math.pi), crop.side * rng.uniform(0.5, 1.2)
        crop = replace(
            shaken(crop, rng),
            x=crop.x + distance * math.cos(angle),
            y=crop.y + distance * math.sin(angle),
            side=crop.side * math.exp(rng.normal(0, 0.3)),
        )
    elif kind < 0.7:
        crop = replace(shaken(crop, rng), side=crop.side * rng.uniform(0.2, 0.45))
    elif kind < 0.8:
        crop = replace(shaken(crop, rng), side=crop.side * rng.uniform(2.2, 4.0))
    patch, moved = cropped(picture, crop, points, rng)
    if kind >= 0.8:
        occluders.wiped(patch, moved, rng)
    return Sample(patch, np.zeros((68, 2), np.float32), np.zeros(68, np.float32), 0.0)


def shaken(crop: Crop, rng: np.random.Generator) -> Crop:
    """Return a crop off by what the last frame or the detector may be off by."""
    wide = rng.random() < 0.3
    dx, dy = rng.uniform(-0.2, 0.2, 2) if wide else rng.normal(0, 0.05, 2)
    zoom = rng.uniform(-0.22, 0.22) if wide else rng.normal(0, 0.08)
    roll = rng.uniform(-35, 35) if wide else rng.normal(0, 8)
    return Crop(crop.x + dx * crop.side, crop.y + dy * crop.side, crop.side * math.exp(zoom), crop.roll + roll)


def cropped(
    picture: FacePicture, crop: Crop, points: FloatArray, rng: np.random.Generator
) -> tuple[npt.NDArray[np.uint8], FloatArray]:
    """Cut a crop, mirrored half of the time and slightly stretched; the points go with it, in pixels of the patch."""
    matrix, middle = crop.matrix(SIZE), (SIZE - 1) / 2
    mirror = rng.random() < 0.5
    change = similarity((middle, middle), (middle, middle), 1.0, 0.0, mirror)
    change[0, :2] *= math.exp(rng.normal(0, 0.05))
    change[:, 2] = middle - change[:, :2] @ (middle, middle)
    matrix = change @ np.vstack([matrix, [0, 0, 1]])
    border = 0 if rng.random() < 0.5 else None
    patch, moved = picture.warp(matrix, (SIZE, SIZE), border), transform(points, matrix)
    return patch, moved[mirrored_order()] if mirror else moved
