"""Reads what is to be reported on: runs over drives, their labels, and perhaps an older run over the same drives.

Takes files of events and folders that a replay left, gives drives with their timelines, what went wrong first.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from dms.config.driver import DriverSettings
from dms.errors import UserError
from dms.records.trace import is_trace
from dms.replay.label_files import Reading
from dms.replay.labelled import LabelledDrive, labelled_drives, replayed_drives
from dms.replay.labels import in_order
from dms.replay.raised import read_events
from dms.replay.results import TRACE, Results, unfinished
from dms.replay.score import Score
from dms.report.alerts import alert_marks, alert_spans, label_spans, scored_marks
from dms.report.timeline import FAST, SLOW, Curves, Mark, Span, Timeline, Wrong
from dms.report.walk import Walked, walk

_SURE_S = 0.01
"""Alerts of a replay and of the walk of a report are the same when they are no further apart."""


@dataclass(frozen=True, slots=True, eq=False)
class ReportDrive:
    """A drive as it is reported on.

    Attributes:
        name: As in the folder of results.
        now: The run.
        score: Its alerts against the labels, None without labels.
        old: The run that it is compared with, None without.
        old_score: The same of that run.
        summary: What ``summary.json`` says of the run.
    """

    name: str
    now: Timeline
    score: Score | None
    old: Timeline | None
    old_score: Score | None
    summary: Mapping[str, Any]

    @property
    def wrong(self) -> tuple[int, int, int, float]:
        """Sorts by what went wrong: most misses, most false alarms, most alerts, least known of the eyes."""
        kinds = [mark.kind for mark in self.now.marks]
        known = self.summary.get("eyes_known_share", self.summary.get("eyes_share", 1.0))
        return (-kinds.count(Wrong.MISSED), -kinds.count(Wrong.FALSE), -kinds.count(Wrong.ALERT), float(known))


@dataclass(frozen=True, slots=True, eq=False)
class Reported:
    """Everything that a report is about.

    Attributes:
        drives: What went wrong first.
        settings: Limits to draw: those of the first run.
        warnings: What a user should know of what was read and left out.
    """

    drives: tuple[ReportDrive, ...]
    settings: DriverSettings
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Run:
    """A replayed drive.

    Attributes:
        name: As in the folder of results.
        file: Its events.
        told: The same with its labels, None without: then nobody knows what was right.
    """

    name: str
    file: Path
    told: LabelledDrive | None

    def score(self) -> Score | None:
        """Return its alerts against the labels, None without labels."""
        return None if self.told is None else self.told.score()


def read_drives(
    results: Sequence[Path],
    labels: Sequence[Path],
    against: Sequence[Path],
    settings: DriverSettings,
    reading: Reading | None = None,
) -> Reported:
    """Read runs and labels.

    Args:
        results: Files of events, or folders of replayed drives.
        labels: Files or folders of labels, as for ``dms score``; none to report without.
        against: An older run, given like ``results``; none to report on one run.
        settings: Limits of the runs whose ``summary.json`` does not say them.
        reading: How files of labels are read; by what is in them without.

    Raises:
        UserError: There is nothing to report on, drives and labels do not fit, or a file is missing or broken.
    """
    runs, warnings = _runs(results, labels, reading)
    older, more = _runs(against, labels, reading) if against else ({}, [])
    pairs: dict[str, _Run | None] = {name: older.get(name) for name in runs}
    if len(runs) == len(older) == 1:
        pairs = dict(zip(runs, older.values(), strict=True))
    elif older and not any(pairs.values()):
        raise UserError("the two runs have no drive in common: nothing can be compared")
    warnings += [one for one in more if one not in warnings]
    if missing := [name for name, old in pairs.items() if older and old is None]:
        warnings.append(f"only in the new run: {', '.join(missing)}")
    drives = [_drive(run, pairs[name], settings) for name, run in runs.items()]
    first = next(iter(runs.values()))
    return Reported(
        tuple(sorted(drives, key=lambda drive: drive.wrong)),
        _limits(_summary(first.file), settings),
        tuple(warnings),
    )


def _runs(
    results: Sequence[Path], labels: Sequence[Path], reading: Reading | None
) -> tuple[dict[str, _Run], list[str]]:
    """Return the drives of a run by their names, and what a user should know."""
    found = {name: events for path in results for name, events in replayed_drives(path)}
    halves = [name for name, events in found.items() if unfinished(events)]
    warnings = [f"not replayed to the end, and so left out: {', '.join(halves)}"] if halves else []
    runs = {name: _Run(name, events, None) for name, events in found.items() if not unfinished(events)}
    if labels:
        told = labelled_drives(results, labels, reading=reading)
        runs |= {drive.name: _Run(drive.name, drive.file, drive) for drive in told.drives}
        warnings = told.warnings
        if told.unlabelled:
            warnings.append(f"without labels: {', '.join(told.unlabelled)}")
    if not runs:
        raise UserError("no drive was replayed to its end: there is nothing to report on")
    return runs, warnings


def _drive(run: _Run, old: _Run | None, settings: DriverSettings) -> ReportDrive:
    score = run.score()
    old_score = None if old is None else old.score()
    now = _timeline(run, score, settings, old_score)
    before = None if old is None else _timeline(old, old_score, settings)
    return ReportDrive(run.name, now, score, before, old_score, _summary(run.file))


def _timeline(run: _Run, score: Score | None, settings: DriverSettings, old_score: Score | None = None) -> Timeline:
    """Return one run, with marks of what changed since an old one where there is one."""
    summary = _summary(run.file)
    messages = read_events(run.file)
    notes = [str(note) for note in summary.get("notes", ())]
    trace = _trace(run.file, summary)
    walked = None if trace is None else walk(trace, _limits(summary, settings))
    if walked is None:
        notes.append("there is no trace beside the events: only alerts and labels are drawn")
    elif not _same_alerts(walked, messages):
        notes.append(
            "with these limits the trace gives other alerts than the replay: give the --config that it was judged by; "
            "the alerts that are drawn are the replay's"
        )
    duration_s = Results.at(run.file).duration_s or (walked.duration_s if walked else 0.0)
    duration_s = max([duration_s, *(float(message["t"]) for message in messages)])
    spans: list[Span] = [
        *label_spans(in_order(run.told.labels if run.told else ()), duration_s),
        *alert_spans(messages, duration_s),
        *(walked.spans if walked else ()),
    ]
    marks: list[Mark] = list(alert_marks(messages) if score is None else scored_marks(score, old_score))
    if score is not None:
        notes += score.warnings
    return Timeline(
        duration_s,
        walked.fast if walked else Curves.none(FAST),
        walked.slow if walked else Curves.none(SLOW),
        tuple(spans),
        tuple(sorted(marks, key=_order)),
        len({message["event_id"] for message in messages}),
        tuple(notes),
    )


def _order(mark: Mark) -> tuple[bool, float]:
    """Return a key by which what went wrong or changed comes before what was right all along."""
    return mark.kind is Wrong.FOUND and not mark.changed, mark.t


def _trace(events: Path, summary: Mapping[str, Any]) -> Path | None:
    """Return the trace that was judged: beside the events, or that which was replayed again."""
    beside = events.parent / TRACE
    if beside.is_file():
        return beside
    made_by = summary.get("made_by")
    source = made_by.get("source") if isinstance(made_by, dict) else None
    path = Path(str(source.get("path"))) if isinstance(source, dict) else None
    return path if path is not None and path.exists() and is_trace(path) else None


def _limits(summary: Mapping[str, Any], settings: DriverSettings) -> DriverSettings:
    """Return the limits that a run was judged by: as its summary says, or else those that were given."""
    made_by = summary.get("made_by")
    if isinstance(made_by, dict) and isinstance(made_by.get("driver"), dict):
        try:
            return DriverSettings.model_validate(made_by["driver"])
        except ValidationError:
            # of another version, whose limits are not these
            return settings
    return settings


def _same_alerts(walked: Walked, messages: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether a walk raises what the replay raised."""
    told = [(float(m["t"]), str(m["kind"]), str(m["phase"]), str(m["level"])) for m in messages]
    return len(told) == len(walked.raised) and all(
        one[1:] == other[1:] and abs(one[0] - other[0]) <= _SURE_S
        for one, other in zip(sorted(told), sorted(walked.raised), strict=True)
    )


def _summary(events: Path) -> Mapping[str, Any]:
    try:
        found = json.loads((events.parent / "summary.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
