"""The emotion model on labelled faces.

Takes ``fer2013.csv`` (with ``fer2013new.csv`` for the votes of FER+) or a folder with one sub-folder per class, gives
every metric for each label set, anger against the rest, calibration and latency. Original labels and votes are two
different questions, so every figure names its label set.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from dms.errors import UserError
from dms.evaluate.layouts import FER2013, FERPLUS, majority, picture_files, read_fer2013, read_grey
from dms.evaluate.metrics import (
    Classification,
    Latency,
    auc,
    calibration_error,
    classification,
    latency,
    recall_at,
    table,
)
from dms.models import ModelFile
from dms.perception.emotion import SIZE, EmotionNet, Picture

_ANGER = {"fer2013": FER2013.index("angry"), "ferplus": FERPLUS.index("anger")}


@dataclass(frozen=True, slots=True)
class HeadReport:
    """One head against its own label set.

    Attributes:
        label_set: ``fer2013`` (original labels) or ``ferplus`` (majority of the votes; ties, unknown and NF left out).
        result: Accuracy, per-class metrics, confusion matrix.
        calibration_error: Expected calibration error, 0..1.
        anger_auc: Area under the ROC curve of anger against the rest.
        anger_recall_1: Recall of anger at 1 % false positives.
        anger_recall_5: Recall of anger at 5 % false positives.
    """

    label_set: str
    result: Classification
    calibration_error: float
    anger_auc: float | None
    anger_recall_1: float | None
    anger_recall_5: float | None


@dataclass(frozen=True, slots=True)
class EmotionReport:
    """What was measured.

    Attributes:
        data: The file or folder.
        part: ``Usage`` of the rows, or empty for a folder.
        model: The model file.
        heads: One report per label set that the data has.
        latency: Of one face, on one thread.
    """

    data: str
    part: str
    model: str
    heads: tuple[HeadReport, ...]
    latency: Latency

    def to_json(self) -> dict[str, Any]:
        """Everything as plain data; ``accuracy`` is that of each label set."""
        heads = {h.label_set: asdict(h) for h in self.heads}
        return {"accuracy": {h.label_set: h.result.accuracy for h in self.heads}, **asdict(self), "heads": heads}

    def text(self) -> str:
        """Everything for people."""
        blocks = [f"{self.model} on {self.data} {self.part}".rstrip()]
        for head in self.heads:
            blocks += [
                f"label set {head.label_set}",
                table(head.result),
                f"calibration error {head.calibration_error:.2%}; anger against the rest: area under ROC "
                f"{_number(head.anger_auc)}, recall {_number(head.anger_recall_1)} at 1 % and "
                f"{_number(head.anger_recall_5)} at 5 % false positives",
            ]
        blocks.append(self.latency.text())
        return "\n\n".join(blocks)


def evaluate(data: Path, model: ModelFile, usage: str = "PublicTest", ferplus: Path | None = None) -> EmotionReport:
    """Measure the emotion model.

    Args:
        data: ``fer2013.csv``, or a folder with one sub-folder per class named as in either label set.
        model: The shipped model or another with its shapes.
        usage: Which rows of the CSV.
        ferplus: ``fer2013new.csv`` for the second label set.

    Raises:
        UserError: The data is not in these layouts, or the model cannot be run.
    """
    net = EmotionNet(model)
    if data.is_dir():
        images, sets = _folder(data)
        usage = ""
    else:
        faces = read_fer2013(data, usage, ferplus)
        images, sets = list(faces.images), {"fer2013": faces.labels}
        if faces.votes is not None:
            sets["ferplus"] = majority(faces.votes)
    heads = [net.heads(image) for image in images]
    answers = {"fer2013": np.stack([h[0] for h in heads]), "ferplus": np.stack([h[1] for h in heads])}
    return EmotionReport(
        data=str(data),
        part=usage,
        model=str(model.path),
        heads=tuple(_head(name, truth, answers[name]) for name, truth in sets.items()),
        latency=latency(lambda: net.heads(images[0])),
    )


def _head(name: str, truth: npt.NDArray[np.int64], probabilities: npt.NDArray[np.float32]) -> HeadReport:
    known = truth >= 0
    truth, shares = truth[known], probabilities[known].astype(np.float64)
    anger = _ANGER[name]
    positive, scores = truth == anger, shares[:, anger]
    labels: Sequence[str] = FER2013 if name == "fer2013" else FERPLUS
    return HeadReport(
        label_set=name,
        result=classification(truth, shares.argmax(1), labels),
        calibration_error=calibration_error(truth, shares),
        anger_auc=auc(positive, scores),
        anger_recall_1=recall_at(positive, scores, 0.01),
        anger_recall_5=recall_at(positive, scores, 0.05),
    )


def _folder(folder: Path) -> tuple[list[Picture], dict[str, npt.NDArray[np.int64]]]:
    """Pictures of a folder with one sub-folder per class, and the label set that its names belong to."""
    names = sorted(p.name for p in folder.iterdir() if p.is_dir())
    for label_set, labels in (("fer2013", FER2013), ("ferplus", FERPLUS)):
        if names and set(names) <= set(labels):
            files = [(file, labels.index(name)) for name in names for file in picture_files(folder / name)]
            images = [
                np.asarray(cv2.resize(read_grey(file), (SIZE, SIZE), interpolation=cv2.INTER_AREA), np.uint8)
                for file, _ in files
            ]
            return images, {label_set: np.array([label for _, label in files])}
    raise UserError(
        f"{folder} needs one sub-folder per class, named {', '.join(FER2013)} or {', '.join(FERPLUS)}; it has "
        f"{', '.join(names) or 'none'}"
    )


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
