"""Reads a drive through its pictures: what the road walks, in order of time.

Takes a video, its parts, or a folder of images, gives frames, and observations of what could not be seen.
"""

import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dms.config import Config
from dms.frames import Frame
from dms.frames.joined import JoinedRecording
from dms.frames.recording import Recording
from dms.frames.report import RecordingReport
from dms.frames.source import open_parts, open_recording
from dms.observation import Observation, View
from dms.perception.perception import Perception
from dms.records.trace import TraceHeader
from dms.replay.walk import Moment

# ids of a replay derive from the drive's name, so that two replays of a drive give the same events
_SESSIONS = uuid.UUID("8c6f7c3e-3d0c-4f0e-9a57-2f3b7f5f6d10")

_UNSEEN_S, _LONG_UNSEEN_S, _MINUTE_S = 0.25, 10.0, 60.0


class VideoReader:
    """A video or a folder of images, seen by perception.

    Args:
        drive: The file or folder.
        config: How it is read and seen.
        name: What the drive is called; the name of the file without.
        fps: Pictures per second, instead of the times that the recording states.
        track: Which picture track of a video, counted from 1; the largest without.
        threads: Threads that decode a video; 0 chooses by its size.
        parts: The videos that make up the drive, where it is a folder of them.

    Raises:
        UserError: The drive or a model cannot be used.
    """

    has_pictures = True

    def __init__(
        self,
        drive: Path,
        config: Config,
        *,
        name: str | None = None,
        fps: float | None = None,
        track: int | None = None,
        threads: int = 0,
        parts: Sequence[Path] = (),
    ) -> None:
        name = name or drive.name
        self._source: Recording | JoinedRecording = (
            open_parts(name, parts, config.camera, fps=fps, track=track, threads=threads)
            if parts
            else open_recording(drive, config.camera, fps=fps, track=track, threads=threads)
        )
        self._stall_s = config.camera.stall_s
        self.report: RecordingReport | None = None
        self._perception = Perception(config.perception)
        self.header = TraceHeader(name, str(uuid.uuid5(_SESSIONS, name)))
        self.duration_s = self._source.duration_s

    @property
    def landmarks(self) -> npt.NDArray[np.float32] | None:
        """(68, 2) points of the last frame in pixels; None without a face."""
        return self._perception.landmarks

    def moments(self) -> Iterator[Moment]:
        """Every frame; where the recording has none, nobody was looked at, and this is reported as by the daemon."""
        last_t, begun = 0.0, False
        for frame in self._source.frames():
            if not begun and frame.t > 0.0:
                yield Observation(0.0, View.LOST)
            begun = True
            for t in unseen(last_t, frame.t, self._stall_s):
                yield Observation(t, View.LOST)
            last_t = frame.t
            yield frame
        self.report = self._source.report
        end_t = self.report.end_t
        if end_t - last_t >= self._stall_s:
            for t in (*unseen(last_t, end_t, self._stall_s), end_t):
                yield Observation(t, View.LOST)

    def observe(self, frame: Frame) -> Observation:
        """See a frame."""
        return self._perception.observe(frame)

    def stage_ms(self) -> dict[str, float]:
        """Return the mean milliseconds a run of each stage of perception, since the last call."""
        return {name: round(taken.mean_ms, 3) for name, taken in self._perception.take_times().items()}


def unseen(last_t: float, t: float, stall_s: float) -> Iterator[float]:
    """Yield the moments between two pictures, seconds, at which the daemon would report that it has none.

    Four a second in the first minute, then one in ten seconds: by then nothing that was measured counts any more.
    """
    moment = last_t + stall_s
    while moment < t:
        yield round(moment, 6)
        moment += _UNSEEN_S if moment - last_t < _MINUTE_S else _LONG_UNSEEN_S
