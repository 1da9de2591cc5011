"""All records together.

Takes the ``[records]`` table, and what the road sees, hears and raises; gives a report for ``health``.
"""

import time
from collections.abc import Callable
from pathlib import Path

from dms.alerts.messages import AlertMessage, RecordsHealth
from dms.config import RecordSettings
from dms.driver.baseline import Baseline
from dms.driver.inputs import DriverInput
from dms.driver.state import Phase
from dms.frames import Frame
from dms.observation import Observation
from dms.records.clips import ClipRecorder
from dms.records.recorder import TraceRecorder

_TELL_S = 0.1
"""Kept of the time for closing, to give up a clip and to say so."""


class Records:
    """What is kept of a drive, nothing by default. Nothing here waits for the disk but ``close``.

    Args:
        settings: The ``[records]`` table.
        folder: The state folder.
    """

    def __init__(self, settings: RecordSettings, folder: Path) -> None:
        self._trace = TraceRecorder(folder / "traces", settings.trace_mb) if settings.trace else None
        self._clips = ClipRecorder(folder / "clips", settings) if settings.video else None

    def begin(self, drive: str, session: str, known: Callable[[], Baseline]) -> None:
        """Begin the trace of a session; see ``TraceRecorder.begin``."""
        if self._trace is not None:
            self._trace.begin(drive, session, known)

    def judged(self, event: Observation | DriverInput) -> None:
        """Keep what is judged."""
        if self._trace is not None:
            self._trace.write(event)

    def see(self, frame: Frame) -> None:
        """Keep a frame for as long as an alert may want it."""
        if self._clips is not None:
            self._clips.see(frame)

    def alert(self, t: float, message: AlertMessage) -> None:
        """Keep the pictures around the start of an alert at ``t`` on the frames' clock."""
        if self._clips is not None and message.phase is Phase.START:
            self._clips.alert(t, message)

    def health(self) -> RecordsHealth | None:
        """How it goes; None where nothing is kept."""
        if self._trace is None and self._clips is None:
            return None
        errors = [part.error for part in (self._trace, self._clips) if part is not None and part.error is not None]
        return RecordsHealth(
            clips=self._clips.clips if self._clips is not None else 0, error="; ".join(errors) if errors else None
        )

    def close(self, timeout_s: float) -> None:
        """Write what waits, both at once and as far as the time allows; what is not kept is told before it is over."""
        deadline = time.monotonic() + timeout_s - _TELL_S
        if self._clips is not None:
            self._clips.end()
        if self._trace is not None:
            self._trace.close(max(0.0, deadline - time.monotonic()))
        if self._clips is not None:
            self._clips.close(max(0.0, deadline - time.monotonic()))
