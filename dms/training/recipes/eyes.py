"""Trains ``eyes``: an eye patch to open, closed or unusable.

Data: any number of folders with ``closed/`` and ``open/`` (a file's name before the first ``-`` or ``_`` is its person)
and better with ``landmarks68_*.csv`` tables and their pictures, whose wide-open eyes are cut as the daemon cuts them.
"Unusable" is made: patches off the eye (for want of landmarks, the upper corners of the patches), eyes covered by skin
or sunglasses, nearly black or blurred beyond telling.
Persons are split by a checksum of their name into training (8 in 10), validation (1 in 10) and test (1 in 10); the last
two of each folder are written to ``OUT/choose/FOLDER`` and ``OUT/test/FOLDER`` for ``dms evaluate eyes``. The test part
decides nothing here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F  # noqa: N812

from dms.datasets.layouts import read_eyes, read_landmarks
from dms.datasets.pictures import read_grey
from dms.datasets.split import EYES, Part
from dms.errors import UserError
from dms.evaluate.eyes import resize
from dms.perception.eyes import LABELS, SIZE, Side, eye_patch, normalise
from dms.training import augment
from dms.training.architectures import eyes
from dms.training.augment import Picture
from dms.training.card import Card, write_card
from dms.training.export import calibration, quantise, with_probabilities
from dms.training.fit import Batch, Options, fit, predict
from dms.training.optim import Cosine

EPOCHS = 50
OPEN, CLOSED, UNUSABLE = range(3)

LABELLED, MADE = 102, 26
"""Patches of a batch that show an eye, and that are made unusable."""

MIN_OPENING = 0.2
"""Lid opening over corner distance in the landmarks from which an eye counts as open; narrower ones are left out."""

MIN_EYE_PX = 10.0
"""Eyes from landmarked pictures that are narrower than this many pixels are left out."""

MOST_OF_ONE = 100
"""A person with more patches than this is drawn no more often than one with this many."""

AUGMENTATION = augment.chain(
    augment.mirror(),
    augment.affine(degrees=18, scale=0.25, shift=0.08, aspect=0.15),
    augment.light(gamma=0.6, contrast=0.15, brightness=0.05),
    augment.sometimes(0.2, augment.shadow(0.8)),
    augment.sometimes(
        0.25,
        augment.one_of(augment.gaussian_blur(1.8), augment.motion_blur(7), augment.downscale(0.3), augment.jpeg(25)),
    ),
    augment.sometimes(0.15, augment.glint(3)),
    augment.sometimes(0.15, augment.low_light(0.3)),
    augment.sometimes(0.2, augment.noise(6)),
    augment.sometimes(0.1, augment.cut_out(0.3)),
)


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
        """The patches of the persons in one part."""
        return self.where(np.array([EYES.part_of(group) is part for group in self.groups]))

    def where(self, chosen: npt.NDArray[np.bool_]) -> "Patches":
        """The patches where ``chosen`` is True."""
        return Patches(self.images[chosen], self.states[chosen], self.groups[chosen])


def train(data: Sequence[Path], out: Path, options: Options) -> Path:
    """Make ``out/eyes.tflite``, its card, and folders with the patches of the people held out.

    Args:
        data: Folders with ``closed/`` and ``open/``, and landmark CSVs if there are any.
        out: Folder for everything that is made.
        options: Epochs, seed, resume and threads.

    Raises:
        UserError: A folder or table is not in its layout, no folder is among them, or they show too few people.
    """
    folders, tables = [p for p in data if p.is_dir()], [p for p in data if not p.is_dir()]
    if not folders:
        raise UserError("eyes takes at least one folder with closed/ and open/")
    labelled = [from_folder(folder) for folder in folders]
    for folder, patches in zip(folders, labelled, strict=True):
        for part, name in ((Part.VALIDATION, "choose"), (Part.TEST, "test")):
            write_folder(patches.of(part), out / name / folder.name)
    everything = join(labelled + [from_landmarks(table) for table in tables])
    learn, validation = everything.of(Part.TRAIN), everything.of(Part.VALIDATION)
    if not len(learn.images) or not len(validation.images):
        raise UserError("eyes needs pictures of more people: none is left to train on, or none to validate on")
    source = Source(learn)
    images, states = held_out(validation, source)
    model = train_on(source, out, options.epochs or EPOCHS, lambda m: measure(predict(m, images)[0], states), options)
    return convert(model, learn, out)


def train_on(
    source: "Source", out: Path, epochs: int, validate: Callable[[Any], dict[str, float]], options: Options
) -> Any:
    """Train a net, and leave it with the weights whose ``score`` by ``validate`` was best."""
    model = eyes()
    steps = len(source.eyes.states) // LABELLED
    fit(
        model,
        lambda rng: (source.batch(rng) for _ in range(steps)),
        # smoothed a little: some labels are wrong
        loss=lambda outputs, targets: F.cross_entropy(outputs[0], targets[0], label_smoothing=0.02),
        epochs=epochs,
        steps_per_epoch=steps,
        out=out,
        validate=validate,
        monitor="score",
        method=Cosine(learning_rate=3e-3),
        options=options,
    )
    return model


def convert(model: Any, learn: Patches, out: Path) -> Path:
    """Make ``out/eyes.tflite`` and its card; ``learn`` is what the net was trained on."""
    made = quantise(with_probabilities(model), prepare(calibration(learn.images)), out / "eyes.tflite")
    write_card(card(), model, made)
    return made


class Source:
    """Gives batches of eyes and of unusable patches.

    Args:
        patches: The training part.
    """

    def __init__(self, patches: Patches) -> None:
        self.eyes = patches.where((patches.states == OPEN) | (patches.states == CLOSED))
        beside = patches.images[patches.states == UNUSABLE]
        self.beside = beside if len(beside) else corners(self.eyes.images)
        self._weights = sampling_weights(self.eyes.states, self.eyes.groups)

    def batch(self, rng: np.random.Generator) -> Batch:
        """One batch of pictures and their states."""
        chosen = rng.choice(len(self.eyes.states), LABELLED, p=self._weights)
        unusable = [self.unusable(rng) for _ in range(MADE)]
        pictures = augment.augment_all(np.concatenate([self.eyes.images[chosen], unusable]), AUGMENTATION, rng)
        states = np.concatenate([self.eyes.states[chosen], np.full(MADE, UNUSABLE)])
        return prepare(pictures), [states]

    def unusable(self, rng: np.random.Generator) -> Picture:
        """An unusable patch: half of the time one beside the eye, otherwise a spoilt eye."""
        if rng.random() < 0.5:
            return np.asarray(self.beside[rng.integers(len(self.beside))])
        return spoil(np.asarray(self.eyes.images[rng.integers(len(self.eyes.images))]), self.beside, rng)


def corners(images: Picture) -> Picture:
    """The upper left corners of eye patches, enlarged: skin and brows beside the eye, (N, 32, 32) uint8."""
    return np.stack([resize(image[: SIZE // 3, : SIZE // 3]) for image in images])


def held_out(validation: Patches, source: Source) -> tuple[Picture, npt.NDArray[np.int64]]:
    """The validation part's labelled patches, and every fourth eye of it once more, spoilt."""
    rng = np.random.default_rng(0)
    spoilt = np.stack(
        [spoil(patch, source.beside, rng) for patch in validation.images[validation.states != UNUSABLE][::4]]
    )
    images = prepare(np.concatenate([validation.images, spoilt]))
    return images, np.concatenate([validation.states, np.full(len(spoilt), UNUSABLE)])


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


