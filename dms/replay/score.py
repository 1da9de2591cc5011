"""Scores the alerts of a drive against its labels.

Takes ``events.jsonl`` (one wire message a line, with ``t`` in seconds from the start of the drive) and a CSV of what
really happened (``start_s,end_s,event``), gives a ``Score``: hits, misses, false alarms and delays. Never judges a
driver itself.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from dms.driver.state import AlertKind, AngerLevel, FatigueLevel, Phase
from dms.errors import UserError, did_you_mean
from dms.replay.files import UNFINISHED
from dms.replay.labels import Label, LabelRow, read_label_rows, rows_of, within_drive

TOLERANCE_S = 0.5
"""An alert may come this much after its label has ended: the label's own edge and a frame of a slow camera."""
_ROUNDING_S = 1e-6
"""Times of three decimals differ by this much less than they should: 4.1 - 3.1 is less than 1."""
DROWSY_WINDOW_S, DROWSY_SHARE = 60.0, 0.08
"""`drowsy` has its reason in a minute with so much labelled closure (PERCLOS advisory level of the US field test)."""
RANKS: Mapping[str, int] = {
    **{level.value: rank for rank, level in enumerate(FatigueLevel)},
    **{level.value: rank for rank, level in enumerate(AngerLevel)},
}
AGAIN = frozenset({"closure"})
"""Causes by which an update of the same level tells of something new."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What a label asks for: an alert of this kind, when it lasts at least this long; a shorter one permits it."""

    kind: AlertKind
    at_least_s: float


DEMANDS: Mapping[str, Demand] = {
    # Euro NCAP 2026: a microsleep is a closure of a second or more
    "eyes_closed": Demand(AlertKind.FATIGUE, 1.0),
    "microsleep": Demand(AlertKind.FATIGUE, 1.0),
    "asleep": Demand(AlertKind.FATIGUE, 1.0),
    # a minute of it is what PERCLOS needs
    "drowsy": Demand(AlertKind.FATIGUE, 60.0),
    # the averages of the face and the time they must last
    "angry": Demand(AlertKind.ANGER, 5.0),
    # nobody can tell whether the lids are lowered to look down or shut: alert or not, both are right
    "lids_down_uncertain": Demand(AlertKind.FATIGUE, math.inf),
}
"""Labels that demand or permit an alert. Any other label, and no label at all, forbids alerts."""
NEUTRAL = frozenset(
    {
        "blink",
        "face_away",
        "face_missing",
        "hand_over_face",
        "hand_over_mouth",
        "happy",
        "look_down",
        "look_up",
        "mouth_open_wide",
        "sad",
        "surprise",
        "talking",
        "yawn",
    }
)
"""The usual ones of the others. Any name will do, but one that stands nowhere may be a slip of the pen."""


@dataclass(frozen=True, slots=True)
class Raised:
    """A moment at which an alert told something new: its start, a worse level, or the same again."""

    t: float
    kind: str
    level: str
    event_id: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """A label that demands an alert, and what came of it.

    Attributes:
        label: What happened.
        raised: The first alert for it, None when it was missed.
        delay_s: From the start of the label to that alert, seconds.
    """

    label: Label
    raised: Raised | None
    delay_s: float | None


@dataclass(frozen=True, slots=True)
class FalseAlarm:
    """An alert for which there is no reason; ``during`` names the label that was on, if one was."""

    raised: Raised
    during: str | None


