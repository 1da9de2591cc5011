"""The face model on labelled pictures, or on pictures without a face, with the landmark model's second opinion.

Takes a folder with ``labels.csv`` (one driver in each picture), a ``landmarks68_*.csv`` or the folder with it (boxes
from its points), or a folder without boxes (nobody in its pictures); gives the share found, the overlap, the false
faces and the latency. A face counts as the daemon counts it: when the landmark model sees one there too.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dms.config import PerceptionSettings
from dms.errors import UserError
from dms.evaluate.landmarks import marked_faces
from dms.evaluate.layouts import picture_files, read_frames, read_grey
from dms.evaluate.metrics import Latency, latency
from dms.models import ModelFile
from dms.observation import Box
from dms.perception.face import FaceFinder, choose, overlap
from dms.perception.landmarks import Crop, LandmarkNet, face_box

FOUND = 0.4
"""Least intersection over union with the labelled box at which a face counts as found."""


@dataclass(frozen=True, slots=True)
class FaceReport:
    """What was measured.

    Attributes:
        data: The folder or table.
        model: The model file.
        score: Least score at which a face counts.
        pictures: Number of pictures.
        faces: Number of labelled faces; 0 for pictures without a face.
        found: Share 0..1 of labelled faces that overlap a detection enough; None without faces.
        chosen: Share 0..1 of pictures with faces in which the face chosen as the driver's is a labelled one.
        mean_iou: Mean intersection over union of the faces found; None when none was.
        false_faces: Detections that overlap no labelled face enough; right ones too, where not everybody is labelled.
        false_share: Share 0..1 of pictures with at least one of them.
        refused: Detections that the landmark model takes for no face; the daemon calls them unknown.
        refused_faces: Those of them that do overlap a labelled face enough.
        latency: Of the search of a whole picture, shrinking it included, on one thread.
    """

    data: str
    model: str
    score: float
    pictures: int
    faces: int
    found: float | None
    chosen: float | None
    mean_iou: float | None
    false_faces: int
    false_share: float
    refused: int
    refused_faces: int
    latency: Latency

    def to_json(self) -> dict[str, Any]:
        """Everything as plain data."""
        return asdict(self)

    def text(self) -> str:
        """Everything for people."""
        lines = [f"{self.model} on {self.data}, faces from a score of {self.score:g}"]
        if self.found is not None and self.chosen is not None:
            iou = "-" if self.mean_iou is None else f"{self.mean_iou:.3f}"
            lines.append(
                f"found {self.found:.2%} of {self.faces} faces (overlap of {FOUND:g} and more), mean overlap {iou}, "
                f"driver chosen right in {self.chosen:.2%}"
            )
        lines.append(f"false faces: {self.false_faces}, in {self.false_share:.3%} of {self.pictures} pictures")
        lines.append(f"refused by the landmark model: {self.refused}, of which labelled faces: {self.refused_faces}")
        lines.append(self.latency.text())
        return "\n".join(lines)


def evaluate(data: Path, model: ModelFile, landmarks: ModelFile, score: float | None = None) -> FaceReport:
    """Measure the face model.

    Args:
        data: In one of the three layouts above.
        model: The shipped model or another with its shapes.
        landmarks: Gives the second opinion.
        score: Least score at which a face counts; the default of ``perception.face_score`` when None.

    Raises:
        UserError: The data is in none of the layouts, or the model cannot be run.
    """
    settings = PerceptionSettings() if score is None else PerceptionSettings(face_score=score)
    finder, locator, labelled = FaceFinder(model), LandmarkNet(landmarks), labelled_boxes(data)
    overlaps: list[float] = []
    chosen, false, refused = [], [], []
    for file, boxes in labelled.items():
        grey = read_grey(file)
        claims = [d for d in finder.find(grey) if d.score >= settings.face_score]
        found = [d for d in claims if locator.locate(grey, Crop.around_box(d.box)).confidence >= settings.track_score]
        refused += [_matches(d.box, boxes) for d in claims if d not in found]
        overlaps += [max((overlap(d.box, box) for d in found), default=0.0) for box in boxes]
        driver = choose(found, grey.shape, settings, None)
        chosen.append(driver is not None and _matches(driver.box, boxes))
        false.append(sum(not _matches(d.box, boxes) for d in found))
    hits = [o for o in overlaps if o >= FOUND]
    first = read_grey(next(iter(labelled)))
    return FaceReport(
        data=str(data),
        model=str(model.path),
        score=settings.face_score,
        pictures=len(labelled),
        faces=len(overlaps),
        found=len(hits) / len(overlaps) if overlaps else None,
        chosen=float(np.mean(chosen)) if overlaps else None,
        mean_iou=float(np.mean(hits)) if hits else None,
        false_faces=sum(false),
        false_share=float(np.mean([n > 0 for n in false])),
        refused=len(refused),
        refused_faces=sum(refused),
        latency=latency(lambda: finder.find(first)),
    )


def labelled_boxes(data: Path) -> dict[Path, list[Box]]:
    """Every picture with its labelled faces; none of them in pictures without a face.

    Raises:
        UserError: There is no picture, or a table is not in its layout.
    """
    boxes: dict[Path, list[Box]] = {}
    if (data / "labels.csv").is_file():
        for frame in read_frames(data):
            if frame.box is not None:
                boxes[frame.file] = [Box(*frame.box)]
    if boxes:
        return boxes
    tables = sorted(data.glob("landmarks68_*.csv")) if data.is_dir() else [data]
    for table in tables:
        for file, points in marked_faces(table):
            boxes.setdefault(file, []).append(face_box(points))
    if not boxes and data.is_dir():
        return {file: [] for file in picture_files(data)}
    if not boxes:
        raise UserError(f"{data} has no row: nothing to measure on")
    return boxes


def _matches(box: Box, boxes: Sequence[Box]) -> bool:
    return any(overlap(box, other) >= FOUND for other in boxes)
