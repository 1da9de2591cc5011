"""Models of facial expressions on labelled faces.

Takes ``fer2013.csv`` (with ``fer2013new.csv`` for the votes of FER+) or a folder with one sub-folder per class, and
anything that answers for faces; gives every metric for each label set that both have, anger against the rest,
calibration and latency. Original labels and votes are two different questions, so every figure names its label set.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from dms.datasets.expressions import LABELS, SAME, class_folders
from dms.datasets.fer import FER2013, FERPLUS, majority, read_fer2013
from dms.datasets.pictures import find_pictures
from dms.datasets.reading import Reading, progress
from dms.errors import UserError
from dms.evaluate.metrics import (
    Bin,
    Classification,
    Latency,
    auc,
    calibration_error,
    classification,
    latency,
    recall_at,
    reliability,
    roc,
    table,
)
from dms.models import ModelFile
from dms.perception.emotion import SIZE, Picture, lit
from dms.perception.engine import FloatArray, Model

FURTHER = [(3,), (2,)]
"""Shapes of the outputs for wide mouths and for frowns, for which these pictures have no answers; older files lack the
last one."""

_ANGER = {"fer2013": FER2013.index("angry"), "ferplus": FERPLUS.index("anger")}
_AT_ONCE = 64
_LEAST_AGREEMENT = 0.4
"""Share of faces whose original label the votes confirm below which the two files do not belong together: two in three
do, and of shuffled ones a fifth."""


class Classifier(Protocol):
    """Anything that answers for faces."""

    @property
    def name(self) -> str:
        """What it is, for the report."""
        ...

    @property
    def label_sets(self) -> Sequence[str]:
        """The keys of ``LABELS`` that it answers in."""
        ...

    def answer(self, faces: Sequence[Picture]) -> Mapping[str, FloatArray]:
        """Probabilities (N, classes) of each label set for N faces, (48, 48) uint8 each."""
        ...


class ModelFaces:
    """A ``.tflite`` file with one or both heads, run as the daemon runs it; an output for wide mouths is not measured.

    Args:
        file: The model; its card's outputs name its heads.

    Raises:
        UserError: It has other outputs, or cannot be run.
    """

    def __init__(self, file: ModelFile) -> None:
        by_size = {len(labels): name for name, labels in LABELS.items()}
        try:
            shapes = [tuple(output["shape"]) for output in file.card.get("outputs", ())]
        except (TypeError, KeyError):
            shapes = []
        heads = [shape for shape in shapes if len(shape) == 1 and shape[0] in by_size]
        others = [shape for shape in shapes if shape not in heads]
        if not heads or others != FURTHER[: len(others)]:
            raise UserError(f"{file.path}: its card names the outputs {shapes}, not (7,) of FER2013 or (8,) of FER+")
        self.name = str(file.path)
        self.label_sets = tuple(by_size[shape[0]] for shape in heads)
        self._model = Model(file.path, (SIZE, SIZE, 1), [*heads, *others])
        # only the daemon's own net has further outputs; the papers' see faces as they are
        self._seen: Callable[[Picture], Picture] = lit if others else lambda face: face

    def answer(self, faces: Sequence[Picture]) -> Mapping[str, FloatArray]:
        """One face after the other, on one thread."""
        heads = zip(*(self._model.run(self._seen(face))[: len(self.label_sets)] for face in faces), strict=True)
        return {name: np.stack(head) for name, head in zip(self.label_sets, heads, strict=True)}


@dataclass(frozen=True, slots=True)
class HeadReport:
    """One head against its own label set.

    Attributes:
        label_set: ``fer2013`` (original labels) or ``ferplus`` (majority of the votes; ties, unknown and NF left out).
        result: Accuracy, per-class metrics, confusion matrix.
        calibration_error: Expected calibration error, 0..1.
        reliability: Confidence and accuracy in bins of confidence.
        anger_auc: Area under the ROC curve of anger against the rest; None where only one of the two occurs.
        anger_recall_1: Recall of anger at 1 % false positives.
        anger_recall_5: Recall of anger at 5 % false positives.
        anger_roc: Corners of that curve, (false-positive rate, recall); empty where there is none.
    """

    label_set: str
    result: Classification
    calibration_error: float
    reliability: tuple[Bin, ...]
    anger_auc: float | None
    anger_recall_1: float | None
    anger_recall_5: float | None
    anger_roc: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class EmotionReport:
    """What was measured.

    Attributes:
        data: The file or folder.
        part: ``Usage`` of the rows, or empty for a folder.
        model: The model file.
        heads: One report per label set that the data and the model have.
        latency: Of one face, on one thread.
        left_out: Pictures that were not measured on.
        warnings: A line for each reason why, and for whatever else a reader of the figures should know.
    """

    data: str
    part: str
    model: str
    heads: tuple[HeadReport, ...]
    latency: Latency
    left_out: int
    warnings: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain data; ``accuracy`` is that of each label set."""
        heads = {h.label_set: asdict(h) for h in self.heads}
        for head in heads.values():
            for each in head["result"]["classes"]:
                each["sensitivity"] = each["recall"]
        return {"accuracy": {h.label_set: h.result.accuracy for h in self.heads}, **asdict(self), "heads": heads}

    def text(self) -> str:
        """Return everything for people."""
        blocks = [f"{self.model} on {self.data} {self.part}".rstrip()]
        for head in self.heads:
            blocks += [
                f"label set {head.label_set}",
                table(head.result),
                f"anger against the rest: area under ROC {_number(head.anger_auc)}, recall "
                f"{_number(head.anger_recall_1)} at 1 % and {_number(head.anger_recall_5)} at 5 % false positives",
                _calibration(head),
            ]
        blocks.append(self.latency.text())
        return "\n\n".join(blocks)


