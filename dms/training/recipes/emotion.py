"""Trains ``emotion``: a face to FER2013's seven labels and FER+'s eight classes.

Data: ``fer2013.csv`` and, after it, ``fer2013new.csv``, folders with ``labels.csv`` (with ``yawn``) and
``landmarks68_*.csv``, and a folder with one sub-folder per class of expression. Only rows with Usage ``Training`` are
read; one in twenty of them is held out and decides which weights are kept and the two temperatures. PublicTest and
PrivateTest are never read.

The labels are noisy (people agree with FER2013's on two faces in three). So the net learns in rounds: from people, and
then mostly from its own mean answers (``dms.training.distill``). A second net starts fresh, learns from the answers of
the first and comes to surpass it (born-again networks, Furlanello et al. 2018); in the last round it learns from
what the two answer together, which leans on no single net's mistakes.

The outputs for wide mouths (``dms.training.wide_mouth``) and for frowns (``dms.training.frown``) are then added, from
the same faces, those of the folder of expressions and the drivers of the other folders' training scenes, as
``faces.part_of`` splits them; their test part is written to ``OUT/test``. With ``--from`` a file is given new ones, and
nothing else is trained.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F  # noqa: N812

from dms.datasets.expressions import read_expressions
from dms.datasets.fer import FER2013, FERPLUS, Expressions, majority, read_fer2013
from dms.datasets.sources import data_for
from dms.datasets.split import Part, split
from dms.errors import UserError
from dms.training import augment, frown, wide_mouth
from dms.training.architectures import emotion
from dms.training.augment import Picture
from dms.training.band_heads import FaceSources
from dms.training.band_heads import learn as learn_head
from dms.training.bands import with_heads
from dms.training.card import Card, write_card
from dms.training.distill import mean_answers
from dms.training.export import calibration, quantise, with_probabilities
from dms.training.faces import open_data
from dms.training.fit import Batch, Options, fit, predict
from dms.training.optim import Cosine
from dms.training.progress import tell


@dataclass(frozen=True, slots=True)
class Round:
    """One pass of the learning-rate schedule.

    Attributes:
        epochs: Passes over the training part.
        learning_rate: Its peak.
        fresh: Starts a new net; otherwise the net of the round before goes on.
    """

    epochs: int
    learning_rate: float
    fresh: bool = False


ROUNDS = (
    Round(50, 2e-3, fresh=True),
    Round(55, 1e-3),
    Round(30, 1e-3),
    Round(90, 2e-3, fresh=True),
    Round(60, 1e-3),
)

BATCH = 128

TRUST = 0.6
"""Share of the net's answers in what is learned after the first round; the rest is people's."""

SMOOTHING = 0.1
"""Share of an original label that is spread over all classes (Szegedy et al. 2016)."""

AUGMENTATION = augment.chain(
    augment.mirror(),
    augment.affine(degrees=14, scale=0.15, shift=0.08, aspect=0.06),
    augment.light(gamma=0.5, contrast=0.35, brightness=0.12),
    augment.sometimes(0.15, augment.one_of(augment.gaussian_blur(1.0), augment.motion_blur(4), augment.downscale(0.5))),
    augment.sometimes(0.1, augment.shadow(0.6)),
    augment.sometimes(0.1, augment.noise(8)),
    augment.sometimes(0.3, augment.cut_out(0.4)),
)

Answers = list[npt.NDArray[np.float32]]
"""Probabilities of FER2013's labels (N, 7) and of FER+'s classes (N, 8)."""


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """Faces with what is to be answered for them.

    Attributes:
        images: (N, 48, 48) uint8.
        labels: (N, 7) float32 shares of FER2013's labels.
        votes: (N, 8) float32 shares of FER+'s classes.
        weights: (N,) float32, how much the votes count.
    """

    images: Picture
    labels: npt.NDArray[np.float32]
    votes: npt.NDArray[np.float32]
    weights: npt.NDArray[np.float32]


def train(data: Sequence[Path], out: Path, options: Options) -> Path:
    """Make ``out/emotion.tflite`` and its card; ``out/round-1`` and on hold the rounds.

    Args:
        data: ``fer2013.csv`` and ``fer2013new.csv``, folders of drivers and one of expressions.
        out: Folder for everything that is made.
        options: Epochs (of every round), seed, resume and threads, and a file that gets the two outputs.

    Raises:
        UserError: The data is not that.
    """
    table, votes, *cabins, expressions = data_for("emotion", data)
    learn, part = split(read_fer2013(table, "Training", votes), one_in=20)
    sources = FaceSources(learn, open_data(cabins, out)[Part.TRAIN], read_expressions(expressions))
    model = emotion()
    made = options.shipped or trained(model, learn, part, out, options)
    add_heads(made, sources, out / "emotion.tflite")
    write_card(card(), model, out / "emotion.tflite")
    return out / "emotion.tflite"


def add_heads(file: Path, sources: FaceSources, out: Path) -> Path:
    """Write the net with its outputs for wide mouths and for frowns; what it answered before stays, to the bit.

    Args:
        file: The emotion net, with or without such outputs.
        sources: Whom they learn from.
        out: The ``.tflite`` file to write.

    Raises:
        UserError: The file is of another net, or a kind of face is missing.
        WorldError: A runtime or TensorFlow is missing.
    """
    heads = [learn_head(file, output.examples(sources), output.STRENGTH) for output in (wide_mouth, frown)]
    return with_heads(file, out, heads)


def trained(model: Any, learn: Expressions, part: Expressions, out: Path, options: Options) -> Path:
    """Train the net in its rounds, and write it without the outputs that are added to ``out/trunk.tflite``."""
    lesson = people = from_people(learn)
    generations: list[Answers] = []
    for number, each in enumerate(ROUNDS, start=1):
        folder, own = out / f"round-{number}", replace(options, seed=options.seed + number - 1)
        if each.fresh and number > 1:
            reset(model)
        tell(f"round {number} of {len(ROUNDS)}: {'a new net' if each.fresh else 'the same net'}")
        train_on(model, lesson, part, folder, options.epochs or each.epochs, each.learning_rate, own)
        if number < len(ROUNDS):
            answers = kept_answers(model, learn.images, folder, own)
            generations = [*(generations if each.fresh else generations[:-1]), answers]
            lesson = with_answers(people, together(generations))
    temperatures = [
        temperature(logits, truth) for logits, truth in zip(predict(model, part.images), truths(part), strict=True)
    ]
    (out / "temperatures.json").write_text(json.dumps(dict(zip(("fer2013", "ferplus"), temperatures, strict=True))))
    shipped = with_probabilities(model, temperatures)
    return quantise(shipped, calibration(learn.images), out / "trunk.tflite")


def reset(model: Any) -> None:
    """Give the net new random weights."""
    model.set_weights(emotion().get_weights())


def train_on(
    model: Any, lesson: Lesson, part: Expressions, out: Path, epochs: int, learning_rate: float, options: Options
) -> None:
    """Train the net on a lesson from the weights that it has, and leave it with those that did best."""
    steps = len(lesson.images) // BATCH

    def batches(rng: np.random.Generator) -> Iterator[Batch]:
        order = rng.permutation(len(lesson.images))
        for step in range(steps):
            rows = order[step * BATCH : (step + 1) * BATCH]
            pictures = augment.augment_all(lesson.images[rows], AUGMENTATION, rng)
            yield pictures, [lesson.labels[rows], lesson.votes[rows], lesson.weights[rows]]

    fit(
        model,
        batches,
        loss=two_heads,
        epochs=epochs,
        steps_per_epoch=steps,
        out=out,
        validate=lambda m: measure(predict(m, part.images), part),
        monitor="both",
        method=Cosine(learning_rate),
        options=options,
    )


def from_people(faces: Expressions) -> Lesson:
    """Return what people answered: smoothed labels, and shares of votes."""
    labels = np.eye(len(FER2013), dtype=np.float32)[faces.labels] * (1 - SMOOTHING) + SMOOTHING / len(FER2013)
    return Lesson(faces.images, labels, *soft_votes(faces.votes))


def kept_answers(model: Any, images: Picture, out: Path, options: Options) -> Answers:
    """Return the net's mean answers, which take minutes on a CPU and are kept in ``out/answers.npz``."""
    kept = out / "answers.npz"
    if options.resume and kept.is_file():
        with np.load(kept) as file:
            return [file["labels"], file["votes"]]
    labels, votes = mean_answers(model, images, np.random.default_rng(options.seed))
    np.savez(kept, labels=labels, votes=votes)
    return [labels, votes]


