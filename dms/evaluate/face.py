"""The face model on labelled pictures, or on pictures without a face, with the landmark model's second opinion.

Takes a folder with ``labels.csv`` (one driver in each picture), a ``landmarks68_*.csv`` or the folder with it (boxes
from its points), or a folder without boxes (nobody in its pictures); gives the share found, the overlap, the false
faces and the latency. A face counts as the daemon counts it: when the landmark model sees one there too.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from dms.config import PerceptionSettings
from dms.datasets.layouts import folder_of, read_frames
from dms.datasets.pictures import named, picture_files
from dms.datasets.reading import Reading
from dms.errors import UserError
from dms.evaluate.landmarks import marked_faces
from dms.evaluate.metrics import Latency, latency
from dms.models import ModelFile
from dms.observation import Box
from dms.perception.face import FaceDetector, faint, overlap, select_driver
from dms.perception.landmarks import Crop, LandmarkNet, face_box
from dms.perception.search import FaceSearch

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
        left_out: Pictures and rows that were not measured on.
        warnings: A line for each reason why, and for whatever else a reader of the figures should know.
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
    left_out: int
    warnings: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return asdict(self)

    def text(self) -> str:
        """Return everything for people."""
        lines = [f"{self.model} on {self.data}, faces from a score of {self.score:g}"]
        if self.found is not None and self.chosen is not None:
            iou = "-" if self.mean_iou is None else f"{self.mean_iou:.3f}"
            lines.append(
                f"found {self.found:.2%} of {self.faces} faces (overlap of {FOUND:g} and more), mean overlap {iou}, "
                f"driver chosen right in {self.chosen:.2%}"
            )
        else:
            lines.append("no boxes: every picture is taken as one without a face")
        lines.append(f"false faces: {self.false_faces}, in {self.false_share:.3%} of {self.pictures} pictures")
        lines.append(f"refused by the landmark model: {self.refused}, of which labelled faces: {self.refused_faces}")
        lines.append(self.latency.text())
        return "\n".join(lines)


def evaluate(data: Path, model: ModelFile, landmarks: ModelFile, score: float | None = None) -> FaceReport:
    """Measure the face model.

    Args:
        data: In one of the three layouts above.
        model: The shipped model or another with its shapes.
        landmarks: The model that gives the second opinion.
        score: Least score at which any face counts; the defaults of ``perception.face_score`` and ``faint_score``
            when None.

    Raises:
        UserError: The data is in none of the layouts, or the model cannot be run.
    """
    settings = PerceptionSettings() if score is None else PerceptionSettings(face_score=score, faint_score=score)
    finder, locator, reading = FaceDetector(model), LandmarkNet(landmarks), Reading()
    search = FaceSearch(finder.find, locator.locate, settings, locator.confidences.sure_again)
    first = None
    overlaps: list[float] = []
    chosen, false, refused = [], [], []
    for grey, boxes in reading.pictures(list(labelled_boxes(data, reading).items()), "pictures"):
        first = grey if first is None else first
        detections = finder.find(grey)
        claims = [d for d in detections if d.score >= settings.face_score]
        found = [d for d in claims if search.confirms(locator.locate(grey, Crop.around_box(d.box)))]
        refused += [_matches(d.box, boxes) for d in claims if d not in found]
        driver = select_driver(found, grey.shape, settings, None)
        if not claims:
            best = search.best(grey, faint(detections, grey.shape, settings, None))
            driver, found = (None, []) if best is None else (best[0], [best[0]])
        overlaps += [max((overlap(d.box, box) for d in found), default=0.0) for box in boxes]
        chosen.append(driver is not None and _matches(driver.box, boxes))
        false.append(sum(not _matches(d.box, boxes) for d in found))
    hits = [o for o in overlaps if o >= FOUND]
    assert first is not None
    return FaceReport(
        data=str(data),
        model=str(model.path),
        score=settings.face_score,
        pictures=len(false),
        faces=len(overlaps),
        found=len(hits) / len(overlaps) if overlaps else None,
        chosen=float(np.mean(chosen)) if overlaps else None,
        mean_iou=float(np.mean(hits)) if hits else None,
        false_faces=sum(false),
        false_share=float(np.mean([n > 0 for n in false])),
        refused=len(refused),
        refused_faces=sum(refused),
        latency=latency(partial(finder.find, first)),
        left_out=reading.left_out,
        warnings=reading.warnings,
    )


def labelled_boxes(data: Path, reading: Reading) -> dict[Path, list[Box]]:
    """Return every picture with its labelled faces; none of them in pictures without a face.

    Raises:
        UserError: There is no picture, or a table is not in its layout.
    """
    data = folder_of(data)
    labels = named(data, "labels.csv")
    boxes = _boxes_of_labels(data, reading) if labels.is_file() else {}
    tables = sorted(data.glob("landmarks68_*.csv")) if data.is_dir() else [data]
    if not boxes:
        for table in tables:
            for file, points in marked_faces(table, reading):
                _add(boxes, file, face_box(points))
    if boxes:
        return boxes
    if tables:
        raise UserError(f"{tables[0]} has no row with 68 points of a face: nothing to measure on")
    if labels.is_file():
        reading.note(f"{labels} has no boxes (x,y,w,h): every picture is taken as one without a face")
    for table in sorted([*data.glob("*/labels.csv"), *data.glob("*/landmarks68_*.csv")]):
        raise UserError(f"{data} has no labels, but there is {table}: give its folder")
    return {file: [] for file in picture_files(data)}


def _boxes_of_labels(data: Path, reading: Reading) -> dict[Path, list[Box]]:
    boxes: dict[Path, list[Box]] = {}
    frames = read_frames(data)
    if not frames:
        raise UserError(f"{data}: labels.csv has no row: nothing to measure on")
    for frame in frames:
        if frame.box is not None:
            _add(boxes, frame.file, Box(*frame.box))
    for frame in frames:
        if boxes and frame.box is None:
            reading.leave_out(str(frame.file), "rows without a box")
    return boxes


def _add(boxes: dict[Path, list[Box]], file: Path, box: Box) -> None:
    """One more face of a picture; the same one again, in another row or table, is no more."""
    faces = boxes.setdefault(file, [])
    if box not in faces:
        faces.append(box)


def _matches(box: Box, boxes: Sequence[Box]) -> bool:
    return any(overlap(box, other) >= FOUND for other in boxes)