def evaluate(
    data: Path, classifier: Classifier, usage: str = "PublicTest", ferplus: Path | None = None
) -> EmotionReport:
    """Measure a model of facial expressions.

    Args:
        data: ``fer2013.csv``, or a folder with one sub-folder per class named about as in either label set.
        classifier: What answers.
        usage: Which rows of the CSV.
        ferplus: ``fer2013new.csv`` for the second label set.

    Raises:
        UserError: The data is not in these layouts, or the model answers in none of its label sets.
    """
    reading = Reading()
    if data.is_dir():
        if ferplus is not None:
            raise UserError("--ferplus goes with fer2013.csv, not with a folder")
        images, sets = _folder(data, reading)
        usage = ""
    else:
        faces = read_fer2013(data, usage, ferplus)
        images, sets = list(faces.images), {"fer2013": faces.labels}
        if faces.votes is not None:
            sets["ferplus"] = majority(faces.votes)
            _compare(sets["fer2013"], sets["ferplus"], reading)
    common = [name for name in sets if name in classifier.label_sets]
    if not common:
        raise UserError(
            f"{classifier.name} answers in {', '.join(classifier.label_sets)}, and {data} is labelled in "
            f"{', '.join(sets)}"
        )
    labelled = [name for name in common if (sets[name] >= 0).any()]
    if not labelled:
        raise UserError(f"no face has a label in {', '.join(common)}: all votes are ties, unknown or no face")
    if labelled != common:
        reading.note("no face has a label in ferplus: all votes are ties, unknown or no face")
    answers = answer_all(classifier, images)
    return EmotionReport(
        data=str(data),
        part=usage,
        model=classifier.name,
        heads=tuple(_head(name, sets[name], answers[name]) for name in labelled),
        latency=latency(lambda: classifier.answer(images[:1])),
        left_out=reading.left_out,
        warnings=reading.warnings,
    )


