"""Alerts and labels as spans, and what a score says of them as marks.

Takes messages of ``events.jsonl``, labels and their score.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dms.driver.state import Phase
from dms.replay.compare import Change, compare
from dms.replay.labels import Label
from dms.replay.raised import raises
from dms.replay.score import FalseAlarm, Score
from dms.replay.why import why
from dms.report.timeline import Lane, Mark, Span, Wrong


def alert_spans(messages: Sequence[Mapping[str, Any]], duration_s: float) -> Iterator[Span]:
    """Yield a span for each level that each alert had.

    Args:
        messages: Of ``events.jsonl``, in the order of time.
        duration_s: Where an alert ends whose end is not among them.
    """
    alerts: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for message in messages:
        alerts[str(message["event_id"])].append(message)
    for steps in alerts.values():
        begun = steps[0]
        for step in [*steps[1:], None]:
            if step is not None and step["phase"] != Phase.END and step["level"] == begun["level"]:
                continue
            end_s = duration_s if step is None else float(step["t"])
            if begun["phase"] != Phase.END:
                level = str(begun["level"])
                yield Span(Lane.ALERTS, float(begun["t"]), end_s, _spoken(level), level, why(begun.get("evidence")))
            if step is not None:
                begun = step


def label_spans(labels: Sequence[Label], duration_s: float) -> Iterator[Span]:
    """Yield a span for each label that begins before the end of the drive."""
    for label in labels:
        if label.start_s > duration_s:
            continue
        length = f"{label.end_s - label.start_s:.1f} s" if label.end_s > label.start_s else "a moment"
        yield Span(Lane.LABELS, label.start_s, label.end_s, label.event.replace("_", " "), "label", length)


def scored_marks(score: Score, old: Score | None = None) -> Iterator[Mark]:
    """Yield a mark for each label that demands an alert, for each false alarm, and for what an old run had as one.

    Args:
        score: Of the run.
        old: Of the run that it is compared with, over the same drive.
    """
    changes = compare({"": old}, {"": score}).differences if old is not None else ()
    changed = {(one.event, one.start_s): one.change for one in changes if one.end_s is not None}
    came = {one.start_s for one in changes if one.change is Change.FALSE}
    for outcome in score.outcomes:
        label, raised = outcome.label, outcome.raised
        event = label.event.replace("_", " ")
        span = f"{label.start_s:.1f} to {label.end_s:.1f} s"
        change = changed.get((label.event, label.start_s))
        if raised is None:
            yield Mark(Wrong.MISSED, label.start_s, label.end_s, f"{event}, {span}", change)
        else:
            text = f"{event}, {span}: {_spoken(raised.level)} after {outcome.delay_s:.2f} s"
            yield Mark(Wrong.FOUND, label.start_s, label.end_s, text, change)
    for alarm in score.false_alarms:
        t = alarm.raised.t
        yield Mark(Wrong.FALSE, t, t, _alarm(alarm), Change.FALSE if t in came else None)
    for one in changes:
        if one.change is Change.GONE and one.old is not None:
            alarm = FalseAlarm(one.old, one.event)
            yield Mark(Wrong.GONE, one.start_s, one.start_s, _alarm(alarm))


def _spoken(level: str) -> str:
    return level.replace("_", " ")


def _alarm(alarm: FalseAlarm) -> str:
    during = f" during {alarm.during.replace('_', ' ')}" if alarm.during else ""
    return f"{_spoken(alarm.raised.level)} at {alarm.raised.t:.1f} s{during}"


def alert_marks(messages: Sequence[Mapping[str, Any]]) -> Iterator[Mark]:
    """A mark for each moment at which an alert said something new, where there are no labels to hold it against."""
    for raised in raises(messages):
        yield Mark(Wrong.ALERT, raised.t, raised.t, f"{_spoken(raised.level)} at {raised.t:.1f} s")
