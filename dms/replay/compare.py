"""Tells what changed between two runs over the same labelled drives, event by event.

Takes the scores of both, gives a ``Comparison``: what is found or missed now, which false alarms came and went, which
alerts come sooner or later. Never judges a driver itself.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from dms.errors import UserError
from dms.replay.names import some
from dms.replay.raised import Raised
from dms.replay.rates import chance, per_hour
from dms.replay.score import FalseAlarm, Outcome, Score, together

SAME_S = 2.0
"""False alarms of one kind no further apart than this are the same one: about as far as other limits move an alert."""


class Change(StrEnum):
    """What is different now."""

    FOUND = "found now"
    MISSED = "missed now"
    FALSE = "false now"
    GONE = "no longer false"
    SOONER = "sooner"
    LATER = "later"


_BETTER, _WORSE = (Change.FOUND, Change.GONE), (Change.MISSED, Change.FALSE)


@dataclass(frozen=True, slots=True)
class Difference:
    """One event that came out otherwise.

    Attributes:
        drive: Its drive.
        change: What is different.
        event: The label that was on, None for a false alarm during none.
        start_s: When the label or the false alarm begins, seconds.
        end_s: When the label ends, seconds; None for a false alarm.
        old: The alert for it then, None without one.
        new: The alert for it now, None without one.
    """

    drive: str
    change: Change
    event: str | None
    start_s: float
    end_s: float | None
    old: Raised | None
    new: Raised | None

    def line(self) -> str:
        """For people."""
        span = f"{self.start_s:.2f}" + (f" to {self.end_s:.2f}" if self.end_s is not None else "")
        if self.change in (Change.FALSE, Change.GONE):
            alarm = self.new or self.old
            assert alarm is not None
            what = alarm.level + (f" during {self.event}" if self.event else "")
        else:
            delays = [
                "missed" if one is None else f"{one.level} after {one.t - self.start_s:.2f} s"
                for one in (self.old, self.new)
            ]
            what = f"{self.event}: {' -> '.join(delays)}"
        return f"{self.change:<16}{self.drive} at {span} s: {what}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs over the same drives.

    Attributes:
        old: All drives that both have, then.
        new: The same drives now.
        differences: In the order of ``Change``, then of drives and times.
        only_old: Drives that only the old run has; they are not compared.
        only_new: Drives that only the new run has.
    """

    old: Score
    new: Score
    differences: tuple[Difference, ...]
    only_old: tuple[str, ...] = ()
    only_new: tuple[str, ...] = ()

    def count(self, *changes: Change) -> int:
        """Return how many events changed so."""
        return sum(one.change in changes for one in self.differences)

    @property
    def better(self) -> int:
        """Events that are found, and false alarms that are gone."""
        return self.count(*_BETTER)

    @property
    def worse(self) -> int:
        """Events that are missed, and false alarms that are new."""
        return self.count(*_WORSE)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a user should know of the labels and of what was left out."""
        found = list(dict.fromkeys((*self.old.warnings, *self.new.warnings)))
        for names, whose in ((self.only_old, "old"), (self.only_new, "new")):
            if names:
                found.append(f"only in the {whose} run, and so not compared: {some(names)}")
        return tuple(found)

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {
            "old": _numbers(self.old),
            "new": _numbers(self.new),
            "changes": {change.value: self.count(change) for change in Change},
            "chance": chance(self.better, self.worse),
            "differences": [asdict(one) for one in self.differences],
            "only_old": list(self.only_old),
            "only_new": list(self.only_new),
            "warnings": list(self.warnings),
        }

    def text(self) -> str:
        """For people: both runs, what changed, and how much that says."""
        lines = [f"{'':<5}{'found':>12}{'false':>7}{'an hour (95 %)':>24}"]
        for name, score in (("old", self.old), ("new", self.new)):
            rate = per_hour(len(score.false_alarms), score.duration_s) if score.duration_s > 0 else None
            shown = "-" if rate is None else "{:.1f} ({:.1f} to {:.1f})".format(*rate)
            found = f"{score.hits} of {len(score.outcomes)}"
            lines.append(f"{name:<5}{found:>12}{len(score.false_alarms):>7}{shown:>24}")
        lines += ["", *(one.line() for one in self.differences)]
        if not self.differences:
            lines.append("nothing changed")
        elif self.better or self.worse:
            lines.append(
                f"better in {self.better}, worse in {self.worse}: where both are as likely, chance does as much in "
                f"{chance(self.better, self.worse):.0%} of cases"
            )
        return "\n".join(lines)


def _numbers(score: Score) -> dict[str, Any]:
    return {
        "demanded": len(score.outcomes),
        "hits": score.hits,
        "false_alarms": len(score.false_alarms),
        "duration_s": score.duration_s,
        "false_alarms_an_hour": per_hour(len(score.false_alarms), score.duration_s) if score.duration_s > 0 else None,
    }


def compare(old: Mapping[str, Score], new: Mapping[str, Score]) -> Comparison:
    """Compare two runs.

    Args:
        old: Score of each drive then, by its name.
        new: The same now.

    Raises:
        UserError: They have no drive in common.
    """
    both = [name for name in new if name in old]
    if not both:
        raise UserError("the two runs have no drive in common: nothing can be compared")
    order = list(Change)
    found = [one for name in both for one in _differences(name, old[name], new[name])]
    return Comparison(
        together(old[name] for name in both),
        together(new[name] for name in both),
        tuple(sorted(found, key=lambda one: order.index(one.change))),
        tuple(name for name in old if name not in new),
        tuple(name for name in new if name not in old),
    )


def _differences(drive: str, old: Score, new: Score) -> Iterator[Difference]:
    before = {outcome.label: outcome for outcome in old.outcomes}
    for outcome in new.outcomes:
        change = _change(before[outcome.label], outcome) if outcome.label in before else None
        if change is not None:
            label = outcome.label
            was = before[label].raised
            yield Difference(drive, change, label.event, label.start_s, label.end_s, was, outcome.raised)
    gone, came = _apart(old.false_alarms, new.false_alarms)
    for alarm in gone:
        yield Difference(drive, Change.GONE, alarm.during, alarm.raised.t, None, alarm.raised, None)
    for alarm in came:
        yield Difference(drive, Change.FALSE, alarm.during, alarm.raised.t, None, None, alarm.raised)


def _change(old: Outcome, new: Outcome) -> Change | None:
    if old.delay_s == new.delay_s:
        return None
    if old.delay_s is None:
        return Change.FOUND
    if new.delay_s is None:
        return Change.MISSED
    return Change.SOONER if new.delay_s < old.delay_s else Change.LATER


def _apart(old: Sequence[FalseAlarm], new: Iterable[FalseAlarm]) -> tuple[list[FalseAlarm], list[FalseAlarm]]:
    """Return the false alarms of either run that have no partner in the other."""
    left, came = list(old), []
    for alarm in new:
        near = [one for one in left if one.raised.kind == alarm.raised.kind and abs(_apart_s(one, alarm)) <= SAME_S]
        if near:
            left.remove(min(near, key=lambda one: abs(_apart_s(one, alarm))))
        else:
            came.append(alarm)
    return left, came


def _apart_s(one: FalseAlarm, other: FalseAlarm) -> float:
    return one.raised.t - other.raised.t
