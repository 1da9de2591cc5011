"""Labels: what really happened in drives.

Takes rows of a table, each perhaps with the name of its drive; gives those of one drive, and what is wrong with them.
"""

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from dms.errors import UserError
from dms.replay.names import meant, some

_MS = 1000.0


@dataclass(frozen=True, slots=True)
class Label:
    """What really happened, in seconds from the start of the drive; a moment has the same start and end."""

    start_s: float
    end_s: float
    event: str


@dataclass(frozen=True, slots=True)
class LabelRow:
    """A label and where it stands.

    Attributes:
        where: As ``file:line``.
        label: What happened.
        drive: In which drive; None where the table does not say.
    """

    where: str
    label: Label
    drive: str | None = None


@dataclass(frozen=True, slots=True)
class LabelTable:
    """All labels of a file.

    Attributes:
        path: The file.
        rows: In the order of the file.
        drives: Every drive that the file names, those in which nothing happened included; empty when it names none,
            and so is of one drive.
    """

    path: Path
    rows: tuple[LabelRow, ...]
    drives: frozenset[str] = frozenset()

    @property
    def of_any(self) -> bool:
        """Whether there are rows for whichever drive it is held against."""
        return not self.drives or any(row.drive is None for row in self.rows)

    def of(self, drives: Collection[str]) -> tuple[LabelRow, ...]:
        """Return the rows of the drives of these names; a row without a drive is every drive's."""
        return tuple(row for row in self.rows if row.drive is None or row.drive in drives)

    def of_drive(self, names: Sequence[str]) -> tuple[LabelRow, ...]:
        """Return the rows of the drive that goes by these names.

        Raises:
            UserError: The table names drives, and none of them is this one.
        """
        mine = meant(self.drives, {"": names})[""]
        if not (mine or self.of_any):
            known = ", ".join(sorted({PurePath(name).stem for name in names}))
            raise UserError(f"{self.path}: no label of the drive {known}; its column drive has {some(self.drives)}")
        return self.of(mine)


def label_at(where: str, start_s: float, end_s: float, event: str) -> Label:
    """Make a label of what stands in a file.

    Raises:
        UserError: It cannot be one.
    """
    if not (math.isfinite(start_s) and math.isfinite(end_s) and 0.0 <= start_s <= end_s):
        raise UserError(
            f"{where}: an event must end after it starts, at 0 s or later; this one is {start_s:g} to {end_s:g}"
        )
    if not event:
        raise UserError(f"{where}: the event has no name")
    return Label(start_s, end_s, event)


def in_order(rows: Iterable[LabelRow]) -> list[Label]:
    """Return the labels of rows in the order of their times."""
    return sorted((row.label for row in rows), key=lambda label: (label.start_s, label.end_s))


def within_drive(rows: Sequence[LabelRow], duration_s: float) -> tuple[list[LabelRow], list[str]]:
    """Return the labels that begin within a drive of this length, and a warning for each other one.

    Raises:
        UserError: The times are milliseconds: they all fit once they are divided by a thousand, and most do not as
            they are.
    """
    outside = [row for row in rows if row.label.start_s >= duration_s]
    if (
        len(outside) * 2 > len(rows)
        and all(row.label.end_s / _MS <= duration_s for row in rows)
        and all(row.label.start_s.is_integer() and row.label.start_s >= duration_s for row in outside)
        and max(row.label.start_s for row in outside) >= 100 * duration_s
    ):
        raise UserError(
            f"{outside[0].where}: {outside[0].label.start_s:g} lies far outside the drive of {duration_s:.1f} s: "
            "these times look like milliseconds; start_s and end_s are seconds"
        )
    warnings = [
        f"{row.where}: '{row.label.event}' begins at {row.label.start_s:g} s, outside the drive of {duration_s:.1f} s: "
        "left out"
        for row in outside
    ]
    return [row for row in rows if row.label.start_s < duration_s], warnings
