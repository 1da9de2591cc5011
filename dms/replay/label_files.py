"""Reads labels as people have them, from a table.

Takes a CSV with the columns ``start_s``, ``end_s``, ``event`` and perhaps ``drive``, as a spreadsheet of any language
writes it: commas, semicolons or tabs, decimal commas, blanks and capitals in the header, empty rows and columns,
comments. Gives a ``LabelTable`` whose rows know the line that each stands in.
"""

import csv
import math
from collections.abc import Iterator, Mapping
from pathlib import Path

from dms.errors import UserError
from dms.replay.labels import Label, LabelRow, LabelTable, in_order

_WANTED = ("start_s", "end_s", "event")
_SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab"}


def read_labels(path: Path) -> list[Label]:
    """Read a table of labels in the order of their times.

    Raises:
        UserError: It is missing, or a row is wrong.
    """
    return in_order(read_label_table(path).rows)


def read_label_table(path: Path) -> LabelTable:
    """Read a table of labels.

    A row of a ``drive`` and nothing else says that the drive was looked at and nothing happened in it.

    Raises:
        UserError: It is missing, or a row is wrong.
    """
    rows: list[LabelRow] = []
    drives: set[str] = set()
    for where, values, separator in _lines(path, _text(path)):
        drive = values.get("drive") or None
        if drive is not None:
            drives.add(drive)
            if not any(value for name, value in values.items() if name != "drive"):
                continue
        rows.append(LabelRow(where, _label(values, where, separator), drive))
    return LabelTable(path, tuple(rows), frozenset(drives))


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}): give a CSV of labels") from error
    try:
        # "Unicode text" of a spreadsheet
        return data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not a CSV of labels ({error})") from error


def _lines(path: Path, text: str) -> Iterator[tuple[str, dict[str, str], str]]:
    """Each row that is not empty: where it begins, its values by column, and the separator."""
    lines = ["" if line.lstrip().startswith("#") else line for line in text.splitlines()]
    header_n = next((n for n, line in enumerate(lines) if line.strip()), 0)
    separator = max(_SEPARATORS, key=lines[header_n].count) if lines else ","
    # a cell may hold line breaks: a row begins on the line after the one before it
    rows = csv.reader((line + "\n" for line in lines), delimiter=separator, strict=True)
    names: list[str] | None = None
    while True:
        where = f"{path}:{rows.line_num + 1}"
        try:
            values = [value.strip() for value in next(rows)]
        except StopIteration:
            break
        except csv.Error as error:
            raise UserError(
                f"{where}: not a CSV of labels ({error}; columns are separated by {_SEPARATORS[separator]})"
            ) from error
        if not any(values):
            continue
        if names is not None:
            yield where, dict(zip(names, values, strict=False)), separator
            continue
        names = [name.lower() for name in values]
        _check(names, where, separator)
    if names is None:
        _check([], f"{path}:1", separator)


def _check(names: list[str], where: str, separator: str) -> None:
    if missing := [name for name in _WANTED if name not in names]:
        raise UserError(
            f"{where}: no column {', '.join(missing)} (columns are separated by {_SEPARATORS[separator]}): "
            "the first line must read start_s,end_s,event"
        )


def _label(values: Mapping[str, str], where: str, separator: str) -> Label:
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
    return Label(start_s, end_s, event)


def _seconds(text: str, separator: str) -> float:
    return float(text if separator == "," else text.replace(",", "."))
