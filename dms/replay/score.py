"""Scores the alerts of a drive against its labels.

Takes ``events.jsonl`` (one wire message a line, with ``t`` in seconds from the start of the drive) and a CSV of what
really happened (``start_s,end_s,event``), gives a ``Score``: hits, misses, false alarms and delays. Never judges a
driver itself.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from dms.driver.state import FatigueLevel
from dms.replay.demands import DEMANDS, unknown_names
from dms.replay.label_files import read_label_table
from dms.replay.labels import Label, LabelRow, in_order, within_drive
from dms.replay.raised import Raised, raises, read_events
from dms.replay.results import Results
from dms.wording import counted

TOLERANCE_S = 0.5
"""An alert may come this much after its label has ended: the label's own edge and a frame of a slow camera."""
_ROUNDING_S = 1e-6
"""Times of three decimals differ by this much less than they should: 4.1 - 3.1 is less than 1."""
DROWSY_WINDOW_S, DROWSY_SHARE = 60.0, 0.08
"""`drowsy` has its reason in a minute with so much labelled closure (PERCLOS advisory level of the US field test)."""


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
        """Return everything as plain data."""
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
        """Return everything as a table for people."""
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
        """Return the last line of that table."""
        rate = self.false_alarms_per_hour
        delays, false = self.delays_s, counted(len(self.false_alarms), "false alarm")
        return (
            f"{self.hits} of {len(self.outcomes)} found, {self.misses} missed, {false}"
            + (f" ({rate:.1f} an hour in {self.duration_s:.1f} s)" if rate is not None else "")
            + (
                f", delay {delays[0]:.2f} / {median(delays):.2f} / {delays[-1]:.2f} s (min / median / max)"
                if delays
                else ""
            )
        )


def score(
    events: Path | Sequence[Mapping[str, Any]], labels: Path | Sequence[LabelRow], duration_s: float | None = None
) -> Score:
    """Score one drive.

    Args:
        events: ``events.jsonl``, or its messages.
        labels: This drive's, or a table: of one that names drives only this one's rows count.
        duration_s: Length of the drive; None to take it from the ``summary.json`` beside the events, or else from
            the last event or label.

    Raises:
        UserError: A file is missing or a line of it is wrong.
    """
    rows: Sequence[LabelRow]
    if isinstance(events, Path):
        messages: Sequence[Mapping[str, Any]] = read_events(events)
        results = Results.at(events)
        rows = read_label_table(labels).of_drive(results.names) if isinstance(labels, Path) else labels
        duration_s = results.duration_s if duration_s is None else duration_s
    else:
        messages = events
        rows = read_label_table(labels).rows if isinstance(labels, Path) else labels
    outside: list[str] = []
    if duration_s is not None:
        rows, outside = within_drive(rows, duration_s)
    told = in_order(rows)
    if duration_s is None:
        duration_s = max([float(m["t"]) for m in messages] + [label.end_s for label in told], default=0.0)
    raised = raises(messages)
    return Score(
        tuple(_outcomes(raised, told)),
        tuple(_false_alarms(raised, told)),
        duration_s,
        (*outside, *unknown_names(rows)),
    )


@dataclass(frozen=True, slots=True)
class Scores:
    """What the alerts of several drives are worth, each for itself and all together.

    Attributes:
        drives: Each with the name that it is reported under.
        whole: All of them.
        warnings: What a user should know of the labels.
    """

    drives: tuple[tuple[str, Score], ...]
    whole: Score
    warnings: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain data."""
        drives = [{"events": name, **one.to_json()} for name, one in self.drives]
        return {"drives": drives, "together": self.whole.to_json()}

    def text(self) -> str:
        """Return a line for each drive, and one for all."""
        return "\n".join(f"{name}: {one.line()}" for name, one in [*self.drives, ("together", self.whole)])


def together(scores: Iterable[Score]) -> Score:
    """Return one score over several drives."""
    drives = list(scores)
    return Score(
        tuple(outcome for drive in drives for outcome in drive.outcomes),
        tuple(alarm for drive in drives for alarm in drive.false_alarms),
        math.fsum(drive.duration_s for drive in drives),
        tuple(warning for drive in drives for warning in drive.warnings),
    )


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
    """Return the share of the minute before ``t`` (or of the drive so far) with eyes labelled as closed."""
    since = max(0.0, t - DROWSY_WINDOW_S)
    closed_s, until = 0.0, since
    # in order of their starts; labels that overlap are one closure
    for label in labels:
        if label.event == "eyes_closed":
            end = min(label.end_s, t)
            closed_s += max(0.0, end - max(label.start_s, until))
            until = max(until, end)
    return closed_s / (t - since) if t > since else 0.0


def _within(raised: Raised, label: Label) -> bool:
    return label.start_s <= raised.t <= label.end_s + TOLERANCE_S
