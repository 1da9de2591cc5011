"""Trains ``eyes``: an eye patch to open, closed or unusable.

Data: any number of folders with ``closed/`` and ``open/`` (a file's name before the first ``-`` or ``_`` is its person)
and better with ``landmarks68_*.csv`` tables and their pictures, whose wide-open eyes are cut as the daemon cuts them.
"Unusable" is made: patches off the eye (for want of landmarks, the upper corners of the patches), eyes covered by skin
or sunglasses, nearly black or blurred beyond telling. Bright reflections are drawn over eyes that keep their state as
far as enough of them shows.
A shipped net can go on from its INT8 file. Tables after the first then show eyes without labels, of which it should go
on to say what it said: what it learns of reflections must not change what it makes of other eyes.
Persons are split by a checksum of their name into training (8 in 10), validation (1 in 10) and test (1 in 10); the last
two of each folder are written to ``OUT/choose/FOLDER`` and ``OUT/test/FOLDER`` for ``dms evaluate eyes``. The test part
decides nothing here.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F  # noqa: N812

from dms.datasets.split import Part
from dms.errors import UserError
from dms.perception.eyes import CLOSED, LABELS, OPEN, SIZE, UNUSABLE
from dms.training import augment
from dms.training.architectures import eyes
from dms.training.augment import Picture
from dms.training.augment.reflections import reflected
from dms.training.card import Card, CardLimit, write_card
from dms.training.export import calibration, quantise, with_probabilities
from dms.training.fit import Batch, Options, fit, predict
from dms.training.optim import Cosine
from dms.training.samples.eyes import (
    Patches,
    corners,
    from_folder,
    from_landmarks,
    join,
    prepare,
    spoil,
    unlabelled,
    write_folder,
)
from dms.training.shipped import take_up

EPOCHS, MORE_EPOCHS = 50, 12
"""From the start, and when a shipped net goes on."""

LABELLED, MADE = 102, 26
"""Patches of a batch that show an eye, and that are made unusable."""

KEPT = 48
"""Eyes without labels in a batch of a net that goes on."""

REFLECTED = {OPEN: 18, CLOSED: 8}
"""Patches of a batch with a reflection over an eye in this state."""

SHOWS, HIDDEN = 0.25, 0.6
"""Share of an eye that a reflection may hide until its state is in doubt, and from which it cannot be judged at all."""

TRUST = 0.5
"""Share of a shipped net's own answers in what it learns when it goes on."""

_HIDDEN = np.eye(3, dtype=np.float32)[UNUSABLE]

NOT_CLOSED = 3
"""In the validation part: an open eye behind a reflection, which may be called open or unusable."""

WEIGHTS = {"state": 0.6, "kept": 0.2, "unusable": 0.1, "glare": 0.1}
"""What each measure of the validation part counts for in the score that chooses the epoch."""

LIMITS = {
    "max_unusable": CardLimit(
        0.6,
        "probability",
        0.0,
        1.0,
        'Most "unusable" at which an eye is still judged: refuses under 1 % of CEW\'s real eyes.',
        "own: studies/eye_limits.py",
    ),
    "max_unusable_both": CardLimit(
        0.26,
        "probability",
        0.0,
        1.0,
        'Most geometric mean of "unusable" over the eyes in view at which either is '
        "judged: sunglasses hide both, so that two doubtful ones say more than one.",
        "own: refuses as many of 376 in-car frames of YawDD (13 %) as 0.18 did with the net before, chosen by eye",
    ),
    "sure": CardLimit(
        0.8,
        "probability",
        0.5,
        1.0,
        "Open or closed below which the net is asked again, about the mirrored patch, and "
        "the mean counts: about one patch in seventeen.",
        "own: cross validation by person, see the notes",
    ),
}
"""Limits that belong to the weights; another net may need others."""

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


