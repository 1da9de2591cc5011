"""Trains ``landmarks``: the 68 iBUG points of a face and whether the crop holds one.

Data: one or more tables ``landmarks68_*.csv`` (HELEN/AFW first: the first table is the accurate one and decides which
weights are kept; YouTube Faces after it, at a lower weight), then folders with ``labels.csv`` and pseudo-landmarks
(inner points only). ``faces.part_of`` splits people and scenes; the tables of the test part are written to ``OUT/test``
for ``dms evaluate landmarks`` and their pictures are never used here.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F  # noqa: N812

from dms.errors import UserError
from dms.perception.landmarks import SIZE, Crop
from dms.training import augment, occlude
from dms.training.architectures import landmarks
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
from dms.training.quantise import quantise

EPOCHS = 24
STEPS = 400
BATCH = 64

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
    """One crop with what the net shall say.

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


def train(data: Sequence[Path], out: Path, options: Options) -> Path:
    """Make ``out/landmarks.tflite`` and its card.

    Args:
        data: Tables and folders as in this module's docstring.
        out: Folder for everything that is made.
        options: Epochs, seed, resume and threads.

    Raises:
        UserError: The data is not in these layouts.
    """
    pictures = read_pictures(data)
    training, choosing = ([p for p in pictures if p.part is part] for part in (Part.TRAIN, Part.CHOOSE))
    accurate = [p for p in choosing if p.source == 0 and not p.complete]
    if not accurate:
        raise UserError("landmarks takes a landmarks68_*.csv table of accurately marked faces first")
    shape = mean_shape([p for p in training if p.source == 0])
    check = list(Sampler(accurate, no_face=0.0).samples(np.random.default_rng(0), 600))
    others = list(Sampler(choosing, no_face=1.0).samples(np.random.default_rng(1), 600))
    write_test(data, out / "test")
    model = landmarks()

    def batches(rng: np.random.Generator) -> Iterator[Batch]:
        sampler = Sampler(training)
        for _ in range(STEPS):
            samples = list(sampler.samples(rng, BATCH))
            yield (
                np.stack([s.patch for s in samples]),
                [
                    np.stack([s.points - shape for s in samples]),
                    np.stack([s.weights for s in samples]),
                    np.array([s.face for s in samples], np.float32),
                ],
            )

    def validate(net: keras.Model) -> dict[str, float]:
        residuals, faces = predict(net, np.stack([s.patch for s in check]))
        errors = nme(residuals.reshape(-1, 68, 2) + shape, np.stack([s.points for s in check]))
        _, empty = predict(net, np.stack([s.patch for s in others]))
        return {
            "minus_nme": -100 * float(errors.mean()),
            "failures": 100 * float((errors > 0.1).mean()),
            "confident": 100 * float((faces[:, 0] > 0).mean()),
            "fooled": 100 * float((empty[:, 0] > 0).mean()),
        }

    fit(
        model,
        batches,
        loss=loss,
        epochs=options.epochs or EPOCHS,
        steps_per_epoch=STEPS,
        out=out,
        validate=validate,
        monitor="minus_nme",
        options=options,
    )
    points, face = model.outputs
    shipped = keras.Model(model.inputs, [points, keras.layers.Activation("sigmoid")(face)], name="landmarks")
    calibration = np.stack([s.patch for s in Sampler(training).samples(np.random.default_rng(2), 400)])
    made = quantise(shipped, calibration, out / "landmarks.tflite")
    write_card(card(shape), model, made)
    return made


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
    if rng.random() < 0.35:
        occlude.something(patch, points, rng)
    weights = np.ones(68, np.float32)
    weights[36:48] = 1.5
    if picture.complete:
        # pseudo-landmarks follow another definition of the jaw
        weights[:17], weights[17:] = 0.0, weights[17:] * 0.5
    elif picture.source > 0:
        weights *= 0.5
    return Sample(patch, (points - (SIZE - 1) / 2) / np.float32(SIZE), weights, 1.0)


def without_face(picture: FacePicture, rng: np.random.Generator) -> Sample:
    """A crop beside a face, of a part of it, far too wide, or of a face that is covered."""
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
        occlude.wiped(patch, moved, rng)
    return Sample(patch, np.zeros((68, 2), np.float32), np.zeros(68, np.float32), 0.0)


def shaken(crop: Crop, rng: np.random.Generator) -> Crop:
    """A crop off by what the last frame or the detector may be off by."""
    wide = rng.random() < 0.35
    dx, dy = rng.uniform(-0.2, 0.2, 2) if wide else rng.normal(0, 0.05, 2)
    zoom = rng.uniform(-0.22, 0.22) if wide else rng.normal(0, 0.08)
    roll = rng.uniform(-40, 40) if wide else rng.normal(0, 8)
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


def loss(outputs: list[torch.Tensor], targets: list[torch.Tensor]) -> torch.Tensor:
    """Wing loss (Feng et al. 2018) on the points, in percent of the crop's side, and cross-entropy on the face."""
    residuals, weights, face = targets
    width, curvature = 4.0, 1.0
    error = (outputs[0].reshape(residuals.shape) - residuals).abs().sum(-1) * 50
    near = width * torch.log1p(error / curvature)
    far = error - width + width * math.log1p(width / curvature)
    points = (torch.where(error < width, near, far) * weights).sum() / weights.sum().clamp_min(1)
    return points + F.binary_cross_entropy_with_logits(outputs[1][:, 0], face)


def mean_shape(pictures: Sequence[FacePicture]) -> FloatArray:
    """Mean of the faces in their own crops and of their mirror images, (68, 2) in sides of the crop from its centre."""
    shapes = [Crop.around_landmarks(p).from_frame(p) for picture in pictures for p in picture.points]
    mean = np.mean(shapes, axis=0)
    mirrored = (mean * (-1, 1))[mirrored_order()]
    symmetric: FloatArray = ((mean + mirrored) / 2).astype(np.float32)
    return symmetric


def nme(located: FloatArray, truth: FloatArray) -> FloatArray:
    """Mean distance of the 68 points over the distance of the outer corners of the eyes, (N,)."""
    between = np.linalg.norm(truth[:, 36] - truth[:, 45], axis=-1)
    error: FloatArray = np.linalg.norm(located - truth, axis=-1).mean(1) / between
    return error


def card(shape: FloatArray) -> Card:
    """What the card says apart from figures."""
    return Card(
        name="landmarks",
        purpose="The 68 iBUG points of a face in a square crop, and whether the crop holds a face that can be located. "
        "It measures where things are, never who somebody is.",
        outputs=[
            {"name": "points", "shape": [136], "meaning": "x, y per point minus the mean shape, in sides of the crop"},
            {"name": "face", "shape": [1], "meaning": "probability that the crop holds a face whose points are these"},
        ],
        decoding={"mean_shape": [[round(float(v), 5) for v in point] for point in shape]},
        trained_on=[
            "HELEN, training part (Le et al. 2012), and AFW (Zhu & Ramanan 2012) with iBUG's 68 points (Sagonas et al. "
            "2013)",
            "YouTube Faces (Wolf et al. 2011) with 68 points, at half the weight",
            "YawDD frames (Abtahi et al. 2014) with pseudo-landmarks of MediaPipe Face Mesh: inner points, half weight",
        ],
        split="One in fourteen people (by file name) and one in eight in-car scenes chose the epoch, as many others "
        "are the test part, which nothing was chosen on.",
        terms="The sources are for research use; the weights carry no picture.",
        recipe="dms train landmarks --data landmarks68_helen_afw.csv --data landmarks68_youtube_faces.csv "
        "--data cabin_yawn --out runs/landmarks",
    )
