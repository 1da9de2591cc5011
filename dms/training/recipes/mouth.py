"""Trains ``mouth``: a patch of the lower face to shut, yawn or unusable.

Data: folders with ``labels.csv`` (with ``yawn``) and ``landmarks68_*.csv``, and tables ``landmarks68_*.csv`` whose
faces with shut lips are more examples of no yawn. "Unusable" is made: mouths covered by a hand, a mask or a block, and
patches off the mouth. ``faces.part_of`` splits people and scenes; the scenes of the validation part decide which
weights are kept, the tables of the test part are written to ``OUT/test`` and their pictures are never used here.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch.nn.functional as F  # noqa: N812

from dms.datasets.split import Part
from dms.errors import UserError
from dms.perception.mouth import LABELS
from dms.training.architectures import mouth
from dms.training.card import Card, CardLimit, write_card
from dms.training.export import quantise, with_probabilities
from dms.training.faces import open_data
from dms.training.fit import Batch, Options, fit, predict
from dms.training.samples.mouth import (
    SHUT,
    UNUSABLE,
    YAWN,
    MouthMaker,
    driver_mouths,
    plain_patch,
    shut_mouths,
    unusable_patch,
)

EPOCHS = 24
STEPS = 200
BATCH = 64
LIMITS = {
    "max_unusable": CardLimit(
        0.5,
        "probability",
        0.0,
        1.0,
        'Most "unusable" at which a mouth is still judged.',
        "own: not measured",
    ),
}
"""Limits that belong to the weights; another net may need others."""


def train(data: Sequence[Path], out: Path, options: Options) -> Path:
    """Make ``out/mouth.tflite`` and its card.

    Args:
        data: Tables and folders as in this module's docstring.
        out: Folder for everything that is made.
        options: Epochs, seed, resume and threads.

    Raises:
        UserError: The data is not in these layouts, or has no yawn labels.
    """
    parts = open_data(data, out)
    drivers = {part: driver_mouths(parts[part]) for part in (Part.TRAIN, Part.VALIDATION)}
    others = shut_mouths([p for p in parts[Part.TRAIN] if not p.complete])
    if not all(drivers.values()):
        raise UserError("mouth takes a folder with labels.csv that has a yawn column, with many scenes")
    maker = MouthMaker(drivers[Part.TRAIN], others)
    check = [(plain_patch(m), YAWN if m.yawn else SHUT) for m in drivers[Part.VALIDATION]]
    rng = np.random.default_rng(0)
    check += [(unusable_patch(m, rng), UNUSABLE) for m in drivers[Part.VALIDATION]]
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


def measure(net: Any, check: Sequence[tuple[npt.NDArray[np.uint8], int]]) -> dict[str, float]:
    """Percent right among usable mouths (unusable counts as wrong) and among unusable ones; the first one decides."""
    (logits,) = predict(net, np.stack([patch for patch, _ in check]))
    truth, answers = np.array([label for _, label in check]), logits.argmax(1)
    usable, unusable = (
        float((answers == truth)[which].mean()) * 100 for which in (truth != UNUSABLE, truth == UNUSABLE)
    )
    return {"usable": usable, "unusable": unusable, "score": usable + 0.1 * unusable}


def card() -> Card:
    """Return what the card says apart from figures."""
    return Card(
        name="mouth",
        purpose="Whether a mouth is wide open as in a yawn, on an aligned patch of the lower face. A shout or a laugh "
        "can look the same for a moment: how long it lasts and what the face does decide, elsewhere.",
        outputs=[{"name": "mouth", "shape": [3], "labels": list(LABELS)}],
        trained_on=[
            "YawDD frames (Abtahi et al. 2014), labelled yawn or not",
            "HELEN, training part (Le et al. 2012), AFW (Zhu & Ramanan 2012) and YouTube Faces (Wolf et al. 2011): "
            "faces with shut lips as no yawn",
        ],
        split="One in eight in-car scenes chose the epoch, as many others are the test part, which nothing was chosen "
        "on. Unusable mouths were made by drawing over usable ones.",
        terms="The sources are for research use; the weights carry no picture.",
        limits=LIMITS,
        recipe="dms train mouth landmarks68_helen_afw.csv landmarks68_youtube_faces.csv cabin_yawn --out runs/mouth",
        notes=[
            "The test part is 84 frames of few scenes: one frame is 1.2 percentage points.",
            "A smile with teeth or an open vowel can look like a yawn for a frame or two.",
        ],
    )
