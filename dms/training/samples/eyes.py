"""Eye patches with their states, cut from the public layouts, and eyes that are made unusable.

Takes folders with ``closed/`` and ``open/`` and tables of landmarks, gives patches of the net's size. "Unusable" has no
labelled data: patches beside the eye, dark lenses, things in front of the eye, darkness and blur.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from dms.datasets.layouts import read_eyes, read_landmarks
from dms.datasets.pictures import read_grey
from dms.datasets.split import EYES, Part
from dms.evaluate.eyes import resize
from dms.perception.eyes import CLOSED, LABELS, OPEN, SIZE, UNUSABLE, Picture, Side, eye_patch, normalise

MIN_OPENING = 0.2
"""Lid opening over corner distance in the landmarks from which an eye counts as open; narrower ones are left out."""

MIN_EYE_PX = 10.0
"""Eyes from landmarked pictures that are narrower than this many pixels are left out."""


@dataclass(frozen=True, slots=True, eq=False)
class Patches:
    """Patches of the net's size with their classes and persons.

    Attributes:
        images: (N, 32, 32) uint8.
        states: (N,) int64, 0 open, 1 closed, 2 unusable.
        groups: (N,) names; the patches of one person share one.
    """

    images: Picture
    states: npt.NDArray[np.int64]
    groups: npt.NDArray[np.str_]

    def of(self, part: Part) -> "Patches":
        """Return the patches of the persons in one part."""
        return self.where(np.array([EYES.part_of(group) is part for group in self.groups]))

    def where(self, chosen: npt.NDArray[np.bool_]) -> "Patches":
        """Return the patches where ``chosen`` is True."""
        return Patches(self.images[chosen], self.states[chosen], self.groups[chosen])


def from_folder(folder: Path) -> Patches:
    """Patches of a folder with ``closed/`` and ``open/``, brought to the net's size."""
    given = read_eyes(folder)
    images = np.stack([resize(image) for image in given.images])
    states = np.where(given.closed, CLOSED, OPEN)
    return Patches(images, states, np.array(given.groups))


def from_landmarks(table: Path) -> Patches:
    """Open eyes of landmarked faces, and patches beside the eyes.

    Each picture is taken as a person of its own.
    """
    images, states, groups = [], [], []
    faces = read_landmarks(table)
    rng = np.random.default_rng(0)
    for file, points in zip(faces.files, faces.points, strict=True):
        grey = read_grey(file)
        group = file.stem
        for side, eye in ((Side.RIGHT, points[36:42]), (Side.LEFT, points[42:48])):
            patch = eye_patch(grey, points, side)
            if patch is not None and np.ptp(eye[:, 0]) >= MIN_EYE_PX and lid_opening(eye) >= MIN_OPENING:
                images.append(patch)
                states.append(OPEN)
                groups.append(group)
            away = beside_eye(grey, points, rng)
            if away is not None:
                images.append(away)
                states.append(UNUSABLE)
                groups.append(group)
    return Patches(np.stack(images), np.array(states), np.array(groups))


def unlabelled(table: Path) -> Picture:
    """Return every eye of landmarked faces that is large enough, (N, 32, 32) uint8, whatever it does."""
    faces = read_landmarks(table)
    found = []
    for file, points in zip(faces.files, faces.points, strict=True):
        grey = read_grey(file)
        for side, eye in ((Side.RIGHT, points[36:42]), (Side.LEFT, points[42:48])):
            patch = eye_patch(grey, points, side)
            if patch is not None and np.ptp(eye[:, 0]) >= MIN_EYE_PX:
                found.append(patch)
    return np.stack(found)


def lid_opening(eye: npt.NDArray[np.float32]) -> float:
    """Eye aspect ratio (Soukupova & Cech 2016): distance of the lids over distance of the corners, (6, 2) points."""
    lids = np.linalg.norm(eye[1] - eye[5]) + np.linalg.norm(eye[2] - eye[4])
    return float(lids / (2 * np.linalg.norm(eye[0] - eye[3]) + 1e-6))


def beside_eye(grey: Picture, points: npt.NDArray[np.float32], rng: np.random.Generator) -> Picture | None:
    """A patch of the same picture that shows no eye: cheek, mouth, hair, background. None when it would show one."""
    centres = [points[36:42].mean(0), points[42:48].mean(0)]
    width = float(np.linalg.norm(points[45] - points[36]))
    target = points[27:68].mean(0) + rng.uniform(-1.3, 1.3, 2) * width
    if min(np.linalg.norm(target - c) for c in centres) < 0.4 * width:
        return None
    moved = points + (target - centres[0]).astype(np.float32)
    return eye_patch(grey, moved, Side.RIGHT)


