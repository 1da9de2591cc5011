"""Walks recorded drives down the road and writes what came of it.

Takes videos, folders of images or traces, gives ``events.jsonl``, ``trace.jsonl`` and ``summary.json`` for each.
"""

import json
import time
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from dms.alerts.clock import ClockQuality, Stamp
from dms.alerts.encoder import Encoder
from dms.config import Config
from dms.driver.monitor import DriverMonitor
from dms.driver.state import Alert
from dms.errors import UserError
from dms.observation import Observation
from dms.records.trace import TraceWriter, is_trace
from dms.replay.overlay import OverlayWriter
from dms.replay.summary import Summary, Tally
from dms.replay.walk import PictureWalk, TraceWalk, Walk

_COLUMNS = (
    TextColumn("{task.description}"),
    BarColumn(),
    TaskProgressColumn(),
    TimeRemainingColumn(),
)

TRACE = "trace.jsonl"
"""What the trace of a replay is called."""


class Progressed(Protocol):
    """Hears how far a replay has come."""

    def __call__(self, *, completed: float) -> object:
        """``completed``: seconds of the drive that are done."""


def replay_drives(drives: Sequence[Path], config: Config, out: Path, overlay: Path | None = None) -> list[Summary]:
    """Replay drives one after another, with a progress bar on a terminal.

    Args:
        drives: Videos, folders of images, traces or folders of a trace's parts.
        config: Limits and models.
        out: Results of a single drive go here, those of several into a folder each, named after the drive; that of a
            ``trace.jsonl`` after the folder it is in, as every drive has one.
        overlay: Video to draw what was seen into; needs a single drive that has pictures.

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
            walk = TraceWalk(drive) if is_trace(drive) else PictureWalk(drive, config)
            task = progress.add_task(drive.name, total=walk.duration_s)
            try:
                summaries.append(replay(walk, config, folder, overlay, partial(progress.update, task)))
            except OSError as error:
                problem = f"{error.filename or folder}: cannot be written ({error.strerror})"
                raise UserError(f"{problem}: give --out a folder that can be made and written") from error
            progress.remove_task(task)
    return summaries


def _name(drive: Path) -> str:
    return drive.parent.resolve().name if drive.name == TRACE else drive.stem


def replay(
    walk: Walk, config: Config, out: Path, overlay: Path | None = None, progress: Progressed | None = None
) -> Summary:
    """Replay one drive.

    Args:
        walk: The drive.
        config: Limits.
        out: Folder for the results; made when absent. Earlier results in it are replaced.
        overlay: Video to draw what was seen into.
        progress: Hears how far it has come.

    Raises:
        UserError: The drive turns out to be broken; what was judged before that is written.
    """
    started = time.perf_counter()
    encoder = Encoder(config.vehicle.id, walk.header.session, stamp)
    monitor, tally = DriverMonitor(config.driver, walk.header.baseline), Tally()
    out.mkdir(parents=True, exist_ok=True)
    with ExitStack() as files:
        events = files.enter_context((out / "events.jsonl").open("w", encoding="utf-8"))
        # a trace walked again is there already, perhaps in this very folder
        trace = files.enter_context(TraceWriter(out / TRACE, walk.header)) if walk.has_pictures else None
        drawing = files.enter_context(OverlayWriter(overlay)) if overlay is not None else None

        def raised(alerts: Sequence[Alert]) -> None:
            for alert in alerts:
                tally.alert(alert)
                events.write(event_line(encoder, alert, tally.start_t))

        for event, picture in walk.steps():
            if trace is not None:
                trace.write(event)
            if not isinstance(event, Observation):
                heard = monitor.receive(event)
                raised(heard.alerts if heard is not None else ())
                continue
            judgement = monitor.step(event)
            tally.add(event, judgement.state)
            raised(judgement.alerts)
            if drawing is not None and picture is not None:
                drawing.draw(picture, event, judgement.state)
            if progress is not None:
                progress(completed=tally.duration_s)
        raised(monitor.finish("end_of_drive"))
    summary = tally.summary(walk.header.drive, walk.duration_s, walk.stage_ms, time.perf_counter() - started)
    (out / "summary.json").write_text(json.dumps(summary.to_json(), indent=2) + "\n", encoding="utf-8")
    return summary


def event_line(encoder: Encoder, alert: Alert, start_t: float) -> str:
    """One line of ``events.jsonl``: the wire message, with its topic and the seconds since the start of the drive."""
    message = encoder.alert(alert).model_dump(mode="json")
    return json.dumps({"t": round(alert.t - start_t, 6), "topic": encoder.topic(alert), **message}) + "\n"


def stamp(t: float) -> Stamp:
    """A replay does not know the time of day: its drives begin at 1970-01-01T00:00:00Z."""
    return Stamp(t, ClockQuality.UNSYNCHRONISED)
