"""The mouth model on labelled pictures, through the whole chain: face, landmarks, mouth.

Takes a folder with pictures and ``labels.csv`` (``file,yawn,...``), gives accuracy, the confusion matrix and the
latency. A face that is not found or a mouth that cannot be judged is "unknown", reported both ways: counted as wrong,
and left out with its share stated.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dms.config import PerceptionSettings
from dms.datasets.layouts import folder_of, read_frames
from dms.datasets.reading import Reading
from dms.errors import UserError
from dms.evaluate.metrics import Classification, Latency, auc, classification, judged_accuracy, judged_text, latency
from dms.models import ModelFile
from dms.perception.face import FaceDetector, select_driver
from dms.perception.landmarks import Crop, LandmarkNet
from dms.perception.mouth import MouthNet, mouth_patch

LABELS = ("shut", "yawn")
"""As the model names them: shut is every mouth that does not yawn."""
_UNKNOWN = 2


@dataclass(frozen=True, slots=True)
class MouthReport:
    """What was measured.

    Attributes:
        data: The folder.
        model: The model file.
        overall: All pictures; unknown counts as a wrong answer and stands in the confusion matrix' last column.
        known: The pictures that were judged; None when none was.
        no_face: Share 0..1 of pictures without a face that could be located.
        unknown: Share 0..1 of pictures without an answer, those without a face included.
        auc: Area under the ROC curve of the probability of a yawn, over the pictures that were judged.
        latency: Of one mouth, cutting the patch included, on one thread; None when no face was found.
        left_out: Pictures and rows that were not measured on.
        warnings: A line for each reason why, and for whatever else a reader of the figures should know.
    """

    data: str
    model: str
    overall: Classification
    known: Classification | None
    no_face: float
    unknown: float
    auc: float | None
    latency: Latency | None
    left_out: int
    warnings: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain data; ``accuracy`` counts unknown as wrong."""
        return {**judged_accuracy(self.overall, self.known), **asdict(self)}

    def text(self) -> str:
        """Return everything for people."""
        lines = judged_text(
            f"{self.model} on {self.data}",
            self.overall,
            self.known,
            f"unknown {self.unknown:.2%} (no face {self.no_face:.2%})",
            self.auc,
        )
        if self.latency is not None:
            lines.append(self.latency.text())
        return "\n".join(lines)


def evaluate(data: Path, face: ModelFile, landmarks: ModelFile, mouth: ModelFile) -> MouthReport:
    """Measure the mouth model behind the face and landmark models.

    Args:
        data: Folder with ``labels.csv`` and its pictures, or that file.
        face: Finds the face.
        landmarks: Locates its points, twice, as on two frames of the service.
        mouth: The model that is measured.

    Raises:
        UserError: The folder is not in this layout or has no ``yawn`` label, or a model cannot be run.
    """
    settings = PerceptionSettings()
    finder, locator, net = FaceDetector(face), LandmarkNet(landmarks), MouthNet(mouth)
    reading = Reading()
    truths: list[bool] = []
    answers: list[float | None] = []
    faces, first_face = 0, None
    for grey, yawn in reading.pictures(_frames(data, reading), "pictures"):
        truths.append(yawn)
        found = select_driver(finder.find(grey), grey.shape, settings, None)
        if found is None:
            answers.append(None)
            continue
        first = locator.locate(grey, Crop.around_box(found.box))
        points = locator.locate(grey, Crop.around_landmarks(first.points)).points
        faces += 1
        first_face = first_face or (grey, points)
        answers.append(net.yawn(mouth_patch(grey, points)))
    truth = np.array(truths, np.int64)
    verdicts = np.array([_UNKNOWN if a is None else int(a >= 0.5) for a in answers])
    known = verdicts != _UNKNOWN
    return MouthReport(
        data=str(data),
        model=str(mouth.path),
        overall=classification(truth, verdicts, LABELS, unknown=True),
        known=classification(truth[known], verdicts[known], LABELS) if known.any() else None,
        no_face=1 - faces / len(truths),
        unknown=float((~known).mean()),
        auc=auc(truth[known] == 1, np.array([a for a in answers if a is not None])) if known.any() else None,
        latency=latency(lambda: net.yawn(mouth_patch(*first_face))) if first_face else None,
        left_out=reading.left_out,
        warnings=reading.warnings,
    )


def _frames(data: Path, reading: Reading) -> list[tuple[Path, bool]]:
    """Return each labelled picture once, and whether its driver yawns."""
    labels: dict[Path, bool] = {}
    contradicted = set()
    for frame in read_frames(folder_of(data)):
        if frame.yawn is None:
            reading.leave_out(str(frame.file), "rows without a yawn label")
        elif frame.file not in labels:
            labels[frame.file] = frame.yawn
        elif frame.yawn == labels[frame.file]:
            reading.leave_out(str(frame.file), "rows that repeat another")
        else:
            contradicted.add(frame.file)
    for file in sorted(contradicted):
        del labels[file]
        reading.leave_out(str(file), "pictures labelled as yawn and as no yawn")
    if not labels:
        raise UserError(f"{data}: labels.csv has no row with a yawn label: nothing to measure on")
    return list(labels.items())
