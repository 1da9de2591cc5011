"""The files of a trace on a disk with a bound: a folder for each session, numbered parts in it, the oldest go first.

Takes the header of a session and its observations in order of time. Holds the limit on all traces together; whoever
calls it has the time.
"""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from dms.driver.baseline import Baseline
from dms.driver.inputs import DriverInput
from dms.observation import Observation
from dms.records.folder import check_free, make_room, private_folder
from dms.records.trace import TraceHeader, TraceWriter, part_name

_PARTS = 8
"""A part takes this share of the limit: what is removed at a time is small."""
_CHECK_BYTES = 1_000_000
"""How many bytes are written between two looks at the room on the disk: every five minutes or so."""


class TraceFiles:
    """Writes the parts of one session after another. Every method may raise ``OSError``.

    Args:
        folder: Where the traces are; made when absent.
        limit_bytes: Most bytes that all traces take.
    """

    def __init__(self, folder: Path, limit_bytes: float) -> None:
        self._folder = folder
        self._limit_bytes = limit_bytes
        self._part_bytes = limit_bytes / _PARTS
        self._writer: TraceWriter | None = None
        self._header = TraceHeader("", "")
        self._run = folder
        self._part = self._checked = 0

    @property
    def full(self) -> bool:
        """Whether the next part is due; False while none is open."""
        return self._writer is not None and self._writer.size >= self._part_bytes

    def begin(self, header: TraceHeader) -> None:
        """Begin the trace of a session with its first part."""
        self.close()
        self._header = header
        private_folder(self._folder)
        number = max((int(run.name) for run in self._runs()), default=0) + 1
        self._run, self._part = private_folder(self._folder / f"{number:06d}"), 0
        self._open(header)

    def next_part(self, baseline: Baseline) -> None:
        """Begin the next part of the session.

        Args:
            baseline: What is known about the driver by now.
        """
        self.close()
        self._open(replace(self._header, baseline=baseline))

    def write(self, event: Observation | DriverInput) -> bool:
        """Write what was seen or heard; returns whether the next part is due. Writes nothing while no part is open."""
        if self._writer is None:
            return False
        if self._writer.size >= self._checked + _CHECK_BYTES:
            self._checked = self._writer.size
            check_free(self._folder, _CHECK_BYTES)
        self._writer.write(event)
        return self.full

    def close(self) -> None:
        """End the part that is open, if one is."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()

    def _open(self, header: TraceHeader) -> None:
        # with the part that begins, and the observations that wait while it ends, the limit holds
        make_room(self._parts(), self._limit_bytes - 1.25 * self._part_bytes)
        for run in self._runs():
            if run != self._run:
                with suppress(OSError):
                    run.rmdir()
        check_free(self._folder, _CHECK_BYTES)
        self._checked = 0
        self._part += 1
        self._writer = TraceWriter(self._run / part_name(self._part), header, private=True)

    def _runs(self) -> list[Path]:
        return sorted((run for run in self._folder.iterdir() if run.name.isdigit()), key=lambda run: int(run.name))

    def _parts(self) -> list[Path]:
        return [part for run in self._runs() for part in sorted(run.glob("*.jsonl"))]