def _compare(labels: npt.NDArray[np.int64], votes: npt.NDArray[np.int64], reading: Reading) -> None:
    """Say so when labels and votes look like those of different faces."""
    known = votes >= 0
    agree = np.array(SAME)[labels[known]] == votes[known]
    if len(agree) >= 100 and agree.mean() < _LEAST_AGREEMENT:
        reading.note(
            f"FER+ agrees with only {agree.mean():.0%} of the original labels: are the rows of both files in one order?"
        )


def answer_all(classifier: Classifier, faces: Sequence[Picture], what: str | None = "faces") -> dict[str, FloatArray]:
    """Answers for many faces; with a progress bar on stderr if it is said of what."""
    parts = [faces[i : i + _AT_ONCE] for i in range(0, len(faces), _AT_ONCE)]
    answers = [classifier.answer(part) for part in (parts if what is None else progress(parts, what))]
    return {name: np.concatenate([answer[name] for answer in answers]) for name in classifier.label_sets}


def face_picture(grey: Picture) -> Picture:
    """Return a picture of one face, brought to the models' size."""
    return np.asarray(cv2.resize(grey, (SIZE, SIZE), interpolation=cv2.INTER_AREA), np.uint8)


def _head(name: str, truth: npt.NDArray[np.int64], probabilities: FloatArray) -> HeadReport:
    known = truth >= 0
    truth, shares = truth[known], probabilities[known].astype(np.float64)
    anger = _ANGER[name]
    positive, scores = truth == anger, shares[:, anger]
    area = auc(positive, scores)
    return HeadReport(
        label_set=name,
        result=classification(truth, shares.argmax(1), LABELS[name]),
        calibration_error=calibration_error(truth, shares),
        reliability=reliability(truth, shares),
        anger_auc=area,
        anger_recall_1=recall_at(positive, scores, 0.01),
        anger_recall_5=recall_at(positive, scores, 0.05),
        anger_roc=() if area is None else _corners(*roc(positive, scores)),
    )


def _corners(false: npt.NDArray[np.float64], true: npt.NDArray[np.float64]) -> tuple[tuple[float, float], ...]:
    """Return the points of a curve at which it turns."""
    turns = np.concatenate([[True], (np.diff(false, 2) != 0) | (np.diff(true, 2) != 0), [True]])
    return tuple((float(x), float(y)) for x, y in zip(false[turns], true[turns], strict=True))


def _folder(folder: Path, reading: Reading) -> tuple[list[Picture], dict[str, npt.NDArray[np.int64]]]:
    """Pictures of a folder with one sub-folder per class, and the label set that its names belong to."""
    label_set, inside = class_folders(folder)
    files: list[tuple[Path, int]] = []
    for each in inside:
        pictures = [(file, each.label) for file in find_pictures(each.folder)]
        files += pictures
        if not pictures:
            reading.note(f"no picture in {each.folder}")
    taken = [(each.folder.name, LABELS[label_set][each.label]) for each in inside]
    if renamed := [f"{name} as {label}" for name, label in taken if name.lower() != label]:
        reading.note(f"folders taken as classes of {label_set}: {', '.join(renamed)}")
    for file in find_pictures(folder):
        if file.parent == folder:
            reading.leave_out(str(file), "pictures beside the folders of the classes")
    if not files:
        raise UserError(f"the sub-folders of {folder} hold no picture")
    images, labels = zip(
        *((face_picture(grey), label) for grey, label in reading.pictures(files, "pictures")), strict=True
    )
    return list(images), {label_set: np.array(labels)}


def _calibration(head: HeadReport) -> str:
    lines = [
        f"expected calibration error {head.calibration_error:.2%}",
        f"{'confidence':<16}{'samples':>8}{'mean':>9}{'accuracy':>10}",
    ]
    for b in head.reliability:
        if b.confidence is not None and b.accuracy is not None:
            share = f"{b.low:.0%} to {b.high:.0%}"
            lines.append(f"{share:<16}{b.samples:>8}{b.confidence:>9.2%}{b.accuracy:>10.2%}")
    return "\n".join(lines)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
