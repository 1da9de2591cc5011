"""Walks recorded drives down the road and writes what came of it.

Takes videos, folders of images or traces, gives ``events.jsonl``, ``trace.jsonl`` and ``summary.json`` for each.
"""

import json
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from dms.alerts.clock import ClockQuality, Stamp
from dms.alerts.encoder import Encoder
from dms.config import Config
from dms.driver.monitor import DriverMonitor
from dms.errors import UserError
from dms.records.trace import is_trace
from dms.replay.files import UNFINISHED, EventsFile, TraceFile
from dms.replay.overlay import OverlayWriter
from dms.replay.summary import Summary, Tally
from dms.replay.walk import DriveReader, TraceReader, VideoReader
from dms.road import Road
from dms.sink import Sink

_COLUMNS = (
    TextColumn("{task.description}"),
    BarColumn(),
    TaskProgressColumn(),
    TimeRemainingColumn(),
)

TRACE = "trace.jsonl"
"""What the trace of a replay is called."""


_STOP_S = 60.0
"""Time that a slow disk has for the end of the files."""


class Progressed(Protocol):
    """Hears how far a replay has come."""

    def __call__(self, *, completed: float) -> object:
        """``completed``: seconds of the drive that are done."""


def replay_drives(
    drives: Sequence[Path],
    config: Config,
    out: Path,
    overlay: Path | None = None,
    sinks: Sequence[Sink] = (),
    *,
    fps: float | None = None,
    track: int | None = None,
) -> list[Summary]:
    """Replay drives one after another, with a progress bar on a terminal.

    Args:
        drives: Videos, folders of images, traces or folders of a trace's parts.
        config: Limits and models.
        out: Results of a single drive go here, those of several into a folder each, named after the drive; that of a
            ``trace.jsonl`` after the folder it is in, as every drive has one.
        overlay: Video to draw what was seen into; needs a single drive that has pictures.
        sinks: Told of each drive as well, after the files of the replay; ``start`` and ``stop`` once for each drive.
        fps: Pictures per second, instead of the times that the videos state.
        track: Which picture track of each video, counted from 1; the largest without.

    Raises:
        UserError: A drive cannot be read, the results cannot be written, two drives share a name, or there can be no
            overlay.
    """
    folders = [out] if len(drives) == 1 else [out / _name(drive) for drive in drives]
    if len(set(folders)) < len(folders):
        raise UserError("two drives have the same name: replay them into different folders")
    if overlay is not None and (len(drives) != 1 or is_trace(drives[0])):
        raise UserError("--overlay needs a single drive that has pictures")
    summaries = []
    console = Console(stderr=True)
    with Progress(*_COLUMNS, console=console, transient=True, disable=not console.is_terminal) as progress:
        for drive, folder in zip(drives, folders, strict=True):
            reader = TraceReader(drive) if is_trace(drive) else VideoReader(drive, config, fps=fps, track=track)
            task = progress.add_task(drive.name, total=reader.duration_s)
            try:
                summaries.append(replay(reader, config, folder, overlay, partial(progress.update, task), sinks))
            except OSError as error:
                problem = f"{error.filename or folder}: cannot be written ({error.strerror})"
                raise UserError(f"{problem}: give --out a folder that can be made and written") from error
            progress.remove_task(task)
    return summaries


def _name(drive: Path) -> str:
    return drive.parent.resolve().name if drive.name == TRACE else drive.stem


def replay(
    drive: DriveReader,
    config: Config,
    out: Path,
    overlay: Path | None = None,
    progress: Progressed | None = None,
    sinks: Sequence[Sink] = (),
) -> Summary:
    """Replay one drive.

    Args:
        drive: The drive.
        config: Limits.
        out: Folder for the results; made when absent. Earlier results in it are replaced.
        overlay: Video to draw what was seen into.
        progress: Hears how far it has come.
        sinks: Told as well, after the files.

    Raises:
        UserError: The drive turns out to be broken; what was judged before that is written.
    """
    started = time.perf_counter()
    encoder = Encoder(config.vehicle.id, drive.header.session, stamp)
    monitor, tally = DriverMonitor(config.driver, drive.header.baseline), Tally()
    out.mkdir(parents=True, exist_ok=True)
    # until the end the results are marked: a replay that was interrupted must not be scored beside an older summary
    unfinished = out / UNFINISHED
    unfinished.touch()
    (out / "summary.json").unlink(missing_ok=True)
    own: list[Sink] = [tally, EventsFile(out / "events.jsonl", encoder.topics)]
    if drive.has_pictures:
        # a trace walked again is there already, perhaps in this very folder
        own.append(TraceFile(out / TRACE, drive.header))
    if overlay is not None:
        own.append(OverlayWriter(overlay, lambda: drive.landmarks))
    road = Road(drive.observe, monitor, encoder, [*own, *sinks], _raise)
    try:
        road.start(drive.header.drive)
        for moment in drive.moments():
            road.step(moment)
            if progress is not None:
                progress(completed=tally.duration_s)
        road.finish("end_of_drive")
    finally:
        road.stop(_STOP_S)
    summary = tally.summary(drive.header.drive, drive.report, drive.stage_ms(), time.perf_counter() - started)
    partial_summary = out / "summary.json.partial"
    partial_summary.write_text(json.dumps(summary.to_json(), indent=2) + "\n", encoding="utf-8")
    partial_summary.replace(out / "summary.json")
    unfinished.unlink()
    return summary


def _raise(_sink: Sink, error: Exception) -> None:
    """Results that cannot be written end a replay: nobody is at risk, and half a result helps nobody."""
    raise error


def stamp(t: float) -> Stamp:
    """A replay does not know the time of day: its drives begin at 1970-01-01T00:00:00Z."""
    return Stamp(t, ClockQuality.UNSYNCHRONISED)