def sampling_weights(states: npt.NDArray[np.int64], groups: npt.NDArray[np.str_]) -> npt.NDArray[np.float64]:
    """How often to draw each eye: both states alike, and one person no more than ``MOST_OF_ONE`` patches."""
    _, which, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    weights = 1 / np.maximum(1, sizes[which] / MOST_OF_ONE)
    for state in (OPEN, CLOSED):
        weights[states == state] /= max(weights[states == state].sum(), 1e-9)
    return np.asarray(weights / weights.sum())


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


def prepare(images: Picture) -> Picture:
    """Patches as the net takes them."""
    return np.stack([normalise(image) for image in images])


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


def measure(logits: npt.NDArray[np.float32], states: npt.NDArray[np.int64]) -> dict[str, float]:
    """In percent: closed against open, eyes kept as usable, unusable found; ``score`` weighs the first most."""
    eyes_, spoilt = states != UNUSABLE, states == UNUSABLE
    unusable = torch.softmax(torch.tensor(logits), 1).numpy()[:, UNUSABLE] > 0.5
    right = (logits[eyes_, CLOSED] > logits[eyes_, OPEN]) == (states[eyes_] == CLOSED)
    values = (right.mean(), (~unusable[eyes_]).mean(), unusable[spoilt].mean())
    state, kept, found = (float(v) * 100 for v in values)
    return {"state": state, "kept": kept, "unusable": found, "score": 0.6 * state + 0.3 * kept + 0.1 * found}


def card() -> Card:
    """What the card says apart from figures."""
    return Card(
        name="eyes",
        purpose="Tells whether one eye is open, closed or cannot be judged, on an upright 32x32 patch. No measure "
        "of identity or of gaze.",
        outputs=[{"name": "state", "shape": [3], "labels": list(LABELS)}],
        trained_on=[
            "Closed Eyes in the Wild patches (Song et al. 2014)",
            "MRL Eye, near-infrared part (Fusek 2018)",
            "Eyes of HELEN (Le et al. 2012) and AFW (Zhu & Ramanan 2012) with iBUG's points (Sagonas et al. 2013)",
        ],
        split="By person: 8 in 10 train, 1 in 10 choose the epoch, 1 in 10 is the test part. Unusable patches are "
        "made from the same pictures; there are no labelled ones. What it says of real sunglasses stands in "
        "docs/models.md.",
        terms="All sources are for research use; the weights carry no picture.",
        recipe="dms train eyes cew mrl landmarks68_helen_afw.csv --out runs/eyes",
        decoding={"closed": "closed / (open + closed), unknown above the limit of unusable in dms/perception/eyes.py"},
    )
