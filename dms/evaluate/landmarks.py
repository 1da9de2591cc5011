"""The landmark model on faces with 68 marked points.

Takes a ``landmarks68_*.csv`` beside its pictures, or the folder with both; gives the error over the distance of
the outer corners of the eyes, the failure rate and the area under the cumulative error curve (the measures of the
300-W challenge, Sagonas et al. 2013), and the latency. The face is located twice, as the service does on two frames:
from the marked face's box, then from the points that were found.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dms.datasets.layouts import read_landmarks
from dms.datasets.reading import Reading
from dms.errors import UserError
from dms.evaluate.metrics import Latency, latency
from dms.models import ModelFile
from dms.perception.landmarks import Crop, LandmarkNet, face_box

FAILURE = 0.1
"""Normalised error of a face from which it counts as failed."""

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ErrorSummary:
    """Errors of all faces for one way of starting.

    Attributes:
        nme: Mean distance of the 68 points over the distance of the outer eye corners, in percent.
        inner_nme: The same without the jaw (points 17 to 67).
        eyes_nme: The same for the twelve points of the eyes.
        median: Median over the faces of the error of all 68 points, in percent.
        failures: Share 0..1 of faces with an error over 10 %.
        auc: Area under the cumulative error curve up to 10 %, over its largest value, 0..1.
    """

    nme: float
    inner_nme: float
    eyes_nme: float
    median: float
    failures: float
    auc: float


@dataclass(frozen=True, slots=True)
class LandmarksReport:
    """What was measured.

    Attributes:
        data: The table.
        model: The model file.
        faces: Number of faces.
        followed: Errors when the crop comes from the points located before, which is the service's normal state.
        first: Errors when the crop comes from the face's box.
        confident: Share 0..1 of faces with a confidence of 0.5 and more.
        latency: Of one face, cutting the crop included, on one thread.
        left_out: Rows that were not measured on.
        warnings: A line for each reason why, and for whatever else a reader of the figures should know.
    """

    data: str
    model: str
    faces: int
    followed: ErrorSummary
    first: ErrorSummary
    confident: float
    latency: Latency
    left_out: int
    warnings: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain data; ``nme``, ``failures`` and ``auc`` are those of a followed face."""
        return {
            "nme": self.followed.nme,
            "failures": self.followed.failures,
            "auc": self.followed.auc,
            **asdict(self),
        }

    def text(self) -> str:
        """Return everything for people."""
        lines = [f"{self.model} on {self.data}: {self.faces} faces", ""]
        lines.append(f"{'crop from':<14}{'NME':>8}{'inner':>8}{'eyes':>8}{'median':>8}{'failed':>9}{'AUC':>7}")
        for name, errors in (("points before", self.followed), ("box", self.first)):
            shares = "".join(f"{v:>6.2f} %" for v in (errors.nme, errors.inner_nme, errors.eyes_nme, errors.median))
            lines.append(f"{name:<14}{shares}{errors.failures:>9.2%}{errors.auc:>7.3f}")
        lines += [
            "",
            "errors over the distance of the outer eye corners; failed: over 10 %",
            "points before: cut around the points of a first look, as the daemon follows a face from frame to frame; "
            "box: that first look",
            f"confident of {self.confident:.2%}",
            self.latency.text(),
        ]
        return "\n".join(lines)


def evaluate(data: Path, model: ModelFile) -> LandmarksReport:
    """Measure the landmark model.

    Args:
        data: ``landmarks68_*.csv`` with its pictures beside it, or a folder with one or more of them.
        model: The shipped model or another with its shapes.

    Raises:
        UserError: The table is not in this layout or empty, or the model cannot be run.
    """
    net, reading = LandmarkNet(model), Reading()
    faces: list[tuple[Path, npt.NDArray[np.float32]]] = []
    seen = set()
    for file, points in (face for table in landmark_tables(data) for face in marked_faces(table, reading)):
        if (file, points.tobytes()) in seen:
            reading.leave_out(str(file), "rows that repeat another")
        else:
            faces.append((file, points))
        seen.add((file, points.tobytes()))
    if not faces:
        raise UserError(f"{data} has no row with 68 points of a face: nothing to measure on")
    first, followed, confidences = [], [], []
    timed = None
    for grey, truth in reading.pictures(faces, "faces"):
        timed = timed or (grey, Crop.around_landmarks(truth))
        start = net.locate(grey, Crop.around_box(face_box(truth)))
        again = net.locate(grey, Crop.around_landmarks(start.points))
        first.append(point_errors(start.points, truth))
        followed.append(point_errors(again.points, truth))
        confidences.append(again.confidence)
    assert timed is not None
    grey, crop = timed
    return LandmarksReport(
        data=str(data),
        model=str(model.path),
        faces=len(first),
        followed=_summary(np.array(followed)),
        first=_summary(np.array(first)),
        confident=float((np.array(confidences) >= 0.5).mean()),
        latency=latency(lambda: net.locate(grey, crop)),
        left_out=reading.left_out,
        warnings=reading.warnings,
    )


def landmark_tables(data: Path) -> list[Path]:
    """Return the tables that a path stands for: itself, or all ``landmarks68_*.csv`` in a folder.

    Raises:
        UserError: There is none in the folder.
    """
    if not data.is_dir():
        return [data]
    tables = sorted(data.glob("landmarks68_*.csv"))
    if not tables:
        raise UserError(f"folder {data} has no landmarks68_*.csv: see `dms evaluate --help` for the layouts")
    return tables


def marked_faces(table: Path, reading: Reading) -> list[tuple[Path, npt.NDArray[np.float32]]]:
    """Each face of a table: its picture and its (68, 2) points; without eyes apart there is nothing to measure by."""
    marked = read_landmarks(table)
    faces = []
    for file, points in zip(marked.files, marked.points, strict=True):
        if np.isfinite(points).all() and np.linalg.norm(points[36] - points[45]) >= 1:
            faces.append((file, points))
        else:
            reading.leave_out(str(file), "rows with points that are no face")
    return faces


def point_errors(located: npt.NDArray[np.float32], truth: npt.NDArray[np.float32]) -> FloatArray:
    """(68,) distance of each point over that of the outer corners of the eyes in the truth."""
    between = float(np.linalg.norm(truth[36] - truth[45]))
    errors: FloatArray = np.linalg.norm(located - truth, axis=1).astype(np.float64) / max(between, 1e-6)
    return errors


def _summary(errors: FloatArray) -> ErrorSummary:
    """Summary of (faces, 68) normalised errors."""
    faces = errors.mean(1)
    return ErrorSummary(
        nme=100 * float(faces.mean()),
        inner_nme=100 * float(errors[:, 17:].mean()),
        eyes_nme=100 * float(errors[:, 36:48].mean()),
        median=100 * float(np.median(faces)),
        failures=float((faces > FAILURE).mean()),
        # the area under the share of faces below each error is the mean of what each face leaves to the limit
        auc=float(np.clip(1 - faces / FAILURE, 0, 1).mean()),
    )