@dataclass(frozen=True, slots=True)
class Score:
    """How well the alerts of a drive, or of several, fit its labels.

    Attributes:
        outcomes: Every label that demands an alert.
        false_alarms: Every alert without a reason.
        duration_s: Seconds of driving that were scored.
        warnings: A line for each name among the labels that is not known.
    """

    outcomes: tuple[Outcome, ...]
    false_alarms: tuple[FalseAlarm, ...]
    duration_s: float
    warnings: tuple[str, ...] = ()

    @property
    def hits(self) -> int:
        """Labels that were answered by an alert."""
        return sum(outcome.raised is not None for outcome in self.outcomes)

    @property
    def misses(self) -> int:
        """Labels that were not."""
        return len(self.outcomes) - self.hits

    @property
    def false_alarms_per_hour(self) -> float | None:
        """None when the drive has no length."""
        return len(self.false_alarms) / self.duration_s * 3600 if self.duration_s > 0 else None

    @property
    def delays_s(self) -> tuple[float, ...]:
        """Delay of every hit, shortest first."""
        return tuple(sorted(outcome.delay_s for outcome in self.outcomes if outcome.delay_s is not None))

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        delays = self.delays_s
        return {
            "demanded": len(self.outcomes),
            "hits": self.hits,
            "misses": self.misses,
            "false_alarms": len(self.false_alarms),
            "false_alarms_per_hour": self.false_alarms_per_hour,
            "duration_s": self.duration_s,
            "delay_s": {"min": delays[0], "median": median(delays), "max": delays[-1]} if delays else None,
            "labels": [asdict(outcome) for outcome in self.outcomes],
            "false": [asdict(alarm) for alarm in self.false_alarms],
            "warnings": list(self.warnings),
        }

    def text(self) -> str:
        """As a table for people."""
        lines = [f"{'label':<14}{'start':>9}{'end':>9}  {'alert':<14}{'at':>9}{'delay':>8}"]
        for outcome in self.outcomes:
            label, raised = outcome.label, outcome.raised
            lines.append(
                f"{label.event:<14}{label.start_s:>9.2f}{label.end_s:>9.2f}  "
                + ("missed" if raised is None else f"{raised.level:<14}{raised.t:>9.2f}{outcome.delay_s:>8.2f}")
            )
        for alarm in self.false_alarms:
            lines.append(
                f"{'(' + (alarm.during or 'nothing') + ')':<34}{alarm.raised.level:<14}{alarm.raised.t:>9.2f}   false"
            )
        return "\n".join([*lines, self.line()])

    def line(self) -> str:
        """As the last line of that table."""
        rate = self.false_alarms_per_hour
        delays = self.delays_s
        return (
            f"{self.hits} of {len(self.outcomes)} found, {self.misses} missed, {len(self.false_alarms)} false alarms"
            + (f" ({rate:.1f} an hour in {self.duration_s:.1f} s)" if rate is not None else "")
            + (
                f", delay {delays[0]:.2f} / {median(delays):.2f} / {delays[-1]:.2f} s (min / median / max)"
                if delays
                else ""
            )
        )


def score(events: Path | Sequence[Mapping[str, Any]], labels: Path, duration_s: float | None = None) -> Score:
    """Score one drive.

    Args:
        events: ``events.jsonl``, or its messages.
        labels: CSV with the columns ``start_s,end_s,event``, and perhaps ``drive``: then only this drive's rows count.
        duration_s: Length of the drive; None to take it from the ``summary.json`` beside the events, or else from
            the last event or label.

    Raises:
        UserError: A file is missing or a line of it is wrong.
    """
    messages = read_events(events) if isinstance(events, Path) else list(events)
    rows = read_label_rows(labels)
    outside: list[str] = []
    if isinstance(events, Path):
        if (events.parent / UNFINISHED).exists():
            raise UserError(f"{events}: its replay was interrupted or is still running: replay the drive again")
        summary = _summary(events.parent / "summary.json")
        if duration_s is None:
            duration_s = _finite(summary.get("duration_s"))
        if any(row.drive for row in rows):
            drive = summary.get("drive")
            rows = rows_of(rows, [events.absolute().parent.name, *([drive] if isinstance(drive, str) else [])])
    if duration_s is not None:
        rows, outside = within_drive(rows, duration_s)
    told = _in_order(rows)
    if duration_s is None:
        duration_s = max([float(m["t"]) for m in messages] + [label.end_s for label in told], default=0.0)
    raised = raises(messages)
    return Score(
        tuple(_outcomes(raised, told)),
        tuple(_false_alarms(raised, told)),
        duration_s,
        (*outside, *_unknown_names(rows)),
    )


def score_drives(events: Sequence[Path], labels: Sequence[Path]) -> list[Score]:
    """Score several drives, each file of events with the file of labels in the same place.

    Raises:
        UserError: There are not as many of the one as of the other, a file is missing, or a line of it is wrong.
    """
    if len(events) != len(labels):
        raise UserError(
            f"{len(events)} files of events and {len(labels)} of labels: "
            "give a --labels for each file of events, in the same order"
        )
    return [score(*pair) for pair in zip(events, labels, strict=True)]


def together(scores: Iterable[Score]) -> Score:
    """One score over several drives."""
    drives = list(scores)
    return Score(
        tuple(outcome for drive in drives for outcome in drive.outcomes),
        tuple(alarm for drive in drives for alarm in drive.false_alarms),
        math.fsum(drive.duration_s for drive in drives),
        tuple(warning for drive in drives for warning in drive.warnings),
    )


