"""What the road walks of a recorded drive, and the quick way to it: along a trace.

Takes a trace's path, gives what was seen and heard, in order of time. ``dms.replay.video`` reads pictures.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from dms.driver.inputs import DriverInput
from dms.frames import Frame
from dms.frames.report import RecordingReport
from dms.observation import Observation
from dms.records.trace import TraceHeader, read_trace

Moment = Frame | Observation | DriverInput
"""What the road walks."""


class DriveReader(Protocol):
    """A drive that can be walked once.

    Attributes:
        header: Names the drive.
        has_pictures: False for a trace.
        report: What became of the pictures of a recording, once walked; None for a trace.
    """

    header: TraceHeader
    has_pictures: bool
    report: RecordingReport | None

    @property
    def duration_s(self) -> float | None:
        """Length in seconds when it is known."""
        ...

    @property
    def landmarks(self) -> npt.NDArray[np.float32] | None:
        """(68, 2) points of the last frame in pixels; None without a face."""
        ...

    def moments(self) -> Iterator[Moment]:
        """Yield what the road walks."""
        ...

    def observe(self, frame: Frame) -> Observation:
        """See a frame of this drive."""
        ...

    def stage_ms(self) -> dict[str, float]:
        """Return the mean milliseconds a run of each stage of perception so far."""
        ...


class TraceReader:
    """A trace: what was seen before, thousands of times faster.

    Raises:
        UserError: The file is missing or no trace.
    """

    has_pictures = False
    duration_s: float | None = None
    report: RecordingReport | None = None
    landmarks: npt.NDArray[np.float32] | None = None

    def __init__(self, drive: Path) -> None:
        self.header, self._events = read_trace(drive)

    def moments(self) -> Iterator[Moment]:
        """Yield every line."""
        return self._events

    def observe(self, frame: Frame) -> Observation:
        """Never called: a trace holds no frames.

        Raises:
            TypeError: It was.
        """
        raise TypeError(f"a trace holds no frame, and none of t={frame.t}")

    def stage_ms(self) -> dict[str, float]:
        """Nothing was measured."""
        return {}
