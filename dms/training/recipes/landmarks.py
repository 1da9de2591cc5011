"""Trains ``landmarks``: the 68 iBUG points of a face and whether the crop holds one.

Data: one or more tables ``landmarks68_*.csv`` (HELEN/AFW first: the first table is the accurate one and decides which
weights are kept; YouTube Faces after it, at a lower weight), then folders with ``labels.csv`` and pseudo-landmarks
(inner points only). ``faces.part_of`` splits people and scenes; the tables of the test part are written to ``OUT/test``
for ``dms evaluate landmarks`` and their pictures are never used here.
"""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F  # noqa: N812

from dms.datasets.split import Part
from dms.errors import UserError
from dms.perception.landmarks import CELLS, POINTS, SIZE, Crop, decode
from dms.training.architectures import landmarks
from dms.training.card import Card, CardLimit, write_card
from dms.training.export import quantise
from dms.training.faces import FacePicture, FloatArray, open_data
from dms.training.fit import Batch, Options, fit, predict
from dms.training.optim import Cosine
from dms.training.samples.landmarks import Sampler
from dms.training.shipped import take_up

EPOCHS = 18
STEPS = 400
BATCH = 64

GOING_ON = 1e-3
"""Peak of the learning rate where a net that ships learns on."""

WRONG_LABEL = 0.1
"""Mean error in sides of the crop from which a training face is left out of the last correction: its label is wrong."""

LIMITS = {
    "sure_again": CardLimit(
        0.98,
        "confidence",
        0.5,
        1.0,
        "Least confidence at the second look, from the points of the first, at which a faint face counts: of the faint "
        "faces of five clips 99 % have it, of the letters of a film's title none.",
        "own: five clips",
    ),
    "sure_turned": CardLimit(
        0.9,
        "confidence",
        0.5,
        1.0,
        "Least confidence in the points of a turned picture; lower ones say nothing.",
        "own: studies/upright.py",
    ),
    "turned_again": CardLimit(
        0.3,
        "confidence",
        0.0,
        1.0,
        "Confidence from which a turned face is looked at again, from its own points: the first crop may be off.",
        "own: studies/upright.py",
    ),
}
"""Limits that belong to the weights; another net may need others."""


def train(data: Sequence[Path], out: Path, options: Options) -> Path:
    """Make ``out/landmarks.tflite`` and its card.

    Args:
        data: Tables and folders as in this module's docstring.
        out: Folder for everything that is made.
        options: Epochs, seed, resume and threads.

    Raises:
        UserError: The data is not in these layouts.
    """
    parts = open_data(data, out)
    training, validation = parts[Part.TRAIN], parts[Part.VALIDATION]
    accurate = [p for p in validation if p.source == 0 and not p.complete]
    if not accurate:
        raise UserError("landmarks takes a landmarks68_*.csv table of accurately marked faces first")
    check = list(Sampler(accurate, no_face=0.0).samples(np.random.default_rng(0), 600))
    others = list(Sampler(validation, no_face=1.0).samples(np.random.default_rng(1), 600))
    model = landmarks()
    if options.shipped is not None:
        take_up(model, options.shipped, typical(training))

    def batches(rng: np.random.Generator) -> Iterator[Batch]:
        sampler = Sampler(training)
        for _ in range(STEPS):
            samples = list(sampler.samples(rng, BATCH))
            yield (
                np.stack([s.patch for s in samples]),
                [
                    np.stack([s.points for s in samples]),
                    np.stack([s.weights for s in samples]),
                    np.array([s.face for s in samples], np.float32),
                ],
            )

    def validate(net: keras.Model) -> dict[str, float]:
        cells, offsets, faces = predict(net, np.stack([s.patch for s in check]))
        located = np.stack([decode(c, o) for c, o in zip(cells, offsets, strict=True)])
        errors = nme(located, np.stack([s.points for s in check]))
        empty = predict(net, np.stack([s.patch for s in others]))[2]
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
        method=Cosine() if options.shipped is None else Cosine(GOING_ON),
        options=options,
    )
    centre(model, [p for p in training if p.source == 0])
    cells, offsets, face = model.outputs
    shipped = keras.Model(model.inputs, [cells, offsets, keras.layers.Activation("sigmoid")(face)], name="landmarks")
    made = quantise(shipped, typical(training), out / "landmarks.tflite")
    write_card(card(), model, made)
    return made


def typical(pictures: Sequence[FacePicture]) -> npt.NDArray[np.uint8]:
    """(400, 96, 96) uint8: what the net is shown in training."""
    return np.stack([sample.patch for sample in Sampler(pictures).samples(np.random.default_rng(2), 400)])