def train(data: Sequence[Path], out: Path, options: Options) -> Path:
    """Make ``out/eyes.tflite``, its card, and folders with the patches of the people held out.

    Args:
        data: Folders with ``closed/`` and ``open/``, and landmark CSVs if there are any.
        out: Folder for everything that is made.
        options: Epochs, seed, resume, threads, and the net that training goes on from.

    Raises:
        UserError: A folder or table is not in its layout, no folder is among them, or they show too few people.
    """
    if lids := next((path for path in data if (path / "down").is_dir()), None):
        raise UserError(f"{lids} has down/: such a folder is for lids")
    folders, tables = [p for p in data if p.is_dir()], [p for p in data if not p.is_dir()]
    if not folders:
        raise UserError("eyes takes at least one folder with closed/ and open/")
    labelled = [from_folder(folder) for folder in folders]
    for folder, patches in zip(folders, labelled, strict=True):
        for part, name in ((Part.VALIDATION, "choose"), (Part.TEST, "test")):
            write_folder(patches.of(part), out / name / folder.name)
    keep = tables[1:] if options.shipped is not None else []
    everything = join(labelled + [from_landmarks(table) for table in tables if table not in keep])
    learn, validation = everything.of(Part.TRAIN), everything.of(Part.VALIDATION)
    if not len(learn.images) or not len(validation.images):
        raise UserError("eyes needs pictures of more people: none is left to train on, or none to validate on")
    source = Source(learn, [unlabelled(table) for table in keep])
    images, states = held_out(validation, source)
    epochs = options.epochs or (EPOCHS if options.shipped is None else MORE_EPOCHS)
    model = train_on(source, out, epochs, lambda m: measure(predict(m, images)[0], states), options)
    return convert(model, learn, out)


def train_on(
    source: "Source", out: Path, epochs: int, validate: Callable[[Any], dict[str, float]], options: Options
) -> Any:
    """Train a net, and leave it with the weights whose ``score`` by ``validate`` was best."""
    model = eyes()
    if options.shipped is not None:
        take_up(model, options.shipped, prepare(calibration(source.eyes.images)))
        source.trust(lambda images: torch.softmax(torch.tensor(predict(model, images)[0]), 1).numpy())
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
        method=Cosine(learning_rate=3e-3 if options.shipped is None else 5e-4),
        options=options,
    )
    return model


def convert(model: Any, learn: Patches, out: Path) -> Path:
    """Make ``out/eyes.tflite`` and its card; ``learn`` is what the net was trained on."""
    made = quantise(with_probabilities(model), prepare(calibration(learn.images)), out / "eyes.tflite")
    write_card(card(), model, made)
    return made


class Source:
    """Gives batches of eyes, of unusable patches and of eyes behind reflections.

    Args:
        patches: The training part.
        others: Eyes without labels, for a net that goes on.
    """

    def __init__(self, patches: Patches, others: Sequence[Picture] = ()) -> None:
        self._others = np.concatenate([np.empty((0, SIZE, SIZE), np.uint8), *others])
        self._said = np.empty((0, 3), np.float32)
        self.eyes = patches.where((patches.states == OPEN) | (patches.states == CLOSED))
        beside = patches.images[patches.states == UNUSABLE]
        self.beside = beside if len(beside) else corners(self.eyes.images)
        self._weights = sampling_weights(self.eyes.states, self.eyes.groups)
        self._shares = np.eye(3, dtype=np.float32)[self.eyes.states]

    def trust(self, answers: Callable[[Picture], npt.NDArray[np.float32]]) -> None:
        """Blend what people say of the eyes with what a net does, (N, 3) probabilities: some labels are wrong."""
        self._shares = TRUST * answers(prepare(self.eyes.images)) + (1 - TRUST) * self._shares
        if len(self._others):
            self._said = answers(prepare(self._others))

    def batch(self, rng: np.random.Generator) -> Batch:
        """Return one batch of pictures and the shares of the three states."""
        chosen = rng.choice(len(self.eyes.states), LABELLED, p=self._weights)
        unusable = [self.unusable(rng) for _ in range(MADE)]
        glaring, shares = self.reflected(rng)
        kept = rng.integers(0, len(self._said), KEPT) if len(self._said) else np.empty(0, np.int64)
        pictures = np.concatenate([self.eyes.images[chosen], unusable, glaring, self._others[kept]])
        targets = np.concatenate([self._shares[chosen], np.tile(_HIDDEN, (MADE, 1)), shares, self._said[kept]])
        return prepare(augment.augment_all(pictures, AUGMENTATION, rng)), [targets]

    def reflected(self, rng: np.random.Generator) -> tuple[Picture, npt.NDArray[np.float32]]:
        """Eyes with a reflection over them, and the shares of the states: less of its own the more of it is hidden."""
        pictures, shares = [], []
        for state, count in REFLECTED.items():
            weights = self._weights * (self.eyes.states == state)
            for index in rng.choice(len(weights), count, p=weights / weights.sum()):
                picture, hidden = reflected(self.eyes.images[index], rng)
                doubt = min(1.0, max(0.0, (hidden - SHOWS) / (HIDDEN - SHOWS)))
                pictures.append(picture)
                shares.append(self._shares[index] * (1 - doubt) + _HIDDEN * doubt)
        return np.stack(pictures), np.array(shares, np.float32)

    def unusable(self, rng: np.random.Generator) -> Picture:
        """Return an unusable patch: half of the time one beside the eye, otherwise a spoilt eye."""
        if rng.random() < 0.5:
            return np.asarray(self.beside[rng.integers(len(self.beside))])
        return spoil(np.asarray(self.eyes.images[rng.integers(len(self.eyes.images))]), self.beside, rng)


