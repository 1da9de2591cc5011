"""Trains ``emotion``: a face to FER2013's seven labels and FER+'s eight classes.

Data: ``fer2013.csv`` and, after it, ``fer2013new.csv``. Only rows with Usage ``Training`` are read; one in twenty of
them is held out and decides which weights are kept and the two temperatures. PublicTest and PrivateTest are never read.

The labels are noisy (people agree with FER2013's on two faces in three), so the small net that ships does not learn
from them alone: a larger net and one of its own kind are trained first, and it learns mostly from their mean answers
(Hinton et al. 2015), given for the very pictures that it sees (Beyer et al. 2022).
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

from dms.errors import UserError
from dms.evaluate.layouts import FER2013, FERPLUS, Expressions, majority, read_fer2013
from dms.training import augment
from dms.training.architectures import emotion, emotion_teacher
from dms.training.augment import Picture
from dms.training.card import Card, write_card
from dms.training.fit import Batch, Options, fit, predict
from dms.training.quantise import quantise, with_probabilities

TEACHERS = ((emotion_teacher, 22), (emotion, 50))
"""The nets that teach, with the epochs in which each learns from people."""

EPOCHS = 50
BATCH = 128

VIEWS = 8
"""Augmented versions of each training face that the teachers answer; the small net sees one of them per epoch."""

TRUST = 0.8
"""Share of the teachers' answer in what the small net learns; the rest is the label."""

SMOOTHING = 0.1
"""Share of an original label that is spread over all classes (Szegedy et al. 2016)."""

MIXED = 0.3
"""Both parameters of the Beta distribution from which mix-up draws its shares (Zhang et al. 2018)."""

# what changes where things are in the picture and how sharp they are; the teachers' answers are for these views
GEOMETRY = augment.chain(
    augment.affine(degrees=14, scale=0.15, shift=0.08, aspect=0.06),
    augment.light(gamma=0.5, contrast=0.35, brightness=0.12),
    augment.sometimes(0.15, augment.one_of(augment.gaussian_blur(1.0), augment.motion_blur(4), augment.downscale(0.5))),
    augment.sometimes(0.1, augment.shadow(0.6)),
    augment.sometimes(0.1, augment.noise(8)),
)
# what leaves the answer as it is
LOSSES = augment.chain(augment.mirror(), augment.sometimes(0.3, augment.cut_out(0.4)))
AUGMENTATION = augment.chain(GEOMETRY, LOSSES)


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
    """Make ``out/emotion.tflite`` and its card, and the teachers in ``out/teacher-1`` and on.

    Args:
        data: ``fer2013.csv`` and ``fer2013new.csv``.
        out: Folder for everything that is made.
        options: Epochs (of teachers and student), seed, resume and threads.

    Raises:
        UserError: The data is not those two files.
    """
    if len(data) != 2:
        raise UserError("emotion takes two files: fer2013.csv fer2013new.csv")
    learn, part = split(read_fer2013(data[0], "Training", data[1]))
    lesson = from_people(learn)
    teachers = [teach(lesson, part, out, number, options) for number in range(len(TEACHERS))]
    lessons = from_teachers(lesson, teachers, out, options)
    model = emotion()
    # the second teacher is of the same kind: what it has learned need not be learned again
    model.set_weights(teachers[-1].get_weights())
    train_on(model, lessons, LOSSES, part, out, options.epochs or EPOCHS, options)
    temperatures = [
        temperature(logits, truth) for logits, truth in zip(predict(model, part.images), truths(part), strict=True)
    ]
    (out / "temperatures.json").write_text(json.dumps(dict(zip(("fer2013", "ferplus"), temperatures, strict=True))))
    shipped = with_probabilities(model, temperatures)
    calibration = learn.images[np.random.default_rng(0).choice(len(learn.labels), min(500, len(learn.labels)), False)]
    made = quantise(shipped, calibration, out / "emotion.tflite")
    write_card(card(), model, made)
    return made


def split(faces: Expressions) -> tuple[Expressions, Expressions]:
    """What is learned from, and the one in twenty that chooses."""
    held_out = np.random.default_rng(0).permutation(len(faces.labels)) < len(faces.labels) // 20
    return select(faces, ~held_out), select(faces, held_out)


def teach(lesson: Lesson, part: Expressions, out: Path, index: int, options: Options) -> Any:
    """Train one of the teachers in ``out/teacher-1`` or the next, from a seed of its own."""
    build, epochs = TEACHERS[index]
    own = replace(options, seed=1000 * options.seed + index + 1)
    model = build()
    train_on(model, [lesson], AUGMENTATION, part, out / f"teacher-{index + 1}", options.epochs or epochs, own)
    return model


