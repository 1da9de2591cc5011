"""Trains ``face``: where faces are in a whole picture.

Data: tables ``landmarks68_*.csv`` (other faces may be in their pictures) and folders with ``labels.csv``, boxes and
``landmarks68_*.csv`` (one driver and nobody else). ``faces.part_of`` splits people and scenes; the scenes of the
validation part decide which weights are kept, the tables of the test part are written to ``OUT/test`` for
``dms evaluate face`` and their pictures are never used here.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F  # noqa: N812

from dms.datasets.split import Part
from dms.errors import UserError
from dms.observation import Box
from dms.perception.face import COLUMNS, ROWS, decode, overlap
from dms.training.architectures import face
from dms.training.card import Card, write_card
from dms.training.export import quantise
from dms.training.faces import FloatArray, open_data
from dms.training.fit import Batch, Options, fit, predict
from dms.training.samples.face import LIGHT, Scene, SceneMaker, empty_scene, encode, whole_picture, write_empty

EPOCHS = 14
STEPS = 400
BATCH = 32

EMPTY = 10_000
"""Windows without a face that are written for the test, from the scenes of the test part."""


def train(data: Sequence[Path], out: Path, options: Options) -> Path:
    """Make ``out/face.tflite`` and its card.

    Args:
        data: Tables and folders as in this module's docstring.
        out: Folder for everything that is made.
        options: Epochs, seed, resume and threads.

    Raises:
        UserError: The data is not in these layouts.
    """
    parts = open_data(data, out)
    drivers = [p for p in parts[Part.VALIDATION] if p.complete]
    if not drivers:
        raise UserError("face takes a folder with labels.csv and boxes among its data, to measure on")
    whole = [whole_picture(p) for p in drivers]
    rng = np.random.default_rng(0)
    empty = np.stack([LIGHT(empty_scene(drivers, rng).picture, rng) for _ in range(2000)])
    unseen = [p for p in parts[Part.TEST] if p.complete]
    if unseen:
        write_empty(unseen, out / "test" / "no_face", EMPTY, np.random.default_rng(3))
    model = face()

    def batches(rng: np.random.Generator) -> Iterator[Batch]:
        maker = SceneMaker(parts[Part.TRAIN])
        for _ in range(STEPS):
            scenes = [maker.scene(rng) for _ in range(BATCH)]
            targets = [encode(s) for s in scenes]
            yield (
                np.stack([s.picture for s in scenes]),
                [
                    np.stack([t.heat for t in targets]),
                    np.stack([t.boxes for t in targets]),
                    np.stack([t.weights for t in targets]),
                    np.stack([t.known for t in targets]),
                ],
            )

    fit(
        model,
        batches,
        loss=loss,
        epochs=options.epochs or EPOCHS,
        steps_per_epoch=STEPS,
        out=out,
        validate=lambda net: measure(net, whole, empty),
        monitor="score",
        options=options,
    )
    heat, boxes = model.outputs
    shipped = keras.Model(model.inputs, [keras.layers.Activation("sigmoid")(heat), boxes], name="face")
    maker, rng = SceneMaker(parts[Part.TRAIN]), np.random.default_rng(2)
    made = quantise(shipped, np.stack([maker.scene(rng).picture for _ in range(300)]), out / "face.tflite")
    write_card(card(), model, made)
    return made


def loss(outputs: list[torch.Tensor], targets: list[torch.Tensor]) -> torch.Tensor:
    """Focal loss of CenterNet on the heat map plus smooth L1 on the boxes."""
    heat, boxes, weights, known = targets
    logits = outputs[0][..., 0]
    probability = torch.sigmoid(logits)
    # where unlabelled faces may be, only what the net itself takes for background is pushed further down
    trusted = torch.where((known < 0.5) & (probability.detach() < 0.5), torch.full_like(known, 0.5), known)
    centre = (heat == 1).float()
    hit = centre * (1 - probability) ** 2 * F.logsigmoid(logits)
    miss = (1 - centre) * trusted * (1 - heat) ** 4 * probability**2 * F.logsigmoid(-logits)
    focal = -(hit + miss).sum() / (centre.sum() + 4)
    box = F.smooth_l1_loss(outputs[1], boxes, beta=0.1, reduction="none").sum(-1) * weights
    return focal + box.sum() / (weights.sum() + 1)


def measure(net: Any, whole: Sequence[Scene], empty: npt.NDArray[np.uint8]) -> dict[str, float]:
    """Percent of drivers found at the score that one in 1,000 empty pictures reaches, that score, and the overlap."""
    heat, boxes = predict(net, np.stack([s.picture for s in whole]))
    limit = float(np.quantile(_sigmoid(predict(net, empty)[0].max(axis=(1, 2, 3))), 0.999))
    overlaps = []
    for scene, logits, maps in zip(whole, heat[..., 0], boxes, strict=True):
        found = decode(_sigmoid(logits), maps, limit)
        overlaps.append(overlap(found[0].box, Box(*map(float, scene.boxes[0]))) if found else 0.0)
    share = 100 * float((np.array(overlaps) >= 0.4).mean())
    mean = float(np.mean([o for o in overlaps if o > 0] or [0.0]))
    return {"found": share, "limit": limit, "iou": mean, "score": share + mean}


def _sigmoid(logits: FloatArray) -> FloatArray:
    probability: FloatArray = 1 / (1 + np.exp(-logits))
    return probability


def card() -> Card:
    """Return what the card says apart from figures."""
    return Card(
        name="face",
        purpose="Faces of 13 to 112 pixels in a grey picture of 160x120: where, how large, how sure. It finds faces "
        "and tells nobody apart.",
        outputs=[
            {
                "name": "heat",
                "shape": [ROWS, COLUMNS, 1],
                "meaning": "probability of a face's centre per cell of 8x8 pixels",
            },
            {
                "name": "box",
                "shape": [ROWS, COLUMNS, 4],
                "meaning": "centre offset in cells, log width/32, log height/40",
            },
        ],
        trained_on=[
            "YawDD frames (Abtahi et al. 2014) with boxes from forehead to chin",
            "HELEN, training part (Le et al. 2012), and AFW (Zhu & Ramanan 2012), boxes from iBUG's 68 points",
            "YouTube Faces (Wolf et al. 2011), boxes from 68 points",
        ],
        split="One in eight in-car scenes chose the epoch; as many others, and one in fourteen people, are the test "
        "part, which nothing was chosen on.",
        terms="The sources are for research use; the weights carry no picture.",
        recipe="dms train face landmarks68_helen_afw.csv landmarks68_youtube_faces.csv cabin_yawn --out runs/face",
        notes=[
            "The score of a face whose centre lies between two cells is shared by both: it is not a probability.",
            "Faces under 13 pixels of the net's input (52 of a 640x480 frame) and backs of heads are not looked for.",
            "Windows without a face are cut from 83 unseen frames of few scenes, so that one object counts many times.",
            "In the HELEN/AFW pictures many faces are smaller than that, and not everybody is labelled.",
        ],
    )
