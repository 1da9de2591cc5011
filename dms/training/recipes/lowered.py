"""Trains the second output of ``eyes``: whether lowered lids belong to an eye that looks down, or to one that is shut.

Data: a folder with ``open/``, ``closed/`` and ``down/`` (a file's name before the first ``-`` or ``_`` is its person),
and the INT8 file of an eye net, whose first output stays what it is: the new one is a small head on a feature map of
the frozen net. Only lids that are down teach it, shut or lowered; open eyes only give the ranges inside the net,
and its first output answers as before to the bit.
People can be left out, so that what is said of them is honest. Few people look down in public pictures, so all others
are trained on and the last epoch is kept.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import torch.nn.functional as F  # noqa: N812

from dms.datasets.pictures import find_pictures, person_of, read_grey
from dms.errors import UserError
from dms.evaluate.eyes import resize
from dms.perception.eyes import normalise
from dms.training import augment
from dms.training.architectures import eyes, lowered
from dms.training.augment import Picture
from dms.training.export import calibration, quantise, with_probabilities
from dms.training.fit import Batch, Options, fit, predict
from dms.training.graft import graft
from dms.training.optim import Cosine
from dms.training.shipped import take_up

EPOCHS = 8
OF_A_STATE = 4000
"""Augmented patches of each state, the same in every epoch."""
BATCH = 128
MOST_OF_ONE = 2.5
"""A person counts by the square root of their patches, and no more than this."""
SMOOTHING = 0.03
"""A label is right with one less this: nobody can tell for certain what lowered lids hide."""
MAP = (8, 8, 40)
"""Shape of the feature map that the head reads."""

AUGMENTATION = augment.chain(
    augment.mirror(),
    augment.affine(degrees=12, scale=0.18, shift=0.07, aspect=0.12),
    augment.light(gamma=0.5, contrast=0.15, brightness=0.05),
    augment.sometimes(0.15, augment.shadow(0.8)),
    augment.sometimes(
        0.4,
        augment.one_of(augment.gaussian_blur(1.5), augment.motion_blur(5), augment.downscale(0.35), augment.jpeg(25)),
    ),
    augment.sometimes(0.15, augment.low_light(0.3)),
    augment.sometimes(0.25, augment.noise(6)),
)


class Lids:
    """Patches of one state of the lids, drawn by person.

    Args:
        folder: Holds the pictures of this state.
        leave_out: People whose patches are not read.

    Raises:
        UserError: Nobody is left.
    """

    def __init__(self, folder: Path, leave_out: Sequence[str] = ()) -> None:
        files = [file for file in find_pictures(folder) if person_of(file) not in leave_out]
        if not files:
            raise UserError(f"{folder} holds no picture of anybody who is not left out")
        self.images: Picture = np.stack([resize(read_grey(file)) for file in files])
        _, which, counts = np.unique([person_of(file) for file in files], return_inverse=True, return_counts=True)
        weights = (np.minimum(np.sqrt(counts), MOST_OF_ONE) / counts)[which]
        self._weights = weights / weights.sum()

    def draw(self, count: int, rng: np.random.Generator) -> Picture:
        """Draw patches, people alike."""
        return np.asarray(self.images[rng.choice(len(self.images), count, p=self._weights)])


def train(folder: Path, out: Path, options: Options) -> tuple[Any, Path]:
    """Make ``out/eyes.tflite`` with both outputs.

    Args:
        folder: Holds ``open/``, ``closed/`` and ``down/``.
        out: Folder for everything that is made.
        options: Epochs, seed, resume, threads, the net that gets the head, and who is left out.

    Returns:
        The Keras model and the file.

    Raises:
        UserError: No net is given, one of another shape, somebody is to be left out who is not there, or nobody is
            left in a folder.
    """
    if options.shipped is None:
        raise UserError("down/ teaches a net that knows open from closed: give it with --from")
    people = {person_of(file) for state in ("open", "closed", "down") for file in find_pictures(folder / state)}
    if strangers := [name for name in options.leave_out if name not in people]:
        raise UserError(f"--leave-out {strangers[0]}: nobody in {folder} has that name: {', '.join(sorted(people))}")
    opened, closed, down = (Lids(folder / state, options.leave_out) for state in ("open", "closed", "down"))
    seen = prepare(calibration(np.concatenate([opened.images, closed.images, down.images])))
    model = eyes()
    take_up(model, options.shipped, seen)
    maps = feature_map(model)
    head = teach(keras.Model(model.inputs, [maps]), closed, down, out, options)
    both = keras.Model(model.inputs, [model.outputs[0], head(maps)], name=model.name)
    made = quantise(with_probabilities(both), seen, out / "head.tflite")
    return both, graft(options.shipped, made, out / "eyes.tflite")


def teach(trunk: Any, closed: Lids, down: Lids, out: Path, options: Options) -> Any:
    """Return a head that tells closed from lowered lids by the feature map that ``trunk`` gives."""
    rng = np.random.default_rng(options.seed)
    drawn = np.concatenate([closed.draw(OF_A_STATE, rng), down.draw(OF_A_STATE, rng)])
    # the net is frozen, so that its maps of the augmented patches are made once
    maps = predict(trunk, prepare(augment.augment_all(drawn, AUGMENTATION, rng)))[0]
    targets = np.repeat(np.array([SMOOTHING, 1 - SMOOTHING], np.float32), OF_A_STATE)[:, None]
    steps = len(drawn) // BATCH

    def batches(rng: np.random.Generator) -> Iterator[Batch]:
        for chosen in np.array_split(rng.permutation(len(drawn)), steps):
            yield maps[chosen], [targets[chosen]]

    head = lowered()
    fit(
        head,
        batches,
        loss=lambda outputs, wanted: F.binary_cross_entropy_with_logits(outputs[0], wanted[0]),
        epochs=options.epochs or EPOCHS,
        steps_per_epoch=steps,
        out=out,
        # nobody is held out to choose an epoch by: with every score alike, the last one is kept
        validate=lambda _: {"score": 0.0},
        monitor="score",
        method=Cosine(average=0.99),
        options=options,
    )
    return head


def feature_map(model: Any) -> Any:
    """Return the tensor of an eye net that the head reads."""
    return next(layer.output for layer in reversed(model.layers) if layer.output.shape[1:] == MAP)


def prepare(images: Picture) -> npt.NDArray[np.uint8]:
    """Return patches as the net takes them."""
    return np.stack([normalise(image) for image in images])
