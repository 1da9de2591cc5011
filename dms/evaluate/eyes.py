"""The eye model on labelled patches.

Takes a folder with ``closed/`` and ``open/`` images of any size, gives accuracy, the confusion matrix and the latency.
An "unknown" verdict is reported both ways: counted as wrong, and left out with its share stated.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from dms.datasets.layouts import eye_files
from dms.datasets.pictures import person_of
from dms.datasets.reading import Reading
from dms.evaluate.metrics import Classification, Latency, auc, classification, judged_accuracy, judged_text, latency
from dms.models import ModelFile
from dms.perception.eyes import SIZE, EyeNet, Picture

LABELS = ("open", "closed")
_UNKNOWN = 2
_MOST_GROUPS = 40


@dataclass(frozen=True, slots=True)
class EyesReport:
    """What was measured.

    Attributes:
        data: The folder.
        model: The model file.
        overall: All patches; unknown counts as a wrong answer and stands in the confusion matrix' last column.
        known: The patches that were judged; None when none was.
        unknown_share: Share 0..1 of patches that were called unknown.
        auc: Area under the ROC curve of the probability closed, over the patches that were judged.
        by_group: Accuracy per group (person) with unknown as wrong, when the folder has at most 40 groups.
        latency: Of one patch, on one thread.
        left_out: Pictures that were not measured on.
        warnings: A line for each reason why, and for whatever else a reader of the figures should know.
    """

    data: str
    model: str
    overall: Classification
    known: Classification | None
    unknown_share: float
    auc: float | None
    by_group: dict[str, float]
    latency: Latency
    left_out: int
    warnings: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain data; ``accuracy`` counts unknown as wrong."""
        return {**judged_accuracy(self.overall, self.known), **asdict(self)}

    def text(self) -> str:
        """Return everything for people."""
        lines = judged_text(
            f"{self.model} on {self.data}", self.overall, self.known, f"unknown {self.unknown_share:.2%}", self.auc
        )
        if self.by_group:
            lines.append("by person: " + ", ".join(f"{g} {v:.1%}" for g, v in self.by_group.items()))
        lines.append(self.latency.text())
        return "\n".join(lines)


def evaluate(data: Path, model: ModelFile) -> EyesReport:
    """Measure the eye model.

    Args:
        data: Folder with ``closed/`` and ``open/``.
        model: The shipped model or another with its shapes.

    Raises:
        UserError: The folder is not in this layout, no picture can be read, or the model cannot be run.
    """
    reading, net = Reading(), EyeNet(model)
    files = [(file, (closed, person_of(file))) for file, closed in eye_files(data)]
    pictures = reading.pictures(files, "eyes")
    resized, labels = zip(*((resize(grey), label) for grey, label in pictures), strict=True)
    verdicts = [net.closed(patch) for patch in resized]
    truth = np.array([closed for closed, _ in labels], np.int64)
    note_missing(reading, truth, LABELS)
    answers = np.array([_UNKNOWN if v is None else int(v >= 0.5) for v in verdicts])
    known = answers != _UNKNOWN
    names = np.array([group for _, group in labels])
    groups = sorted(set(names.tolist()))
    return EyesReport(
        data=str(data),
        model=str(model.path),
        overall=classification(truth, answers, LABELS, unknown=True),
        known=classification(truth[known], answers[known], LABELS) if known.any() else None,
        unknown_share=float((~known).mean()),
        auc=auc(truth[known] == 1, np.array([v for v in verdicts if v is not None])),
        by_group={g: float((truth == answers)[names == g].mean()) for g in groups}
        if len(groups) <= _MOST_GROUPS
        else {},
        latency=latency(lambda: net.closed(resized[0])),
        left_out=reading.left_out,
        warnings=reading.warnings,
    )


def note_missing(reading: Reading, truth: npt.NDArray[np.int64], folders: Sequence[str]) -> None:
    """Note which of the folders, whose numbers ``truth`` holds, gave no picture."""
    for number, name in enumerate(folders):
        if number not in truth:
            reading.note(f"no eye in {name}/: figures that need both kinds are empty")


def resize(image: Picture) -> Picture:
    """Return a patch of any size at the net's, averaging when it shrinks."""
    shrinks = min(image.shape) > SIZE
    return np.asarray(
        cv2.resize(image, (SIZE, SIZE), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR), np.uint8
    )
