"""What limits come to over labelled drives, and which of them are best.

Takes scores, gives points of hits against false alarms, each with its exact interval.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from dms.replay.rates import per_hour, share
from dms.replay.score import Score
from dms.replay.vary import Grid, Limits


@dataclass(slots=True)
class Point:
    """What limits come to over all drives that were added.

    Attributes:
        limits: The limits.
        demanded: Labels that demand an alert.
        hits: Those that got one.
        false_alarms: Alerts without a reason.
        duration_s: Seconds of driving.
        delays_s: Seconds from the start of each label that was hit to its alert.
    """

    limits: Limits
    demanded: int = 0
    hits: int = 0
    false_alarms: int = 0
    duration_s: float = 0.0
    delays_s: list[float] = field(default_factory=list)

    def add(self, score: Score) -> None:
        """Count another drive."""
        self.demanded += len(score.outcomes)
        self.hits += score.hits
        self.false_alarms += len(score.false_alarms)
        self.duration_s += score.duration_s
        self.delays_s += score.delays_s

    @property
    def found(self) -> tuple[float, float, float] | None:
        """Share of the demanded alerts, with the ends of its 95 % interval; None when none was demanded."""
        return share(self.hits, self.demanded) if self.demanded else None

    @property
    def an_hour(self) -> tuple[float, float, float] | None:
        """False alarms an hour, with the ends of the 95 % interval; None without any driving."""
        return per_hour(self.false_alarms, self.duration_s) if self.duration_s > 0 else None

    @property
    def delay_s(self) -> float | None:
        """Median delay, None without hits."""
        return median(self.delays_s) if self.delays_s else None

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {
            "limits": dict(self.limits.values),
            "demanded": self.demanded,
            "hits": self.hits,
            "found": self.found,
            "false_alarms": self.false_alarms,
            "an_hour": self.an_hour,
            "delay_s": self.delay_s,
            "duration_s": round(self.duration_s, 3),
        }

    def line(self) -> str:
        """For people, without the limits."""
        found, rate, delay_s = self.found, self.an_hour, self.delay_s
        share_ = "-" if found is None else f"{found[1]:.0%} to {found[2]:.0%}"
        hourly = "-" if rate is None else "{:.1f} ({:.1f} to {:.1f})".format(*rate)
        delay = "-" if delay_s is None else f"{delay_s:.2f}"
        return f"{f'{self.hits} of {self.demanded}':>10}{share_:>16}{self.false_alarms:>7}{hourly:>24}{delay:>9}"


LINE = f"{'found':>10}{'(95 %)':>16}{'false':>7}{'an hour (95 %)':>24}{'delay s':>9}"
"""Stands above such lines."""


def best(present: Point, points: Iterable[Point], grid: Grid, most_an_hour: float | None) -> Point:
    """Return the limits to choose.

    Of those that give no more false alarms than are allowed, those that find most; of these, those with the fewest
    false alarms; of these, those nearest to the present ones, counted in steps: no more is changed than the labels ask
    for. Where none is good enough, those with the fewest false alarms.

    Args:
        present: What the present limits come to.
        points: What others come to, over the same drives.
        grid: What was tried.
        most_an_hour: False alarms an hour that are allowed; without, those of the present limits.
    """
    most = present.false_alarms if most_an_hour is None else most_an_hour * present.duration_s / 3600
    every = [present, *points]
    allowed = [point for point in every if point.false_alarms <= most]
    if not allowed:
        fewest = min(point.false_alarms for point in every)
        allowed = [point for point in every if point.false_alarms == fewest]
    return min(allowed, key=lambda point: (-point.hits, point.false_alarms, _steps(point.limits, grid)))


def _steps(limits: Limits, grid: Grid) -> float:
    """Return how many steps of their ranges lie between limits and the present ones."""
    total = 0.0
    for vary in grid.varied:
        step = vary.values[1] - vary.values[0] if len(vary.values) > 1 else 1.0
        total += abs(limits.values[vary.key] - grid.present.values[vary.key]) / step
    return round(total, 6)


def frontier(points: Sequence[Point], grid: Grid) -> list[Point]:
    """Return the points that no other beats in both hits and false alarms, from the fewest false alarms on.

    Of several that come to the same, the one nearest to the present limits.
    """
    found: list[Point] = []
    for point in sorted(points, key=lambda one: (one.false_alarms, -one.hits, _steps(one.limits, grid))):
        if not found or point.hits > found[-1].hits:
            found.append(point)
    return found