def raises(messages: Iterable[Mapping[str, Any]]) -> list[Raised]:
    """The moments at which alerts told something new: repeats, acknowledgements and ends are none."""
    found = []
    levels: dict[str, int] = {}
    for message in messages:
        event_id, level = str(message["event_id"]), str(message["level"])
        worse = RANKS.get(level, 0) > levels.get(event_id, -1)
        levels[event_id] = max(RANKS.get(level, 0), levels.get(event_id, -1))
        evidence = message.get("evidence") or {}
        cause = evidence.get("cause")
        # eyes that do not come back after an alert are its consequence, not a new event
        new = message["phase"] == Phase.START or (
            message["phase"] == Phase.UPDATE and (cause in AGAIN or (worse and cause != "no_return"))
        )
        if new:
            found.append(Raised(float(message["t"]), str(message["kind"]), level, event_id))
    return found


def _outcomes(raised: Sequence[Raised], labels: Sequence[Label]) -> Iterable[Outcome]:
    for label in labels:
        demand = DEMANDS.get(label.event)
        if demand is None or label.end_s - label.start_s < demand.at_least_s - _ROUNDING_S:
            continue
        answers = (r for r in raised if r.kind == demand.kind and _within(r, label))
        first = min(answers, key=lambda r: r.t, default=None)
        yield Outcome(label, first, None if first is None else round(first.t - label.start_s, 3))


def _false_alarms(raised: Sequence[Raised], labels: Sequence[Label]) -> Iterable[FalseAlarm]:
    for alarm in raised:
        on = [label for label in labels if _within(alarm, label)]
        if any(label.event in DEMANDS and DEMANDS[label.event].kind == alarm.kind for label in on):
            continue
        if alarm.level == FatigueLevel.DROWSY and _closed_share(alarm.t, labels) >= DROWSY_SHARE:
            continue
        yield FalseAlarm(alarm, on[0].event if on else None)


def _closed_share(t: float, labels: Sequence[Label]) -> float:
    """Share of the minute before ``t`` (or of the drive so far) with eyes labelled as closed."""
    since = max(0.0, t - DROWSY_WINDOW_S)
    closed_s = sum(
        max(0.0, min(label.end_s, t) - max(label.start_s, since)) for label in labels if label.event == "eyes_closed"
    )
    return closed_s / (t - since) if t > since else 0.0


def _within(raised: Raised, label: Label) -> bool:
    return label.start_s <= raised.t <= label.end_s + TOLERANCE_S


def read_labels(path: Path) -> list[Label]:
    """Read a CSV of labels.

    Raises:
        UserError: It is missing, or a row is wrong.
    """
    return _in_order(read_label_rows(path))


def _in_order(rows: Iterable[LabelRow]) -> list[Label]:
    return sorted((row.label for row in rows), key=lambda label: (label.start_s, label.end_s))


def _unknown_names(rows: Iterable[LabelRow]) -> Iterable[str]:
    """A warning for the first row with each name that is not known."""
    known = sorted({*DEMANDS, *NEUTRAL})
    told = set(known)
    for where, label in ((row.where, row.label) for row in rows):
        if label.event not in told:
            told.add(label.event)
            hint = did_you_mean(label.event.lower(), known)
            yield f"{where}: '{label.event}' is no known event{hint}: it demands and permits no alert"


def read_events(path: Path) -> list[dict[str, Any]]:
    """Read the alerts of ``events.jsonl``; messages that are no alerts are left out.

    Raises:
        UserError: It is missing, or a line is wrong.
    """
    found = []
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                if line.strip() and (message := _event(line, f"{path}:{number}")) is not None:
                    found.append(message)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}): make it with dms replay") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not a file of events ({error})") from error
    return sorted(found, key=lambda message: float(message["t"]))


def _event(line: str, where: str) -> dict[str, Any] | None:
    try:
        message = json.loads(line)
    except ValueError as error:
        raise UserError(f"{where}: not JSON ({error}): make the file again with dms replay") from error
    if not isinstance(message, dict):
        raise UserError(f"{where}: not a message: make the file again with dms replay")
    if "trace_version" in message:
        raise UserError(f"{where}: a trace, not events: score the events.jsonl that dms replay makes of it")
    alert = ("kind", "phase", "level", "event_id")
    if not any(name in message for name in alert):
        return None
    missing = [name for name in ("t", *alert) if name not in message]
    if missing:
        raise UserError(f"{where}: the message has no {', '.join(missing)}: make the file again with dms replay")
    t = message["t"]
    if isinstance(t, bool) or not isinstance(t, int | float) or not math.isfinite(t):
        raise UserError(f"{where}: t must be seconds from the start of the drive, not {t!r}")
    if not isinstance(message.get("evidence", {}), dict | None):
        raise UserError(f"{where}: the evidence must be a table of numbers")
    return message


def _summary(path: Path) -> dict[str, Any]:
    """The summary of a drive's replay, empty without one."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _finite(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None
