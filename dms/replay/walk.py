"""Two ways to walk a drive up to the driver room: through its pictures, or along its trace.

Takes a drive's path, gives what the driver room takes, in order of time.
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from dms.config import Config
from dms.driver.inputs import DriverInput
from dms.frames import Image
from dms.frames.source import open_recording
from dms.observation import Observation
from dms.perception.perception import Perception
from dms.records.trace import TraceHeader, read_trace

# ids of a replay derive from the drive's name, so that two replays of a drive give the same events
_SESSIONS = uuid.UUID("8c6f7c3e-3d0c-4f0e-9a57-2f3b7f5f6d10")


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """What an overlay needs of a frame: (height, width, 3) or (height, width) pixels, and (68, 2) points or None."""

    image: Image
    landmarks: npt.NDArray[np.float32] | None


Step = tuple[Observation | DriverInput, Picture | None]


class Walk(Protocol):
    """A drive that can be walked once.

    Attributes:
        header: Names the drive.
        has_pictures: False for a trace.
        stage_ms: Mean milliseconds a run of each stage of perception, once walked.
    """

    header: TraceHeader
    has_pictures: bool
    stage_ms: dict[str, float]

    @property
    def duration_s(self) -> float | None:
        """Length in seconds when it is known."""
        ...

    def steps(self) -> Iterator[Step]:
        """What the driver room takes, with the picture where there is one."""
        ...


class PictureWalk:
    """A video or a folder of images, seen by perception."""

    has_pictures = True

    def __init__(self, drive: Path, config: Config) -> None:
        self._source = open_recording(drive, config.camera)
        self._perception = Perception(config.perception)
        self.header = TraceHeader(self._source.name, str(uuid.uuid5(_SESSIONS, self._source.name)))
        self.duration_s = self._source.duration_s
        self.stage_ms: dict[str, float] = {}

    def steps(self) -> Iterator[Step]:
        """See every frame."""
        for frame in self._source.frames():
            observation = self._perception.observe(frame)
            yield observation, Picture(frame.image, self._perception.landmarks)
        self.stage_ms = {name: round(taken.mean_ms, 3) for name, taken in self._perception.take_times().items()}


class TraceWalk:
    """A trace: what was seen before, thousands of times faster."""

    has_pictures = False
    duration_s: float | None = None

    def __init__(self, drive: Path) -> None:
        self.header, self._events = read_trace(drive)
        self.stage_ms: dict[str, float] = {}

    def steps(self) -> Iterator[Step]:
        """Read every line."""
        for event in self._events:
            yield event, None