def train_on(
    model: Any,
    lessons: Sequence[Lesson],
    augmentation: augment.Augmentation,
    part: Expressions,
    out: Path,
    epochs: int,
    options: Options,
) -> None:
    """Train a net with two heads, each epoch on one of the lessons by chance, with mix-up."""
    steps = len(lessons[0].images) // BATCH

    def batches(rng: np.random.Generator) -> Iterator[Batch]:
        lesson = lessons[rng.integers(len(lessons))]
        order = rng.permutation(len(lesson.images))
        for step in range(steps):
            rows = order[step * BATCH : (step + 1) * BATCH]
            pictures = augment.augment_all(lesson.images[rows], augmentation, rng)
            yield mixed_up(pictures, [lesson.labels[rows], lesson.votes[rows], lesson.weights[rows]], rng)

    fit(
        model,
        batches,
        loss=two_heads,
        epochs=epochs,
        steps_per_epoch=steps,
        out=out,
        validate=lambda m: measure(predict(m, part.images), part),
        monitor="both",
        options=options,
    )


def mixed_up(pictures: Picture, targets: list[npt.NDArray[np.float32]], rng: np.random.Generator) -> Batch:
    """Each picture blended with another of its batch, and their targets likewise (Zhang et al. 2018).

    Args:
        pictures: (N, 48, 48) uint8.
        targets: Arrays whose first axis is the pictures'.
        rng: Source of the pairs and of their shares.
    """
    share = rng.beta(MIXED, MIXED, len(pictures)).astype(np.float32)
    other = rng.permutation(len(pictures))

    def blend(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        by = share.reshape(-1, *[1] * (values.ndim - 1))
        return np.asarray(by * values + (1 - by) * values[other])

    return blend(pictures.astype(np.float32) / 255), [blend(target) for target in targets]


def from_people(faces: Expressions) -> Lesson:
    """What people answered: smoothed labels, and shares of votes."""
    labels = np.eye(len(FER2013), dtype=np.float32)[faces.labels] * (1 - SMOOTHING) + SMOOTHING / len(FER2013)
    return Lesson(faces.images, labels, *soft_votes(faces.votes))


def from_teachers(lesson: Lesson, teachers: Sequence[Any], out: Path, options: Options) -> list[Lesson]:
    """Augmented views of a lesson with the teachers' mean answers for them, blended with what people answered.

    The answers are kept in ``out/answers.npz``, because they take minutes on a CPU.
    """
    views = [
        augment.augment_all(lesson.images, GEOMETRY, np.random.default_rng((options.seed, number)))
        for number in range(VIEWS)
    ]
    kept = out / "answers.npz"
    if options.resume and kept.is_file():
        with np.load(kept) as file:
            answers = [file["labels"], file["votes"]]
    else:
        answers = [np.stack(head) for head in zip(*(mean_answers(teachers, view) for view in views), strict=True)]
        np.savez(kept, labels=answers[0], votes=answers[1])
    # the teachers have an answer where the raters had none, and it counts a little
    weights = np.maximum(lesson.weights, TRUST)
    trust = np.where(lesson.weights > 0, TRUST, 1).astype(np.float32)[:, None]
    return [
        Lesson(
            view,
            TRUST * labels + (1 - TRUST) * lesson.labels,
            trust * votes + (1 - trust) * lesson.votes,
            weights,
        )
        for view, labels, votes in zip(views, *answers, strict=True)
    ]


def mean_answers(teachers: Sequence[Any], pictures: Picture) -> list[npt.NDArray[np.float32]]:
    """Mean probabilities of several nets: (N, 7) and (N, 8)."""
    logits = [predict(net, pictures) for net in teachers]
    return [
        torch.stack([torch.softmax(torch.tensor(z), 1) for z in head]).mean(0).numpy()
        for head in zip(*logits, strict=True)
    ]


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
        split="One in twenty Training pictures is held out; it chose the epoch and the two temperatures, which are "
        "folded into the last layers. PublicTest was read only by the commands below.",
        terms="FER2013 and FER+ are for research use; the weights carry no picture.",
        notes=[
            "The service acts on the FER+ head: people agree with FER2013's original labels on two pictures in three.",
            "Rare classes are weak: contempt is hardly ever answered, disgust seldom; both lean to neutral and anger.",
        ],
        recipe="dms train emotion fer2013.csv fer2013new.csv --out runs/emotion",
    )
