"""Judges traces under many limits at once.

Takes labelled traces and limits, gives a ``Score`` of each drive under each of them. A trace is read once for many
limits and never held in memory; drives are shared out among the processor's cores.
"""

import multiprocessing
import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dms.config import DriverSettings
from dms.driver.monitor import DriverMonitor
from dms.driver.state import Alert
from dms.errors import WorldError
from dms.observation import Observation
from dms.records.trace import read_trace
from dms.replay.labelled import LabelledDrive
from dms.replay.score import Score, score
from dms.threads import cores

_AT_ONCE = 32
"""Limits under which a trace is judged in one reading: by then the reading costs little."""
_PAYS = 20_000_000
"""Bytes of traces, each counted once for each of the limits, from which another process pays: a second of work."""


@dataclass(frozen=True, slots=True)
class Part:
    """One drive under some of the limits.

    Attributes:
        drive: Which drive, as its place among those given.
        first: Which limits, as the place of the first.
        scores: One for each of them, in their order.
    """

    drive: int
    first: int
    scores: tuple[Score, ...]


def sweep(
    drives: Sequence[LabelledDrive], limits: Sequence[DriverSettings], *, workers: int | None = None
) -> Iterator[Part]:
    """Judge every drive under all limits, in any order.

    Args:
        drives: With their traces.
        limits: One or more.
        workers: Processes; without, one for each core where there is work enough.

    Raises:
        UserError: A trace is broken, or its labels cannot be of it.
        WorldError: A process was killed.
    """
    if workers is None:
        size = sum(_size(drive.file) for drive in drives) * len(limits)
        workers = cores() if size >= _PAYS else 1
    # few drives are shared out by their limits as well
    at_once = max(1, min(_AT_ONCE, -(-len(limits) * len(drives) // workers)))
    works = [
        (number, first, drive, limits[first : first + at_once])
        for first in range(0, len(limits), at_once)
        for number, drive in enumerate(drives)
    ]
    workers = min(workers, len(works))
    if workers <= 1:
        yield from (_judged(*work) for work in works)
        return
    # a fresh process for each: a fork of one that has threads may hang
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _end_with_parent)
    try:
        yield from _finished([pool.submit(_judged, *work) for work in works])
    except BrokenProcessPool as error:
        raise WorldError("a process that judges traces was killed: is there too little memory?") from error
    finally:
        pool.shutdown(cancel_futures=True)


def _end_with_parent() -> None:
    """Let this process end when the one that started it does, however that ends."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def wait() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def _size(trace: Path) -> int:
    return sum(part.stat().st_size for part in (trace.iterdir() if trace.is_dir() else [trace]))


def _finished(futures: Sequence[Future[Part]]) -> Iterator[Part]:
    for future in as_completed(futures):
        yield future.result()


def _judged(number: int, first: int, drive: LabelledDrive, limits: Sequence[DriverSettings]) -> Part:
    duration_s, alerts = judge(drive.file, limits)
    return Part(number, first, tuple(score(list(map(_message, one)), drive.labels, duration_s) for one in alerts))


def judge(trace: Path, limits: Sequence[DriverSettings]) -> tuple[float, list[list[Alert]]]:
    """Judge a trace under all limits side by side.

    Returns:
        Its length in seconds, and for each of the limits the alerts, ``t`` counted from its first observation.

    Raises:
        UserError: It is broken.
    """
    header, events = read_trace(trace)
    monitors = [DriverMonitor(one, header.baseline) for one in limits]
    found: list[list[Alert]] = [[] for _ in limits]
    start_t = last_t = None
    for event in events:
        if isinstance(event, Observation):
            last_t = event.t
            start_t = last_t if start_t is None else start_t
            for monitor, alerts in zip(monitors, found, strict=True):
                alerts.extend(monitor.step(event).alerts)
        else:
            for monitor, alerts in zip(monitors, found, strict=True):
                judgement = monitor.receive(event)
                if judgement is not None:
                    alerts.extend(judgement.alerts)
    begun_t = start_t or 0.0
    moved = [[replace(alert, t=round(alert.t - begun_t, 6)) for alert in alerts] for alerts in found]
    return round((last_t or 0.0) - begun_t, 3), moved


def _message(alert: Alert) -> dict[str, Any]:
    """Return what scoring reads of an alert's message."""
    return {
        "t": alert.t,
        "kind": alert.kind.value,
        "phase": alert.phase.value,
        "level": alert.level.value,
        "event_id": f"{alert.kind}-{alert.episode}",
        "evidence": alert.evidence,
    }