def join(parts: Sequence[Patches]) -> Patches:
    """Several sets as one."""
    return Patches(
        np.concatenate([p.images for p in parts]),
        np.concatenate([p.states for p in parts]),
        np.concatenate([p.groups for p in parts]),
    )


def write_folder(patches: Patches, folder: Path) -> None:
    """Write eyes as ``closed/`` and ``open/``, the layout that ``dms evaluate eyes`` takes."""
    for state in (OPEN, CLOSED):
        (folder / LABELS[state]).mkdir(parents=True, exist_ok=True)
        for number in np.flatnonzero(patches.states == state):
            name = f"{patches.groups[number]}-{number:05d}.png"
            cv2.imwrite(str(folder / LABELS[state] / name), patches.images[number])


def prepare(images: Picture) -> Picture:
    """Return (N, 32, 32) patches as the nets that look at an eye take them."""
    return np.stack([normalise(image) for image in images])


def corners(images: Picture) -> Picture:
    """Return the upper left corners of eye patches, enlarged: skin and brows beside the eye, (N, 32, 32) uint8."""
    return np.stack([resize(image[: SIZE // 3, : SIZE // 3]) for image in images])


def spoil(patch: Picture, beside: Picture, rng: np.random.Generator) -> Picture:
    """Make an eye unusable: sunglasses, something in front of it, darkness, or blur."""
    kind = rng.choice(4, p=(0.45, 0.3, 0.1, 0.15))
    if kind == 0:
        return sunglasses(patch, rng)
    if kind == 1:
        return covered(patch, np.asarray(beside[rng.integers(len(beside))]), rng)
    if kind == 2:
        # what is left of a patch in the last few grey levels of the sensor
        return np.asarray((patch * rng.uniform(0.0, 0.04) + rng.normal(6, 2.5, patch.shape)).clip(0, 255), np.uint8)
    return np.asarray(cv2.GaussianBlur(patch, (0, 0), rng.uniform(5, 9)), np.uint8)


def sunglasses(patch: Picture, rng: np.random.Generator) -> Picture:
    """Draw a dark lens over the eye, with its fall of light, reflections and rim."""
    middle = (SIZE - 1) / 2
    cx, cy = middle + rng.uniform(-4, 4, 2)
    rx, ry = rng.uniform(13, 26), rng.uniform(10, 20)
    y, x = np.mgrid[:SIZE, :SIZE]
    power = rng.uniform(2, 5)
    inside = (np.abs((x - cx) / rx) ** power + np.abs((y - cy) / ry) ** power) < 1
    angle = rng.uniform(0, 2 * np.pi)
    ramp = (np.cos(angle) * (x - middle) + np.sin(angle) * (y - middle)) / middle
    lens = rng.uniform(5, 70) + rng.uniform(0, 30) * ramp + patch * rng.uniform(0, 0.06)
    for _ in range(rng.integers(0, 3)):
        fx, fy, fr = *rng.uniform(0, SIZE, 2), rng.uniform(2, 10)
        lens += rng.uniform(10, 120) * np.exp(-((x - fx) ** 2 + ((y - fy) * rng.uniform(0.5, 3)) ** 2) / fr**2)
    drawn = np.where(inside, lens, patch)
    if rng.random() < 0.5:
        rim = cv2.morphologyEx(inside.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((2, 2), np.uint8)) > 0
        drawn = np.where(rim, rng.uniform(0, 220), drawn)
    return np.asarray(cv2.GaussianBlur(drawn.clip(0, 255).astype(np.uint8), (0, 0), rng.uniform(0.4, 1)), np.uint8)


def covered(patch: Picture, other: Picture, rng: np.random.Generator) -> Picture:
    """Put another patch (skin of a hand, hair) over the eye up to a soft edge that spares at most a quarter."""
    angle, middle = rng.uniform(0, 2 * np.pi), (SIZE - 1) / 2
    y, x = np.mgrid[:SIZE, :SIZE]
    along = (np.cos(angle) * (x - middle) + np.sin(angle) * (y - middle)) / SIZE
    share = 1 / (1 + np.exp(-(along + rng.uniform(0.25, 0.6)) * 30))
    return np.asarray(other * share + patch * (1 - share), np.uint8)
