"""The files of a replay: its events and its trace.

Take the steps of a drive, write JSON lines.
"""

import json
from pathlib import Path
from typing import TextIO

from dms.alerts.topics import Topics
from dms.records.trace import TraceHeader, TraceWriter
from dms.sink import DriveInfo, Sink, Step

UNFINISHED = "unfinished"
"""Stands beside results whose replay has not come to its end, and is gone once it has."""


class EventsFile(Sink):
    """Writes ``events.jsonl``: each message with its topic and the seconds since the start of the drive.

    Args:
        path: The file; an existing one is replaced when the drive starts.
        topics: Of the messages.
    """

    def __init__(self, path: Path, topics: Topics) -> None:
        self._path = path
        self._topics = topics
        self._file: TextIO | None = None
        self._start_t: float | None = None

    def start(self, info: DriveInfo) -> None:
        """Open the file."""
        self._file = self._path.open("w", encoding="utf-8")

    def step(self, step: Step) -> None:
        """Write the alerts."""
        if self._start_t is None and step.observation is not None:
            self._start_t = step.observation.t
        if self._file is None or not step.alerts:
            return
        for alert, message in zip(step.alerts, step.messages, strict=True):
            t = round(alert.t - (self._start_t or 0.0), 6)
            line = {"t": t, "topic": self._topics.alert(alert.kind), **message.model_dump(mode="json")}
            self._file.write(json.dumps(line) + "\n")

    def stop(self, timeout_s: float) -> None:
        """Write what is in memory, and close."""
        if self._file is not None:
            self._file.close()


class TraceFile(Sink):
    """Writes ``trace.jsonl``: what was seen and heard.

    Args:
        path: The file; an existing one is replaced when the drive starts.
        header: What the trace is of.
    """

    def __init__(self, path: Path, header: TraceHeader) -> None:
        self._path = path
        self._header = header
        self._writer: TraceWriter | None = None

    def start(self, info: DriveInfo) -> None:
        """Open the file."""
        self._writer = TraceWriter(self._path, self._header)

    def step(self, step: Step) -> None:
        """Write what was judged."""
        if self._writer is not None and step.event is not None:
            self._writer.write(step.event)

    def stop(self, timeout_s: float) -> None:
        """Write what is in memory, and close."""
        if self._writer is not None:
            self._writer.close()