def held_out(validation: Patches, source: Source) -> tuple[Picture, npt.NDArray[np.int64]]:
    """The validation part's labelled patches; every fourth eye of it spoilt, every open one behind a reflection."""
    rng = np.random.default_rng(0)
    eyes_ = validation.where(validation.states != UNUSABLE)
    spoilt = [spoil(patch, source.beside, rng) for patch in eyes_.images[::4]]
    glaring = [reflected(patch, rng)[0] for patch in eyes_.images[eyes_.states == OPEN]]
    images = prepare(np.concatenate([validation.images, spoilt, glaring]))
    made = np.repeat([UNUSABLE, NOT_CLOSED], [len(spoilt), len(glaring)])
    return images, np.concatenate([validation.states, made])


def sampling_weights(states: npt.NDArray[np.int64], groups: npt.NDArray[np.str_]) -> npt.NDArray[np.float64]:
    """Return how often to draw each eye: both states alike, and one person no more than ``MOST_OF_ONE`` patches."""
    _, which, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    weights = 1 / np.maximum(1, sizes[which] / MOST_OF_ONE)
    for state in (OPEN, CLOSED):
        weights[states == state] /= max(weights[states == state].sum(), 1e-9)
    return np.asarray(weights / weights.sum())


def measure(logits: npt.NDArray[np.float32], states: npt.NDArray[np.int64]) -> dict[str, float]:
    """In percent: closed against open, eyes kept as usable, unusable found, open eyes not closed behind a reflection.

    ``score`` weighs the first most.
    """
    eyes_ = (states == OPEN) | (states == CLOSED)
    unusable = torch.softmax(torch.tensor(logits), 1).numpy()[:, UNUSABLE] > 0.5
    closed = logits[:, CLOSED] > logits[:, OPEN]
    values = {
        "state": (closed == (states == CLOSED))[eyes_].mean(),
        "kept": (~unusable[eyes_]).mean(),
        "unusable": unusable[states == UNUSABLE].mean(),
        "glare": (unusable | ~closed)[states == NOT_CLOSED].mean(),
    }
    return {
        **{name: float(value) * 100 for name, value in values.items()},
        "score": float(sum(WEIGHTS[name] * value for name, value in values.items())) * 100,
    }


def card() -> Card:
    """Return what the card says apart from figures."""
    return Card(
        name="eyes",
        purpose="Tells whether one eye is open, closed or cannot be judged, on an upright 32x32 patch. No measure of "
        "identity or of where open eyes look.",
        outputs=[{"name": "state", "shape": [3], "labels": list(LABELS)}],
        trained_on=[
            "Closed Eyes in the Wild patches (Song et al. 2014)",
            "MRL Eye, near-infrared part (Fusek 2018)",
            "Eyes of HELEN (Le et al. 2012) and AFW (Zhu & Ramanan 2012) with iBUG's points (Sagonas et al. 2013)",
            "Eyes of YouTube Faces (Wolf et al. 2011) without labels, which a net that goes on keeps its answers for",
            "Made: ellipses, stripes, windows and lamps drawn over these eyes",
        ],
        split="By person: 8 in 10 train, 1 in 10 choose the epoch (validation), 1 in 10 is the test part. Unusable "
        "patches are made from the same pictures; there are no labelled ones. What it says of real sunglasses stands "
        "in docs/models.md.",
        terms="All sources are for research use; the weights carry no picture.",
        recipe="dms train eyes cew mrl landmarks68_helen_afw.csv --out runs/eyes, then dms train eyes cew mrl "
        "landmarks68_helen_afw.csv landmarks68_youtube_faces.csv --from runs/eyes/eyes.tflite --out runs/eyes2",
        decoding={"closed": "closed / (open + closed), unknown above max_unusable"},
        limits=LIMITS,
    )
