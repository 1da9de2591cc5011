"""The model of lids that are down, on labelled patches: the net and the edges together, as the daemon takes them.

Takes a folder with ``closed/`` and ``down/`` images of any size, gives accuracy, the confusion matrix and the latency.
An answer counts as lowered from the driver room's limit on. Whether the lids are down at all is not asked, for every
picture shows such lids, and no bright spot is filled.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dms.config.driver import ClosureSettings
from dms.datasets.layouts import eye_files
from dms.datasets.reading import Reading
from dms.evaluate.eyes import note_missing, resize
from dms.evaluate.metrics import Classification, Latency, auc, classification, latency, table
from dms.models import ModelFile
from dms.perception.eyes import normalise
from dms.perception.lids import LidNet

LABELS = ("shut", "lowered")


@dataclass(frozen=True, slots=True)
class LidsReport:
    """What was measured.

    Attributes:
        data: The folder.
        model: The model file.
        overall: All patches.
        limit: Probability 0..1 from which an answer counts as lowered, ``closure.lowered_limit``.
        auc: Area under the ROC curve of the probability lowered.
        latency: Of one patch, on one thread.
        left_out: Pictures that were not measured on.
        warnings: A line for each reason why, and for whatever else a reader of the figures should know.
    """

    data: str
    model: str
    overall: Classification
    limit: float
    auc: float | None
    latency: Latency
    left_out: int
    warnings: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {"accuracy": self.overall.accuracy, **asdict(self)}

    def text(self) -> str:
        """Return everything for people."""
        area = "-" if self.auc is None else f"{self.auc:.4f}"
        return "\n".join(
            [
                f"{self.model} on {self.data}, lowered from {self.limit:g} on:",
                "",
                table(self.overall),
                "",
                f"AUC {area}",
                self.latency.text(),
            ]
        )


def evaluate(data: Path, model: ModelFile) -> LidsReport:
    """Measure the model.

    Args:
        data: Folder with ``closed/`` and ``down/``.
        model: The shipped model or another with its shapes.

    Raises:
        UserError: The folder is not in this layout, no picture can be read, or the model cannot be run.
    """
    reading, net, limit = Reading(), LidNet(model), ClosureSettings().lowered_limit
    pictures = reading.pictures(eye_files(data, "down"), "lids")
    patches, shut = zip(*((normalise(resize(grey)), closed) for grey, closed in pictures), strict=True)
    answers = np.array([net.lowered([[patch]]) for patch in patches])
    truth = np.array([not closed for closed in shut], np.int64)
    note_missing(reading, truth, ("closed", "down"))
    return LidsReport(
        data=str(data),
        model=str(model.path),
        overall=classification(truth, (answers >= limit).astype(np.int64), LABELS),
        limit=limit,
        auc=auc(truth == 1, answers),
        latency=latency(lambda: net.lowered([[patches[0]]])),
        left_out=reading.left_out,
        warnings=reading.warnings,
    )
