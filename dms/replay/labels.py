"""Reads labels as people have them: what really happened in drives, from a table.

Takes a CSV with the columns ``start_s``, ``end_s``, ``event`` and perhaps ``drive``, as a spreadsheet of any language
writes it: commas, semicolons or tabs, decimal commas, blanks and capitals in the header, empty rows and columns,
comments. Returns labels with the line that each stands in.
"""

import csv
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dms.errors import UserError

_WANTED = ("start_s", "end_s", "event")
_SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab"}
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
        drive: In which drive, as the column ``drive`` has it; None where there is no such column or it is empty.
    """

    where: str
    label: Label
    drive: str | None = None


def read_label_rows(path: Path) -> list[LabelRow]:
    """Read a table of labels in the order of its lines.

    Raises:
        UserError: It is missing, or a row is wrong.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}): give a CSV of labels") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not a CSV of labels ({error})") from error
    numbered = [(n, line) for n, line in enumerate(lines, 1) if line.strip() and not line.lstrip().startswith("#")]
    header_n, header = numbered[0] if numbered else (1, "")
    separator = max(_SEPARATORS, key=header.count)
    try:
        names = [name.strip().lower() for name in next(csv.reader([header], delimiter=separator), [])]
        if missing := [name for name in _WANTED if name not in names]:
            raise UserError(
                f"{path}:{header_n}: no column {', '.join(missing)} (columns are separated by "
                f"{_SEPARATORS[separator]}): the first line must read start_s,end_s,event"
            )
        rows = []
        for n, line in numbered[1:]:
            values = [value.strip() for value in next(csv.reader([line], delimiter=separator, strict=True))]
            if any(values):
                rows.append(_row(dict(zip(names, values, strict=False)), f"{path}:{n}", separator))
    except csv.Error as error:
        raise UserError(f"{path}: not a CSV of labels ({error})") from error
    return rows


def _row(values: Mapping[str, str], where: str, separator: str) -> LabelRow:
    start, end = values.get("start_s", ""), values.get("end_s", "")
    try:
        start_s = _seconds(start, separator)
        # a moment has an empty end; a row without that column was cut short
        end_s = start_s if end == "" and "end_s" in values else _seconds(end, separator)
    except ValueError as error:
        raise UserError(
            f"{where}: start_s and end_s must be seconds, not {start!r} and {end!r} "
            f"(columns are separated by {_SEPARATORS[separator]})"
        ) from error
    if not (math.isfinite(start_s) and math.isfinite(end_s) and 0.0 <= start_s <= end_s):
        raise UserError(
            f"{where}: an event must end after it starts, at 0 s or later; this one is {start_s:g} to {end_s:g}"
        )
    event = values.get("event", "")
    if not event:
        raise UserError(f"{where}: the event has no name")
    return LabelRow(where, Label(start_s, end_s, event), values.get("drive") or None)


def _seconds(text: str, separator: str) -> float:
    return float(text if separator == "," else text.replace(",", "."))


def rows_of(rows: Sequence[LabelRow], names: Collection[str]) -> list[LabelRow]:
    """The rows of one drive: those whose ``drive`` is one of its names, with or without folder and suffix.

    Rows without a drive belong to every drive.

    Raises:
        UserError: Every row names a drive, and none of them is this one.
    """
    known = {Path(name).stem for name in names}
    mine = [row for row in rows if row.drive is None or Path(row.drive).stem in known]
    if rows and not mine:
        there = sorted({str(row.drive) for row in rows})
        named = ", ".join(there[:5]) + (", ..." if len(there) > 5 else "")
        file = rows[0].where.rpartition(":")[0]
        raise UserError(f"{file}: no label of the drive {', '.join(sorted(known))}; its column drive has {named}")
    return mine


def within_drive(rows: Sequence[LabelRow], duration_s: float) -> tuple[list[LabelRow], list[str]]:
    """The labels that begin within a drive of this length, and a warning for each other one.

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