def centre(model: keras.Model, pictures: Sequence[FacePicture]) -> None:
    """Take the mean error of each point on training faces out of the bias of the last layer.

    iBUG counts pixels from 1. In pictures of which half are mirrored the net learns the true place across and the
    table's place down; without this it would be off from the table by one pixel of the file across.
    """
    patches, truth = [], []
    for picture in pictures:
        for points in picture.points:
            crop = Crop.around_landmarks(points)
            patches.append(picture.warp(crop.matrix(SIZE), (SIZE, SIZE)))
            truth.append(crop.from_frame(points))
    cells, offsets, _ = predict(model, np.stack(patches))
    located = np.stack([decode(c, o) for c, o in zip(cells, offsets, strict=True)])
    errors = np.stack(truth) - located
    usual = np.abs(errors).mean((1, 2)) < WRONG_LABEL
    if not usual.any():
        return
    layer = model.get_layer("offsets")
    kernel, bias = layer.get_weights()
    layer.set_weights([kernel, bias + CELLS * errors[usual].mean(0).reshape(-1)])


def loss(outputs: list[torch.Tensor], targets: list[torch.Tensor]) -> torch.Tensor:
    """Cross-entropy on each point's cell, Wing loss (Feng et al. 2018) on the offsets there, cross-entropy on the face.

    The right answer of the classification is shared by the four cells around a point, as bilinear interpolation would;
    offsets are in percent of the crop's side there.
    """
    points, weights, face = targets
    batch = points.shape[0]
    place = ((points + 0.5) * CELLS - 0.5).clamp(-2, CELLS + 1)
    inside = place.clamp(0, CELLS - 1)
    log_cells = F.log_softmax(outputs[0].reshape(batch, CELLS * CELLS, POINTS), 1)
    offsets = outputs[1].reshape(batch, CELLS * CELLS, POINTS, 2)
    classified, refined = torch.zeros_like(weights), torch.zeros_like(weights)
    nearest = inside.round()
    for row in (-1, 0, 1):
        for column in (-1, 0, 1):
            cell = nearest + nearest.new_tensor([column, row])
            real = ((cell >= 0) & (cell < CELLS)).all(-1)
            index = (cell[..., 1] * CELLS + cell[..., 0]).clamp(0, CELLS * CELLS - 1).long()[:, None]
            share = (1 - (inside - cell).abs()).clamp_min(0).prod(-1) * real
            classified = classified - share * log_cells.gather(1, index)[:, 0]
            offset = offsets.gather(1, index[..., None].expand(-1, -1, -1, 2))[:, 0]
            error = (cell + offset - place).abs().sum(-1) * (50 / CELLS)
            refined = refined + (share + 0.05) * real * wing(error)
    total = ((classified + refined) * weights).sum() / weights.sum().clamp_min(1)
    return total + F.binary_cross_entropy_with_logits(outputs[2][:, 0], face)


def wing(error: torch.Tensor, width: float = 4.0, curvature: float = 0.5) -> torch.Tensor:
    """Logarithmic near zero, linear from ``width`` on: small errors matter too."""
    gap = width - width * math.log1p(width / curvature)
    return torch.where(error < width, width * torch.log1p(error / curvature), error - gap)


def nme(located: FloatArray, truth: FloatArray) -> FloatArray:
    """Return the mean distance of the 68 points over the distance of the outer corners of the eyes, (N,)."""
    between = np.linalg.norm(truth[:, 36] - truth[:, 45], axis=-1)
    error: FloatArray = np.linalg.norm(located - truth, axis=-1).mean(1) / between
    return error


def card() -> Card:
    """Return what the card says apart from figures."""
    return Card(
        name="landmarks",
        purpose="The 68 iBUG points of a face in a square crop, and whether the crop holds a face that can be located. "
        "It measures where things are, never who somebody is.",
        outputs=[
            {"name": "cells", "shape": [12, 12, 68], "meaning": "logits of the cell of 8x8 pixels that a point is in"},
            {"name": "offsets", "shape": [12, 12, 136], "meaning": "x, y of a point from a cell's centre, in cells"},
            {"name": "face", "shape": [1], "meaning": "probability that the crop holds a face whose points are these"},
        ],
        trained_on=[
            "HELEN, training part (Le et al. 2012), and AFW (Zhu & Ramanan 2012) with iBUG's 68 points (Sagonas et al. "
            "2013)",
            "YouTube Faces (Wolf et al. 2011) with 68 points, at half the weight",
            "YawDD frames (Abtahi et al. 2014) with pseudo-landmarks of MediaPipe Face Mesh: inner points, half weight",
        ],
        split="One in fourteen people (by file name) and one in eight in-car scenes chose the epoch, as many others "
        "are the test part, which nothing was chosen on.",
        terms="The sources are for research use; the weights carry no picture.",
        limits=LIMITS,
        recipe="dms train landmarks landmarks68_helen_afw.csv landmarks68_youtube_faces.csv "
        "cabin_yawn --out runs/landmarks",
        notes=[
            "One of the 95 HELEN/AFW faces of the test part has its points in another place (an error of 80 %); it is "
            "left in, and alone adds 0.8 to the mean.",
            "Beyond 45 degrees of yaw the points keep something of a frontal face: poses from them read low.",
            "The confidence says that a face is there, not that each point is seen: points behind a hand are guessed.",
        ],
    )
