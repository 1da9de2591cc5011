"""All records together.

Takes the ``[records]`` table and the steps of a drive, gives a report for ``health``.
"""

import time
from pathlib import Path
from typing import TYPE_CHECKING

from dms.alerts.health import RecordsHealth
from dms.config import RecordSettings
from dms.driver.state import Phase
from dms.sink import DriveInfo, Sink, Step

if TYPE_CHECKING:
    from dms.records.clips import ClipRecorder
    from dms.records.recorder import TraceRecorder

_TELL_S = 0.1
"""Kept of the time for closing, to give up a clip and to say so."""


class Records(Sink):
    """What is kept of a drive, nothing by default. Nothing here waits for the disk but ``stop``.

    Args:
        settings: The ``[records]`` table.
        folder: The state folder.
    """

    def __init__(self, settings: RecordSettings, folder: Path) -> None:
        self._trace = _trace_recorder(settings, folder / "traces") if settings.trace else None
        self._clips = _clip_recorder(settings, folder / "clips") if settings.video else None

    def start(self, info: DriveInfo) -> None:
        """Begin the trace of a session."""
        if self._trace is not None:
            self._trace.start(info.drive, info.session, info.baseline)

    def step(self, step: Step) -> None:
        """Keep what was judged, and the pictures around the start of an alert that is no test."""
        if self._trace is not None and step.event is not None:
            self._trace.write(step.event)
        if self._clips is None:
            return
        if step.frame is not None:
            self._clips.add(step.frame)
        for alert, message in zip(step.alerts, step.messages, strict=True):
            if alert.phase is Phase.START and not message.test:
                self._clips.alert(alert.t, message)

    def report(self) -> RecordsHealth | None:
        """Return how it goes; None where nothing is kept."""
        if self._trace is None and self._clips is None:
            return None
        errors = [part.error for part in (self._trace, self._clips) if part is not None and part.error is not None]
        return RecordsHealth(
            clips=self._clips.clips if self._clips is not None else 0, error="; ".join(errors) if errors else None
        )

    def stop(self, timeout_s: float) -> None:
        """Write what waits, both at once as far as the time allows; what is not kept is reported before it is over."""
        deadline = time.monotonic() + timeout_s - _TELL_S
        if self._clips is not None:
            self._clips.begin_stop()
        if self._trace is not None:
            self._trace.stop(max(0.0, deadline - time.monotonic()))
        if self._clips is not None:
            self._clips.stop(max(0.0, deadline - time.monotonic()))


def _trace_recorder(settings: RecordSettings, folder: Path) -> "TraceRecorder":
    from dms.records.recorder import TraceRecorder  # noqa: PLC0415  # off by default

    return TraceRecorder(folder, settings.trace_mb)


def _clip_recorder(settings: RecordSettings, folder: Path) -> "ClipRecorder":
    from dms.records.clips import ClipRecorder  # noqa: PLC0415  # off by default

    return ClipRecorder(folder, settings)