def together(generations: Sequence[Answers]) -> Answers:
    """Return the mean of what several nets answer, head by head."""
    return [np.mean(head, axis=0) for head in zip(*generations, strict=True)]


def with_answers(people: Lesson, answers: Answers) -> Lesson:
    """Return what people answered, blended with what a net did."""
    labels, votes = answers
    # the net has an answer where the raters had none, and it counts a little
    trust = np.where(people.weights > 0, TRUST, 1).astype(np.float32)[:, None]
    return Lesson(
        people.images,
        TRUST * labels + (1 - TRUST) * people.labels,
        trust * votes + (1 - trust) * people.votes,
        np.maximum(people.weights, TRUST),
    )


def two_heads(outputs: list[torch.Tensor], targets: list[torch.Tensor]) -> torch.Tensor:
    """Cross-entropy with the labels plus that with the votes, weighted per picture."""
    labels, votes, weights = targets
    original = -(labels * F.log_softmax(outputs[0], 1)).sum(1).mean()
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
    """Return the right answers for each head; -1 where there is none."""
    if part.votes is None:
        raise UserError("emotion needs fer2013new.csv for the FER+ votes")
    return [part.labels, majority(part.votes)]


def measure(logits: list[npt.NDArray[np.float32]], part: Expressions) -> dict[str, float]:
    """Accuracy in percent on both label sets, and their mean, which chooses the weights."""
    values = [float((o.argmax(1) == t)[t >= 0].mean()) * 100 for o, t in zip(logits, truths(part), strict=True)]
    return {"fer2013": values[0], "ferplus": values[1], "both": sum(values) / 2}


