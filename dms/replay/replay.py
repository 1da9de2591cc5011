"""Walks recorded drives down the road and writes what came of it.

Takes videos, folders of images or traces, gives ``events.jsonl``, ``trace.jsonl`` and ``summary.json`` for each.
"""

import json
import time
import traceback
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from dms.alerts.clock import ClockQuality, Stamp
from dms.alerts.encoder import Encoder
from dms.config import Config
from dms.driver.monitor import DriverMonitor
from dms.errors import UserError, WorldError
from dms.records.trace import is_trace
from dms.replay.aside import aside
from dms.replay.drives import TRACE, Drive, find_drives, overlay_in
from dms.replay.files import UNFINISHED, EventsFile, TraceFile
from dms.replay.harm import check_overlay, check_trace
from dms.replay.labels import Label, in_order
from dms.replay.origin import Origin, origin, program, same, seen_by, seen_in
from dms.replay.states import STATES, StatesFile
from dms.replay.summary import Summary, Tally
from dms.replay.tables import publish
from dms.replay.walk import DriveReader, TraceReader
from dms.road import Road
from dms.sink import Sink

_TELL_EVERY = 16
"""Moments between two words on how far a drive is: of a trace, they are microseconds apart."""
_STOP_S = 60.0
"""Time that a slow disk has for the end of the files."""


class Progressed(Protocol):
    """Hears how far a replay has come."""

    def __call__(self, *, completed: float, duration_s: float | None) -> object:
        """``completed``: seconds of the drive that are done; ``duration_s``: its length where it is known."""


