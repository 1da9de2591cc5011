"""One row of the table of alerts: a message, or something that is none."""

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from dms.alerts.delivery.entry import Entry
from dms.alerts.messages import ALERT

ROW_VALUES = 9
"""Columns of the table: an id, what a message says, its checksum."""


def entry_of(values: Sequence[Any]) -> Entry | None:
    """Return a message of what a row holds; None when that cannot be one."""
    values = values[:7]
    try:
        texts: list[Any] = [value.decode() if isinstance(value, bytes) else value for value in values]
    except UnicodeDecodeError:
        return None
    kinds = (str, str, int, str, str, float, float)
    if len(texts) != len(kinds) or not all(isinstance(text, kind) for text, kind in zip(texts, kinds, strict=True)):
        return None
    return Entry(*texts)


def is_sound(entry: Entry) -> bool:
    """Return whether what came without a checksum is an alert as this program makes them: none may be invented."""
    try:
        message = ALERT.validate_json(entry.payload)
    except ValidationError:
        return False
    return (message.sequence, message.phase) == (entry.sequence, entry.phase) and entry.topic.endswith(
        f"/alert/{message.kind}"
    )


def called(line: Sequence[Any]) -> str:
    """Return what a report calls a row that may hold anything."""
    return f"{printable(line[1])} {line[3]}" if len(line) > 3 else "unreadable"


def printable(value: object) -> str:
    """Return a value from a damaged file, short and harmless."""
    text = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
    return "".join(letter if letter.isprintable() else "?" for letter in text)[:100]
