"""Trains ``emotion``: a face to FER2013's seven labels and FER+'s eight classes.

Data: ``fer2013.csv`` and, after it, ``fer2013new.csv``. Only rows with Usage ``Training`` are read; one in ten of them
is held out and decides which weights are kept and the two temperatures. PublicTest and PrivateTest are never read.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F  # noqa: N812

from dms.errors import UserError
from dms.evaluate.layouts import FER2013, FERPLUS, Expressions, majority, read_fer2013
from dms.training import augment
from dms.training.architectures import emotion
from dms.training.card import Card, write_card
from dms.training.fit import Batch, Options, fit, predict
from dms.training.quantise import quantise, with_probabilities

EPOCHS = 50
BATCH = 128

AUGMENTATION = augment.chain(
    augment.mirror(),
    augment.affine(degrees=14, scale=0.15, shift=0.08, aspect=0.06),
    augment.light(gamma=0.5, contrast=0.35, brightness=0.12),
    augment.sometimes(0.15, augment.one_of(augment.gaussian_blur(1.0), augment.motion_blur(4), augment.downscale(0.5))),
    augment.sometimes(0.1, augment.shadow(0.6)),
    augment.sometimes(0.1, augment.noise(8)),
    augment.sometimes(0.3, augment.cut_out(0.4)),
)


def train(data: Sequence[Path], out: Path, options: Options) -> Path:
    """Make ``out/emotion.tflite`` and its card.

    Args:
        data: ``fer2013.csv`` and ``fer2013new.csv``.
        out: Folder for everything that is made.
        options: Epochs, seed, resume and threads.

    Raises:
        UserError: The data is not those two files.
    """
    if len(data) != 2:
        raise UserError("emotion takes two files: fer2013.csv fer2013new.csv")
    faces = read_fer2013(data[0], "Training", data[1])
    held_out = np.random.default_rng(0).permutation(len(faces.labels)) < len(faces.labels) // 10
    part, rest = select(faces, held_out), select(faces, ~held_out)
    targets, weights = soft_votes(rest.votes)
    model = emotion()
    steps = len(rest.labels) // BATCH

    def batches(rng: np.random.Generator) -> Iterator[Batch]:
        order = rng.permutation(len(rest.labels))
        for step in range(steps):
            chosen = order[step * BATCH : (step + 1) * BATCH]
            pictures = augment.augment_all(rest.images[chosen], AUGMENTATION, rng)
            yield pictures, [rest.labels[chosen], targets[chosen], weights[chosen]]

    fit(
        model,
        batches,
        loss=two_heads,
        epochs=options.epochs or EPOCHS,
        steps_per_epoch=steps,
        out=out,
        validate=lambda m: measure(predict(m, part.images), part),
        monitor="both",
        options=options,
    )
    temperatures = [
        temperature(logits, truth) for logits, truth in zip(predict(model, part.images), truths(part), strict=True)
    ]
    (out / "temperatures.json").write_text(json.dumps(dict(zip(("fer2013", "ferplus"), temperatures, strict=True))))
    shipped = with_probabilities(model, temperatures)
    calibration = rest.images[np.random.default_rng(0).choice(len(rest.labels), min(500, len(rest.labels)), False)]
    made = quantise(shipped, calibration, out / "emotion.tflite")
    write_card(card(), model, made)
    return made


def two_heads(outputs: list[torch.Tensor], targets: list[torch.Tensor]) -> torch.Tensor:
    """Cross-entropy with the original label (smoothed by 0.1) plus that with the votes, weighted per picture."""
    labels, votes, weights = targets
    original = F.cross_entropy(outputs[0], labels, label_smoothing=0.1)
    voted = -(votes * F.log_softmax(outputs[1], 1)).sum(1)
    return original + (voted * weights).sum() / weights.sum().clamp_min(1)


def soft_votes(votes: npt.NDArray[np.int64] | None) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Votes as targets: shares of the eight classes, and the share of raters who saw one of them as the weight.

    A picture that most raters call unknown or no face says nothing about an expression and weighs 0.
    """
    if votes is None:
        raise UserError("emotion needs fer2013new.csv for the FER+ votes")
    known = votes[:, :8].sum(1)
    weights = np.where(known > votes[:, 8:].sum(1), known / votes.sum(1).clip(1), 0)
    return (votes[:, :8] / known.clip(1)[:, None]).astype(np.float32), weights.astype(np.float32)


def truths(part: Expressions) -> list[npt.NDArray[np.int64]]:
    """The right answer of each head; -1 where there is none."""
    if part.votes is None:
        raise UserError("emotion needs fer2013new.csv for the FER+ votes")
    return [part.labels, majority(part.votes)]


def measure(logits: list[npt.NDArray[np.float32]], part: Expressions) -> dict[str, float]:
    """Accuracy in percent on both label sets, and their mean, which chooses the weights."""
    values = [float((o.argmax(1) == t)[t >= 0].mean()) * 100 for o, t in zip(logits, truths(part), strict=True)]
    return {"fer2013": values[0], "ferplus": values[1], "both": sum(values) / 2}


def temperature(logits: npt.NDArray[np.float32], truth: npt.NDArray[np.int64]) -> float:
    """The temperature with the least negative log-likelihood (Guo et al. 2017), from a fine grid."""
    known = truth >= 0
    z, y = torch.tensor(logits[known]), torch.tensor(truth[known])
    grid = np.geomspace(0.25, 4, 161)
    return float(min(grid, key=lambda t: float(F.cross_entropy(z / t, y))))


def select(faces: Expressions, which: npt.NDArray[np.bool_]) -> Expressions:
    """The faces where ``which`` is True."""
    return Expressions(faces.images[which], faces.labels[which], None if faces.votes is None else faces.votes[which])


def card() -> Card:
    """What the card says apart from figures."""
    return Card(
        name="emotion",
        purpose="Probabilities of facial expressions on an aligned 48x48 face. It sees an expression, not a feeling, "
        "and no figure here speaks for a person whom the data does not resemble.",
        outputs=[
            {"name": "fer2013", "shape": [7], "labels": list(FER2013)},
            {"name": "ferplus", "shape": [8], "labels": list(FERPLUS)},
        ],
        trained_on=[
            "FER2013, Usage Training (Goodfellow et al. 2013), without the pictures that FER+ calls no face",
            "FER+ votes of ten raters for the same pictures (Barsoum et al. 2016)",
        ],
        split="One in ten Training pictures is held out; it chose the epoch and the two temperatures, which are folded "
        "into the last layers. PublicTest was read only by the commands below.",
        terms="FER2013 and FER+ are for research use; the weights carry no picture.",
        notes=[
            "The service acts on the FER+ head: people agree with FER2013's original labels on two pictures in three.",
            "Rare classes are weak: contempt is hardly ever answered, disgust seldom; both lean to neutral and anger.",
        ],
        recipe="dms train emotion fer2013.csv fer2013new.csv --out runs/emotion",
    )
