"""Finds limits that suit labelled drives better.

Takes labelled traces and combinations of limits, gives ``Tuned``: hits against false alarms of each combination, the
one to choose, and what that choice rests on. Reads no picture.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from dms.errors import UserError, did_you_mean
from dms.replay.compare import Comparison, compare
from dms.replay.labelled import LabelledDrive
from dms.replay.points import LINE, Point, best, frontier
from dms.replay.rates import chance
from dms.replay.score import Score
from dms.replay.sweep import sweep
from dms.replay.vary import Grid, Limits

DOUBT = 0.05
"""A choice is doubted when chance does as much more often than this."""

Judged = Callable[[int, int], object]
"""Hears how many drives have been judged, each under each combination, and how many there are."""


@dataclass(frozen=True, slots=True)
class Tuned:
    """Limits that were chosen, and why.

    Attributes:
        grid: What was tried.
        points: What each combination comes to over the drives that the choice rests on.
        present: What the present limits come to.
        chosen: What the chosen ones come to.
        change: From the present limits to the chosen ones, event by event.
        held_out: The same over the drives that were held out; None when none was.
        drives: How many drives the choice rests on.
        doubts: Why not to trust the choice, a line for each reason.
    """

    grid: Grid
    points: tuple[Point, ...]
    present: Point
    chosen: Point
    change: Comparison
    held_out: Comparison | None
    drives: int
    doubts: tuple[str, ...]

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a user should know of the ranges, the labels and the choice."""
        held_out = self.held_out.warnings if self.held_out else ()
        return (*self.grid.refused, *self.change.warnings, *held_out, *self.doubts)

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {
            "drives": self.drives,
            "present": self.present.to_json(),
            "chosen": self.chosen.to_json(),
            "change": self.change.to_json(),
            "held_out": None if self.held_out is None else self.held_out.to_json(),
            "points": [point.to_json() for point in self.points],
            "warnings": list(self.warnings),
        }

    def text(self) -> str:
        """For people: the table of what is worth choosing from, what changes, and how the held-out drives fare."""
        keys = [vary.key for vary in self.grid.varied]
        ends = [key.rpartition(".")[2] for key in keys]
        names = ends if len(set(ends)) == len(ends) else keys
        width = max(len(name) for name in names)
        hours = self.present.duration_s / 3600
        lines = [
            f"{self.drives} drives, {hours:.2f} h, {len(self.points)} combinations of {', '.join(keys)}",
            "",
            f"{'':<9}{' '.join(f'{name:>{width}}' for name in names)}{LINE}",
        ]
        rows = [("present", self.present), ("chosen", self.chosen)]
        rows += [("", point) for point in frontier(self.points, self.grid) if point.limits != self.chosen.limits]
        for row, point in rows:
            values = " ".join(f"{point.limits.values[key]:>{width}g}" for key in keys)
            lines.append(f"{row:<9}{values}{point.line()}")
        if self.chosen.limits.values == self.present.limits.values:
            lines += ["", "nothing that was tried is better: the present limits stay"]
        else:
            lines += ["", "from the present limits (old) to the chosen ones (new):", self.change.text()]
        if self.held_out is not None:
            lines += ["", "the same over the drives that were held out:", self.held_out.text()]
        return "\n".join(lines)

    def toml(self) -> str:
        """Return the chosen limits as a configuration file, or as lines for one."""
        says = [
            f"chosen by dms tune from {len(self.points)} combinations over {self.drives} drives "
            f"({self.present.duration_s / 3600:.2f} h)",
            f"with them:   {self.change.new.line()}",
            f"before them: {self.change.old.line()}",
            *self.doubts,
        ]
        return "".join(f"# {line}\n" for line in says) + "\n" + self.chosen.limits.toml()