def temperature(logits: npt.NDArray[np.float32], truth: npt.NDArray[np.int64]) -> float:
    """Return the temperature with the least negative log-likelihood (Guo et al. 2017), from a fine grid."""
    known = truth >= 0
    z, y = torch.tensor(logits[known]), torch.tensor(truth[known])
    grid = np.geomspace(0.25, 4, 161)
    return float(min(grid, key=lambda t: float(F.cross_entropy(z / t, y))))


def card() -> Card:
    """Return what the card says apart from figures."""
    return Card(
        name="emotion",
        purpose="Probabilities of facial expressions on an aligned 48x48 face. It sees an expression, not a feeling, "
        "and no figure here speaks for a person whom the data does not resemble.",
        outputs=[
            {"name": "fer2013", "shape": [7], "labels": list(FER2013)},
            {"name": "ferplus", "shape": [8], "labels": list(FERPLUS)},
            {"name": "wide_mouth", "shape": [3], "labels": list(wide_mouth.LABELS)},
            {"name": "frown", "shape": [2], "labels": list(frown.LABELS)},
        ],
        trained_on=[
            "FER2013, Usage Training (Goodfellow et al. 2013), without the pictures that FER+ calls no face",
            "FER+ votes of ten raters for the same pictures (Barsoum et al. 2016)",
            "the outputs wide_mouth and frown: frames of YawDD (Abtahi et al. 2014), labelled yawn or not, and "
            "news photographs of expressions (muxspace's facial_expressions)",
        ],
        split="One in twenty Training pictures is held out; it chose the epoch and the two temperatures, which are "
        "folded into the last layers. PublicTest was read only by the commands below. Six in eight of YawDD's scenes "
        "and all photographs taught wide_mouth and frown.",
        terms="FER2013, FER+ and YawDD are for research use, muxspace's facial_expressions is Apache-2.0; the weights "
        "carry no picture.",
        notes=[
            "The service acts on the FER+ head: people agree with FER2013's original labels on two pictures in three.",
            "Rare classes are weak: contempt is hardly ever answered, disgust seldom; both lean to neutral and anger.",
        ],
        recipe="dms train emotion fer2013.csv fer2013new.csv cabin_yawn expressions --out runs/emotion",
    )
