"""What was measured, as plain data between the measuring and the page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True)
class Found:
    """What a system found in the labelled clips, of one kind of alarm.

    Attributes:
        found: Labels that got an alarm.
        demanded: Labels that demand one.
        delays_s: From the start of a label to its alarm, shortest first.
        false_alarms: Alarms for which there is no label.
        an_hour: Those an hour, with the ends of the 95 % interval.
    """

    found: int
    demanded: int
    delays_s: tuple[float, ...]
    false_alarms: int
    an_hour: tuple[float, float, float]

    @classmethod
    def of(cls, tally: Mapping[str, Any]) -> "Found":
        """From a kind of alert in the report of ``dms score --json``."""
        return cls(
            tally["found"],
            tally["demanded"],
            tuple(tally["delays_s"]),
            tally["false_alarms"],
            tuple(tally["an_hour"]),
        )

    def cells(self) -> list[str]:
        """Found, delay, false alarms an hour."""
        delay = f"{median(self.delays_s):.2f} ({self.delays_s[-1]:.2f})" if self.delays_s else "-"
        rate, low, high = self.an_hour
        return [f"{self.found} of {self.demanded}", delay, f"{rate:.1f} ({low:.1f} to {high:.1f})"]


@dataclass(frozen=True)
class Row:
    """What was measured of one system.

    Attributes:
        title: Its name and what it was told to do.
        versions: Of its packages.
        frame_ms: Processor time of each further frame, decoding included, milliseconds.
        start_s: Processor time before the first frame, seconds.
        peak_mb: Most memory held, MB.
        installed_mb: What its installation takes on the disk, MB.
        kinds: What it found, by the kind of alarm; a kind that it does not know is not there.
    """

    title: str
    versions: str
    frame_ms: float
    start_s: float
    peak_mb: float
    installed_mb: float
    kinds: Mapping[str, Found]


@dataclass(frozen=True)
class Budget:
    """One ratio.

    Attributes:
        measure: What over what.
        runs: How many pairs its median is of.
        ratios: By set of packages.
        goals: The most that they should be, in the same order.
    """

    measure: str
    runs: int
    ratios: Sequence[float]
    goals: Sequence[float]

    def cells(self) -> list[str]:
        """As a row of the table: each ratio, and in brackets the goal."""
        pairs = [f"{ratio:.2f} ({goal:g})" for ratio, goal in zip(self.ratios, self.goals, strict=True)]
        return [self.measure, *pairs, str(self.runs)]


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