def tune(
    drives: Sequence[LabelledDrive],
    grid: Grid,
    *,
    holdout: Sequence[str] = (),
    most_an_hour: float | None = None,
    judged: Judged | None = None,
) -> Tuned:
    """Try every combination over labelled drives and choose one.

    Args:
        drives: With their traces.
        grid: What to try.
        holdout: Names of drives that the choice must not rest on, ``*`` and ``?`` for many.
        most_an_hour: False alarms an hour that are allowed; without, as many as the present limits give.
        judged: Hears how far it has come.

    Raises:
        UserError: A trace is broken, a name is of no drive, or none is left to choose by.
    """
    held, used = _held_out(drives, holdout)
    present, *points = [Point(limits) for limits in (grid.present, *grid.tried)]
    every = [present, *points]
    done = 0
    for part in sweep(used, [point.limits.driver for point in every]):
        for point, score in zip(every[part.first :], part.scores, strict=False):
            point.add(score)
        done += len(part.scores)
        if judged is not None:
            judged(done, len(every) * len(used))
    if not present.demanded:
        raise UserError("no label demands an alert: nothing can be tuned by it (docs/replay.md has what demands one)")
    chosen = best(present, points, grid, most_an_hour)
    change = _change(used, grid.present, chosen.limits)
    doubts = _doubts(chosen, grid, change, most_an_hour)
    if not held:
        doubts.append("no drive was held out (--holdout): drives that a choice rests on flatter it")
    return Tuned(
        grid,
        tuple(points),
        present,
        chosen,
        change,
        _change(held, grid.present, chosen.limits) if held else None,
        len(used),
        tuple(doubts),
    )


def _held_out(
    drives: Sequence[LabelledDrive], holdout: Sequence[str]
) -> tuple[list[LabelledDrive], list[LabelledDrive]]:
    """Return the drives that are held out, and the others."""
    for pattern in holdout:
        if not any(_is(drive, pattern) for drive in drives):
            hint = did_you_mean(pattern, [drive.name for drive in drives])
            raise UserError(f"--holdout {pattern}: there is no labelled drive of this name{hint}")
    held = [drive for drive in drives if any(_is(drive, pattern) for pattern in holdout)]
    used = [drive for drive in drives if drive not in held]
    if not drives:
        raise UserError("no labelled drive was replayed to its end: there is nothing to choose by")
    if not used:
        raise UserError("--holdout: every drive is held out: leave some to choose by")
    return held, used


def _is(drive: LabelledDrive, pattern: str) -> bool:
    return fnmatchcase(drive.name, pattern) or fnmatchcase(drive.name.rpartition("/")[2], pattern)


def _change(drives: Sequence[LabelledDrive], old: Limits, new: Limits) -> Comparison:
    scores: list[dict[str, Score]] = [{}, {}]
    for part in sweep(drives, [old.driver, new.driver]):
        for number, score in enumerate(part.scores, part.first):
            scores[number][drives[part.drive].name] = score
    names = [drive.name for drive in drives]
    return compare(*({name: side[name] for name in names} for side in scores))


def _doubts(chosen: Point, grid: Grid, change: Comparison, most_an_hour: float | None) -> list[str]:
    """Return why not to trust a choice."""
    found = []
    rate = chosen.an_hour
    if most_an_hour is not None and rate is not None and rate[0] > most_an_hour:
        found.append(f"nothing that was tried has {most_an_hour:g} false alarms an hour or fewer: this has the fewest")
    if chosen.limits.values == grid.present.values:
        return found
    events = change.better + change.worse
    often = chance(change.better, change.worse)
    if often > DOUBT:
        found.append(
            f"the choice rests on {events} {'event' if events == 1 else 'events'} ({change.better} better, "
            f"{change.worse} worse): chance does as much in {often:.0%} of cases"
        )
    for vary in grid.varied:
        value = chosen.limits.values[vary.key]
        moved = value != grid.present.values[vary.key]
        if moved and len(vary.values) > 1 and value in (vary.values[0], vary.values[-1]):
            found.append(f"{vary.key} = {value:g} lies at the end of its range: beyond it there may be better")
    return found
