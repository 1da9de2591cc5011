"""Writes the trace of a drive while it is driven.

Takes observations and inputs, gives a folder of parts for each session: ``traces/000007/0001.jsonl`` and so on,
numbered because the clock of a Pi is wrong at its start. The disk is touched by a thread of its own. Never blocks, and
never leaves a hole: what cannot be written ends the trace, and a new one begins later.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from dms.driver.baseline import Baseline
from dms.driver.inputs import DriverInput
from dms.observation import Observation
from dms.records.trace import TraceHeader
from dms.records.trace_files import TraceFiles

log = logging.getLogger(__name__)

_WAITING = 1000
"""Most observations that wait for the disk: 30 s at 30 frames a second, about 1 MB."""
_RETRY_S = 60.0


@dataclass(frozen=True, slots=True)
class _NextPart:
    """Begin the next part, with what is known about the driver by now."""

    baseline: Baseline


class TraceRecorder:
    """Records sessions. ``start``, ``write`` and ``stop`` are called from one thread.

    Args:
        folder: Where the traces are; made when absent.
        limit_mb: Most MB (10^6 bytes) that all traces take.
    """

    def __init__(self, folder: Path, limit_mb: float) -> None:
        self._folder = folder
        self._files = TraceFiles(folder, limit_mb * 1e6)
        self._queue: queue.Queue[TraceHeader | _NextPart | Observation | DriverInput | None] = queue.Queue(_WAITING)
        self._drive = self._session = ""
        self._known: Callable[[], Baseline] | None = None
        self._retry_t: float | None = None
        self._broken = threading.Event()
        self._problem = ""
        self._part_full = threading.Event()
        self._thread = threading.Thread(target=self._work, name="trace", daemon=True)
        self._thread.start()

    @property
    def error(self) -> str | None:
        """Why nothing is written now; None when all is."""
        return self._problem if self._broken.is_set() else None

    def start(self, drive: str, session: str, known: Callable[[], Baseline]) -> None:
        """Begin the trace of a session.

        Args:
            drive: What is watched.
            session: Its name; ids of alerts derive from it.
            known: Returns what is known about the driver at the moment.
        """
        self._drive, self._session, self._known = drive, session, known
        self._broken.clear()
        self._part_full.clear()
        self._retry_t = None
        self._offer(TraceHeader(drive, session, known()))

    def write(self, event: Observation | DriverInput) -> None:
        """Write what was seen or heard, once it is judged; returns at once."""
        if self._known is None:
            return
        if self._broken.is_set():
            self._try_again(event.t)
            return
        self._offer(event)
        # what is known holds this event already, so that the next part begins after it
        if self._part_full.is_set():
            self._part_full.clear()
            self._offer(_NextPart(self._known()))

    def stop(self, timeout_s: float) -> None:
        """Write what waits, and end; what takes longer is left behind."""
        deadline = time.monotonic() + timeout_s
        with suppress(queue.Full):
            self._queue.put(None, timeout=timeout_s)
        self._thread.join(max(0.0, deadline - time.monotonic()))

    def _try_again(self, t: float) -> None:
        if self._retry_t is None:
            self._retry_t = t + _RETRY_S
        elif t >= self._retry_t and self._known is not None:
            self.start(self._drive, self._session, self._known)

    def _offer(self, item: TraceHeader | _NextPart | Observation | DriverInput) -> None:
        try:
            self._queue.put_nowait(item)
        except queue.Full:
            self._fail("the disk is too slow")

    def _fail(self, problem: str) -> None:
        if not self._broken.is_set():
            log.warning("trace in %s: %s; tried again in %.0f s", self._folder, problem, _RETRY_S)
        self._problem = problem
        self._broken.set()

    def _work(self) -> None:
        while (item := self._queue.get()) is not None:
            try:
                self._take(item)
            except OSError as error:
                self._close_part()
                self._fail(error.strerror or str(error))
        self._close_part()

    def _take(self, item: TraceHeader | _NextPart | Observation | DriverInput) -> None:
        if isinstance(item, TraceHeader):
            self._files.begin(item)
        elif self._broken.is_set():
            # what was offered before the fault: there would be a hole before it
            self._files.close()
        elif isinstance(item, _NextPart):
            # what still waited for the full part may have asked for the next one twice
            if self._files.full:
                self._files.next_part(item.baseline)
        elif self._files.write(item):
            self._part_full.set()

    def _close_part(self) -> None:
        try:
            self._files.close()
        except OSError as error:
            self._fail(error.strerror or str(error))
