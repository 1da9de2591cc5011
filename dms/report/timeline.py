"""What a report shows of one drive: curves, spans and marks over its time.

Plain data; seconds count from the start of the drive.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float32]
Times = npt.NDArray[np.float64]

FAST = ("right_eye", "left_eye", "looking_down", "yawn", "yaw", "pitch", "roll")
"""What is drawn of every frame."""
EMOTIONS = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
SLOW = ("perclos", "valid_share", "anger_score", *EMOTIONS)
"""What is an average over seconds already: two points a second say it all."""
EYES = ("right_eye", "left_eye")
DEGREES = ("yaw", "pitch", "roll")


class Lane(StrEnum):
    """A row of spans."""

    LABELS = "labels"
    ALERTS = "alerts"
    CONDITION = "condition"
    EYES = "eyes"


class Wrong(StrEnum):
    """What a mark stands for."""

    MISSED = "missed"
    FALSE = "false alarm"
    FOUND = "found"
    ALERT = "alert"
    """No labels: nobody knows whether it is right."""
    GONE = "no longer false"
    """A false alarm of the run that is compared with, which this one does not have."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time in which one thing holds.

    Attributes:
        lane: Where it is drawn.
        start_s: When it begins.
        end_s: When it ends; the same for a moment.
        text: What holds, in a word or two.
        tone: What its colour stands for; see ``dms.report.look``.
        detail: More, for who asks.
    """

    lane: Lane
    start_s: float
    end_s: float
    text: str
    tone: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment worth jumping to.

    Attributes:
        kind: Why.
        t: When it begins.
        end_s: When it ends.
        text: What happened, in a line.
        changed: What is different from the run that is compared with, None where nothing is.
        picture: The frame of that moment as a ``data:`` address; None where no pictures are wanted.
    """

    kind: Wrong
    t: float
    end_s: float
    text: str
    changed: str | None = None
    picture: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """Numbers over time.

    Attributes:
        t: (n,) seconds, rising.
        values: (n,) numbers for each name, NaN where unknown.
    """

    t: Times
    values: Mapping[str, Values]

    @classmethod
    def none(cls, names: tuple[str, ...]) -> "Curves":
        """Curves without a point."""
        return cls(np.empty(0), {name: np.empty(0, np.float32) for name in names})


@dataclass(frozen=True, slots=True, eq=False)
class Timeline:
    """One run over one drive.

    Attributes:
        duration_s: Length of the drive.
        fast: What was seen in each frame.
        slow: What was judged over seconds.
        spans: In the order of their start.
        marks: What went wrong first, then in the order of time.
        alerts: How many alerts were raised.
        notes: What a person should know of this drive, a line each.
    """

    duration_s: float
    fast: Curves
    slow: Curves
    spans: tuple[Span, ...]
    marks: tuple[Mark, ...] = ()
    alerts: int = 0
    notes: tuple[str, ...] = ()