@dataclass(frozen=True, slots=True)
class Job:
    """One drive to be replayed, as plain data that another process can read.

    Attributes:
        drive: The drive.
        folder: Where its results go.
        config: Limits and models.
        program: What replays it, from ``origin.program``.
        fps: Pictures per second, instead of the times that the recording states.
        track: Which picture track of a video, counted from 1; the largest without.
        threads: Threads that decode a video; 0 chooses by its size.
        overlay: Video to draw what was seen into.
        labels: What really happened, to be drawn into it too.
        again: Whether results that are complete and of the same origin are made anew.
        whole: Whether results get into their folder only once they are complete.
    """

    drive: Drive
    folder: Path
    config: Config
    program: Mapping[str, str]
    fps: float | None = None
    track: int | None = None
    threads: int = 0
    overlay: Path | None = None
    labels: tuple[Label, ...] = ()
    again: bool = True
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a job.

    Attributes:
        drive: The drive.
        summary: What it came to; None when it could not be replayed.
        problem: Why, in one line; None when it could.
        skipped: Whether the results were there already.
    """

    drive: Drive
    summary: Summary | None
    problem: str | None = None
    skipped: bool = False

    def line(self) -> str:
        """For people."""
        if self.summary is None:
            return self.problem or f"{self.drive.name}: nothing came of it"
        return f"{self.summary.line()}{' (done before)' if self.skipped else ''}"


def attempt(job: Job, progress: Progressed | None = None, sinks: Sequence[Sink] = ()) -> Outcome:
    """Replay a drive of several: what is wrong with it is reported, and stops no other."""
    try:
        return run(job, progress, sinks)
    except (UserError, WorldError) as error:
        problem, about = str(error), str(error)
    except Exception as error:
        # a defect of ours: the others are judged all the same, and its traceback is kept
        problem, about = f"{job.drive.path}: {type(error).__name__}: {error}", traceback.format_exc()
    with suppress(OSError):
        # what went wrong stands where its results would; earlier ones there are those of another file
        job.folder.mkdir(parents=True, exist_ok=True)
        (job.folder / UNFINISHED).write_text(about.rstrip() + "\n", encoding="utf-8")
    return Outcome(job.drive, None, problem)


def run(job: Job, progress: Progressed | None = None, sinks: Sequence[Sink] = ()) -> Outcome:
    """Replay a drive, unless its results are there already.

    Raises:
        UserError: It cannot be read, or its results cannot be written.
    """
    path, config = job.drive.path, job.config
    reader: DriveReader
    if is_trace(path):
        reader = TraceReader(path)
        check_trace(path, reader.header, job.folder)
        seen = seen_in(reader.header)
    else:
        seen = seen_by(config, job.fps, job.track)
    made_by = origin(job.drive, config, job.program, seen)
    if not job.again and (summary := finished(job.folder, made_by)) is not None:
        return Outcome(job.drive, summary, skipped=True)
    if not is_trace(path):
        from dms.replay.video import VideoReader  # noqa: PLC0415  # a trace is judged without what reads pictures

        reader = VideoReader(
            path, config, name=job.drive.name, fps=job.fps, track=job.track, threads=job.threads, parts=job.drive.parts
        )
    try:
        with aside(job.folder) if job.whole else nullcontext(job.folder) as folder:
            summary = replay(reader, config, folder, job.overlay, progress, sinks, made_by=made_by, labels=job.labels)
    except OSError as error:
        problem = f"{error.filename or job.folder}: cannot be written ({error.strerror})"
        raise UserError(f"{problem}: give --out a folder that can be made and written") from error
    return Outcome(job.drive, summary)


def finished(folder: Path, made_by: Origin) -> Summary | None:
    """Return the summary of results that are complete and have this origin; None where there are none."""
    if (folder / UNFINISHED).exists() or not (folder / "events.jsonl").is_file():
        return None
    try:
        summary = Summary.from_json(json.loads((folder / "summary.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return summary if summary.made_by is not None and same(summary.made_by, made_by) else None


def replay_drives(
    drives: Sequence[Path],
    config: Config,
    out: Path,
    overlay: Path | None = None,
    sinks: Sequence[Sink] = (),
    *,
    fps: float | None = None,
    track: int | None = None,
    join: bool = False,
) -> list[Summary]:
    """Replay drives one after another in this process, each anew.

    ``dms.replay.batch.replay_batch`` does it with all cores, skips what is done, and shows how far it has come.

    Args:
        drives: Videos, traces, folders of images or of a trace's parts, or folders of those.
        config: Limits and models.
        out: Results of a single drive go here, those of several into a folder each, named after the drive; that of a
            ``trace.jsonl`` after the folder it is in, as every drive has one. Drives in a folder keep their path below
            it.
        overlay: Video to draw what was seen into; needs a single drive that has pictures.
        sinks: Told of each drive as well, after the files of the replay; ``start`` and ``stop`` once for each drive.
        fps: Pictures per second, instead of the times that the videos state.
        track: Which picture track of each video, counted from 1; the largest without.
        join: Whether each folder of videos is one drive in parts.

    Raises:
        UserError: A drive cannot be read, the results cannot be written, two drives share a name, or there can be no
            overlay.
    """
    jobs = jobs_for(find_drives(drives, out, join=join).drives, config, out, overlay, fps=fps, track=track)
    return [summary for job in jobs if (summary := run(job, sinks=sinks).summary) is not None]


def jobs_for(
    drives: Iterable[Drive],
    config: Config,
    out: Path,
    overlay: Path | None = None,
    *,
    fps: float | None = None,
    track: int | None = None,
    threads: int = 0,
    again: bool = True,
    labels: Path | None = None,
    whole: bool = False,
) -> list[Job]:
    """A job for each drive; the arguments are those of ``replay_drives`` and ``Job``, ``labels`` a table of them.

    Raises:
        UserError: There can be no overlay, there is none to draw labels into, or they cannot be read; or options for
            pictures are given and there are none.
    """
    made_with = program()
    jobs = [
        Job(drive, out / drive.place, config, made_with, fps, track, threads, overlay, again=again, whole=whole)
        for drive in drives
    ]
    if overlay is not None and (len(jobs) != 1 or is_trace(jobs[0].drive.path)):
        raise UserError("--overlay needs a single drive that has pictures")
    if overlay is not None:
        check_overlay(overlay, jobs[0].drive)
    if (fps is not None or track is not None) and jobs and all(is_trace(job.drive.path) for job in jobs):
        raise UserError("--fps and --track are for recordings with pictures: a trace has its own times")
    if labels is None:
        return jobs
    if overlay is None:
        raise UserError("--labels are drawn into the overlay: give --overlay too, or hold them against it by dms score")
    from dms.replay.label_files import read_label_table  # noqa: PLC0415  # it knows many formats

    drive = jobs[0].drive
    rows = read_label_table(labels).of_drive([drive.name, str(drive.path)])
    return [replace(jobs[0], labels=tuple(in_order(rows)))]


def replay(
    drive: DriveReader,
    config: Config,
    out: Path,
    overlay: Path | None = None,
    progress: Progressed | None = None,
    sinks: Sequence[Sink] = (),
    *,
    made_by: Origin | None = None,
    labels: Sequence[Label] = (),
) -> Summary:
    """Walk one drive down the road.

    Args:
        drive: The drive.
        config: Limits.
        out: Folder for the results; made when absent. Earlier results in it are replaced.
        overlay: Video to draw what was seen into.
        progress: Hears how far it has come.
        sinks: Told as well, after the files.
        made_by: What the results have to say of their origin.
        labels: What really happened, for the overlay.

    Raises:
        UserError: The drive turns out to be broken; what was judged before that is written.
    """
    started = time.perf_counter()
    header = drive.header
    encoder = Encoder(config.vehicle.id, header.session, stamp)
    monitor, tally = DriverMonitor(config.driver, header.baseline), Tally()
    out.mkdir(parents=True, exist_ok=True)
    # until the end the results are marked: a replay that was interrupted must not be scored beside an older summary
    unfinished = out / UNFINISHED
    unfinished.write_text("")
    film = overlay_in(out) if overlay is None else overlay.name
    (out / "summary.json").unlink(missing_ok=True)
    own: list[Sink] = [
        tally,
        EventsFile(out / "events.jsonl", encoder.topics),
        StatesFile(out, header.drive, made_by),
    ]
    if drive.has_pictures:
        # a trace walked again is there already, perhaps in this very folder
        own.append(TraceFile(out / TRACE, replace(header, made_by=_of_pictures(made_by))))
    drawn = None
    if overlay is not None:
        from dms.replay.overlay import OverlayWriter  # noqa: PLC0415  # brings OpenCV, and a trace has no pictures

        drawn = OverlayWriter(overlay, lambda: drive.landmarks, config.driver, labels)
        own.append(drawn)
    road = Road(drive.observe, monitor, encoder, [*own, *sinks], _raise)
    try:
        road.start(header.drive)
        for number, moment in enumerate(drive.moments()):
            road.step(moment)
            if progress is not None and number % _TELL_EVERY == 0:
                progress(completed=tally.duration_s, duration_s=drive.duration_s)
        road.finish("end_of_drive")
    finally:
        road.stop(_STOP_S)
    summary = tally.summary(header.drive, drive.report, drive.stage_ms(), time.perf_counter() - started)
    summary = replace(summary, made_by=_with_overlay(made_by, film))
    if drawn is not None and drawn.note is not None:
        summary = replace(summary, notes=(*summary.notes, drawn.note))
    publish(out / STATES)
    partial_summary = out / "summary.json.partial"
    partial_summary.write_text(json.dumps(summary.to_json(), indent=2) + "\n", encoding="utf-8")
    partial_summary.replace(out / "summary.json")
    unfinished.unlink()
    return summary


def _of_pictures(made_by: Origin | None) -> dict[str, Any] | None:
    """Return the origin as a trace has it: what judged is no part of it, and its folder may be anywhere."""
    if made_by is None:
        return None
    source = {name: made_by["source"][name] for name in ("name", "bytes")}
    return {**{name: value for name, value in made_by.items() if name not in {"driver", "vehicle"}}, "source": source}


def _with_overlay(made_by: Origin | None, film: str | None) -> Origin | None:
    """Return the origin with the film beside the results, also where an earlier replay drew it: it is no recording."""
    return made_by if made_by is None or film is None else {**made_by, "overlay": film}


def _raise(_sink: Sink, error: Exception) -> None:
    """Results that cannot be written end a replay: nobody is at risk, and half a result helps nobody."""
    raise error


def stamp(t: float) -> Stamp:
    """A replay does not know the time of day: its drives begin at 1970-01-01T00:00:00Z."""
    return Stamp(t, ClockQuality.UNSYNCHRONISED)
