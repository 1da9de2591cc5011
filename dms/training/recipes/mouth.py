"""Trains ``mouth``: a patch of the lower face to shut, yawn or unusable.

Data: folders with ``labels.csv`` (with ``yawn``) and ``landmarks68_*.csv``, and tables ``landmarks68_*.csv`` whose
faces with shut lips are more examples of no yawn. "Unusable" is made: mouths covered by a hand, a mask or a block, and
patches off the mouth. ``faces.part_of`` splits people and scenes; the scenes of the choosing part decide which weights
are kept, the tables of the test part are written to ``OUT/test`` and their pictures are never used here.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch.nn.functional as F  # noqa: N812

from dms.errors import UserError
from dms.perception.landmarks import Crop
from dms.perception.mouth import LABELS, SIZE, mouth_crop
from dms.training import augment, occlude
from dms.training.architectures import mouth
from dms.training.card import Card, write_card
from dms.training.faces import (
    FacePicture,
    FloatArray,
    Part,
    mirrored_order,
    read_pictures,
    similarity,
    transform,
    write_test,
)
from dms.training.fit import Batch, Options, fit, predict
from dms.training.quantise import quantise, with_probabilities

EPOCHS = 24
STEPS = 200
BATCH = 64
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


def train(data: Sequence[Path], out: Path, options: Options) -> Path:
    """Make ``out/mouth.tflite`` and its card.

    Args:
        data: Tables and folders as in this module's docstring.
        out: Folder for everything that is made.
        options: Epochs, seed, resume and threads.

    Raises:
        UserError: The data is not in these layouts, or has no yawn labels.
    """
    pictures = read_pictures(data)
    drivers = {part: driver_mouths([p for p in pictures if p.part is part]) for part in (Part.TRAIN, Part.CHOOSE)}
    others = shut_mouths([p for p in pictures if p.part is Part.TRAIN and not p.complete])
    if not all(drivers.values()):
        raise UserError("mouth takes a folder with labels.csv that has a yawn column, with many scenes")
    write_test(data, out / "test")
    maker = MouthMaker(drivers[Part.TRAIN], others)
    check = [(plain_patch(m), YAWN if m.yawn else SHUT) for m in drivers[Part.CHOOSE]]
    rng = np.random.default_rng(0)
    check += [(unusable_patch(m, rng), UNUSABLE) for m in drivers[Part.CHOOSE]]
    model = mouth()

    def batches(rng: np.random.Generator) -> Iterator[Batch]:
        for _ in range(STEPS):
            samples = [maker.sample(rng) for _ in range(BATCH)]
            yield np.stack([patch for patch, _ in samples]), [np.array([label for _, label in samples])]

    fit(
        model,
        batches,
        loss=lambda outputs, targets: F.cross_entropy(outputs[0], targets[0], label_smoothing=0.03),
        epochs=options.epochs or EPOCHS,
        steps_per_epoch=STEPS,
        out=out,
        validate=lambda net: measure(net, check),
        monitor="score",
        options=options,
    )
    rng = np.random.default_rng(2)
    calibration = np.stack([maker.sample(rng)[0] for _ in range(400)])
    made = quantise(with_probabilities(model), calibration, out / "mouth.tflite")
    write_card(card(), model, made)
    return made


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
        """One patch and its class."""
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
    """The drivers whose yawning is labelled."""
    return [Mouth(p, p.points[0], p.yawn) for p in pictures if p.yawn is not None]


def shut_mouths(pictures: Sequence[FacePicture]) -> list[Mouth]:
    """The faces whose lips are together, or nearly so."""
    return [Mouth(p, points, False) for p in pictures for points in p.points if lip_gap(points) <= MOST_OPEN]


def lip_gap(points: FloatArray) -> float:
    """Height of the gap between the lips over the distance of the outer eye corners."""
    gap = np.linalg.norm(points[61:64] - points[[67, 66, 65]], axis=1).mean()
    return float(gap / max(1.0, float(np.linalg.norm(points[36] - points[45]))))


def plain_patch(face: Mouth) -> npt.NDArray[np.uint8]:
    """The patch as the service cuts it."""
    return face.picture.warp(mouth_crop(face.points).matrix(SIZE), (SIZE, SIZE))


def shaken_patch(face: Mouth, rng: np.random.Generator) -> tuple[npt.NDArray[np.uint8], FloatArray]:
    """The patch cut by landmarks that are a little off, mirrored half of the time, with the points in its pixels."""
    crop = mouth_crop(face.points)
    dx, dy, zoom, roll = rng.normal(0, (0.04, 0.05, 0.07, 6.0))
    moved = Crop(crop.x + dx * crop.side, crop.y + dy * crop.side, crop.side * math.exp(zoom), crop.roll + roll)
    return _cut(face, moved, rng)


def unusable_patch(face: Mouth, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """A patch that shows no mouth: covered by a hand, a mask or a block, or off the mouth."""
    crop, kind = mouth_crop(face.points), rng.random()
    if kind < 0.3:
        angle, distance = rng.uniform(0, 2 * math.pi), crop.side * rng.uniform(0.6, 1.0)
        crop = replace(crop, x=crop.x + distance * math.cos(angle), y=crop.y + distance * math.sin(angle))
        return _cut(face, crop, rng)[0]
    patch, points = _cut(face, crop, rng)
    if kind < 0.7:
        # fingers from below or aside until little of the mouth is left
        for _ in range(6):
            occlude.hand(patch, points, rng)
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


def measure(net: Any, check: Sequence[tuple[npt.NDArray[np.uint8], int]]) -> dict[str, float]:
    """Percent right among usable mouths (unusable counts as wrong) and among unusable ones; the first one decides."""
    (logits,) = predict(net, np.stack([patch for patch, _ in check]))
    truth, answers = np.array([label for _, label in check]), logits.argmax(1)
    usable, unusable = (
        float((answers == truth)[which].mean()) * 100 for which in (truth != UNUSABLE, truth == UNUSABLE)
    )
    margin = float(
        (logits[:, YAWN] - logits[:, SHUT])[truth == YAWN].mean()
        - (logits[:, YAWN] - logits[:, SHUT])[truth == SHUT].mean()
    )
    return {"usable": usable, "unusable": unusable, "margin": margin, "score": usable + 0.1 * unusable}


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


def card() -> Card:
    """What the card says apart from figures."""
    return Card(
        name="mouth",
        purpose="Whether a mouth is wide open as in a yawn, on an aligned patch of the lower face. A shout or a laugh "
        "can look the same for a moment: how long it lasts decides, elsewhere.",
        outputs=[{"name": "mouth", "shape": [3], "labels": list(LABELS)}],
        trained_on=[
            "YawDD frames (Abtahi et al. 2014), labelled yawn or not",
            "HELEN, training part (Le et al. 2012), AFW (Zhu & Ramanan 2012) and YouTube Faces (Wolf et al. 2011): "
            "faces with shut lips as no yawn",
        ],
        split="One in eight in-car scenes chose the epoch, as many others are the test part, which nothing was chosen "
        "on. Unusable mouths were made by drawing over usable ones.",
        terms="The sources are for research use; the weights carry no picture.",
        recipe="dms train mouth --data landmarks68_helen_afw.csv --data landmarks68_youtube_faces.csv "
        "--data cabin_yawn --out runs/mouth",
    )
